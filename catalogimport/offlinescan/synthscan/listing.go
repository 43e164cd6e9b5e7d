package synthscan

import (
	"fmt"
	"strings"

	"sluice/wsus/update"
)

// listing is a package.xml in the making.
type listing struct {
	updates   strings.Builder
	locations strings.Builder
	located   map[update.Digest]bool
	types     map[update.ID]update.CategoryType
	bundledBy map[update.Identity][]uint32
	newer     map[update.ID][]uint32
}

// newListing looks ahead for what the entries of a catalog say about each other.
func newListing(c Shape) *listing {
	l := &listing{
		located: make(map[update.Digest]bool), types: make(map[update.ID]update.CategoryType),
		bundledBy: make(map[update.Identity][]uint32), newer: make(map[update.ID][]uint32),
	}
	for i := range c.Len {
		rev := c.Revision(i)
		if rev.Type == update.Category {
			l.types[rev.ID] = rev.Category
		}
		for _, group := range rev.Bundles {
			for _, member := range group {
				l.bundledBy[member] = append(l.bundledBy[member], RevisionID(i))
			}
		}
		for _, id := range rev.Supersedes {
			l.newer[id] = append(l.newer[id], RevisionID(i))
		}
	}
	return l
}

// add writes the entry of the i-th revision.
func (l *listing) add(i int, rev *update.Revision) {
	b := &l.updates
	fmt.Fprintf(b, `<Update CreationDate="%s" DefaultLanguage="en" UpdateId="%v" RevisionNumber="%d" RevisionId="%d"`,
		rev.Created.Format("2006-01-02T15:04:05Z"), rev.ID, rev.Number, RevisionID(i))
	parents := l.bundledBy[rev.Identity]
	switch {
	case rev.Type == update.Category || rev.Type == update.Detectoid:
		b.WriteString(` DeploymentAction="Evaluate"`)
	case len(parents) > 0:
		b.WriteString(` DeploymentAction="Bundle"`)
	}
	if len(rev.Bundles) > 0 {
		b.WriteString(` IsBundle="true"`)
	}
	b.WriteString(` IsLeaf="true">`)
	var categories, prerequisites, payload, texts strings.Builder
	for _, clause := range rev.Prerequisites {
		for _, id := range clause.Any {
			fmt.Fprintf(&prerequisites, `<UpdateId Id="%v" />`, id)
			if t := l.types[id]; clause.IsCategory && t != "" {
				fmt.Fprintf(&categories, `<Category Type="%s" Id="%v" />`, t, id)
			}
		}
	}
	for _, f := range rev.Files {
		if f.Language != "" {
			fmt.Fprintf(&texts, `<File Id="%s"><Language Name="%s" /></File>`, f.Digest.Base64(), f.Language)
		} else {
			fmt.Fprintf(&payload, `<File Id="%s" />`, f.Digest.Base64())
		}
		l.locate(f)
	}
	section(b, "EulaFiles", texts.String())
	section(b, "Categories", categories.String())
	section(b, "Prerequisites", prerequisites.String())
	section(b, "PayloadFiles", payload.String())
	section(b, "BundledBy", revisions(parents))
	section(b, "SupersededBy", revisions(l.newer[rev.ID]))
	b.WriteString(`</Update>`)
}

func (l *listing) locate(f update.File) {
	if l.located[f.Digest] {
		return
	}
	l.located[f.Digest] = true
	if f.Language != "" {
		fmt.Fprintf(&l.locations, `<FileLocation Id="%s" Url="http://updates.example/eula.txt" IsIncluded="true" />`, f.Digest.Base64())
		return
	}
	fmt.Fprintf(&l.locations, `<FileLocation Id="%s" Url="http://updates.example/d/msdownload/%s" />`, f.Digest.Base64(), f.Name)
}

func revisions(ids []uint32) string {
	var b strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&b, `<Revision Id="%d" />`, id)
	}
	return b.String()
}

func section(b *strings.Builder, name, content string) {
	if content != "" {
		fmt.Fprintf(b, "<%s>%s</%s>", name, content, name)
	}
}

func (l *listing) xml() string {
	return "\ufeff" + `<?xml version="1.0" encoding="utf-8"?><OfflineSyncPackage ProtocolVersion="2.0" PackageVersion="1.0" xmlns="http://schemas.microsoft.com/msus/2004/02/OfflineSync"><Updates>` +
		l.updates.String() + `</Updates><FileLocations>` + l.locations.String() + `</FileLocations></OfflineSyncPackage>`
}
