package offlinescan

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"sluice/wsus/update"
	"sluice/wsus/xmllimit"
)

// catalogReader fills a catalog from package.xml. Elements are told by their local
// names, with or without the namespace of OfflineSync; unknown ones are passed over.
type catalogReader struct {
	c         *Catalog
	lim       CatalogLimits
	ids       map[update.ID]uint32
	digests   map[update.Digest]uint32
	languages map[string]uint16
	file      uint32 // the EULA file that is open, an index into digests
}

// readCatalog reads package.xml as a stream.
func readCatalog(r io.Reader, lim CatalogLimits) (*Catalog, error) {
	cr := &catalogReader{
		c: &Catalog{}, lim: lim, ids: make(map[update.ID]uint32),
		digests: make(map[update.Digest]uint32), languages: make(map[string]uint16),
	}
	x := newTagReader(r)
	for {
		path, t, err := x.next()
		if err == nil {
			err = cr.element(path, &t)
		}
		if err == io.EOF {
			if err = cr.c.index(); err == nil {
				return cr.c, nil
			}
		}
		if err != nil {
			return nil, fmt.Errorf("package.xml: %w", err)
		}
	}
}

// element reads a start tag. All that is of interest hangs on it and its parents.
func (cr *catalogReader) element(path []string, t *xmllimit.Token) error {
	depth := len(path)
	name := path[depth-1]
	switch {
	case depth == 1 && name != "OfflineSyncPackage":
		return fmt.Errorf("the root is %.40q, not OfflineSyncPackage", name)
	case depth == 3 && path[1] == "Updates" && name == "Update":
		return cr.update(t)
	case depth == 3 && path[1] == "FileLocations" && name == "FileLocation":
		return cr.location(t)
	case depth < 5 || path[1] != "Updates" || path[2] != "Update":
		return nil
	}
	switch section := path[3]; {
	case section == "Categories" && name == "Category" && depth == 5:
		kind, ok := categoryKinds[attribute(t, "Type")]
		if !ok {
			kind = otherCategory
		}
		return cr.id(kind, name, t)
	case section == "Prerequisites" && name == "UpdateId":
		return cr.id(prerequisite, name, t)
	case section == "PayloadFiles" && name == "File" && depth == 5:
		d, err := cr.digest(name, t)
		if err != nil {
			return err
		}
		return cr.link(link{kind: payload, value: d})
	case section == "EulaFiles" && name == "File" && depth == 5:
		d, err := cr.digest(name, t)
		cr.file = d
		return err
	case section == "EulaFiles" && name == "Language" && depth == 6:
		n, err := cr.language(attribute(t, "Name"))
		if err != nil {
			return err
		}
		return cr.link(link{kind: eula, language: n, value: cr.file})
	case section == "BundledBy" && name == "Revision" && depth == 5:
		return cr.revision(bundledBy, t)
	case section == "SupersededBy" && name == "Revision" && depth == 5:
		return cr.revision(supersededBy, t)
	}
	return nil
}

func (cr *catalogReader) update(t *xmllimit.Token) error {
	c := cr.c
	raw, _ := t.Attr("UpdateId")
	id, err := update.ParseIDBytes(raw)
	if err != nil {
		return fmt.Errorf("attribute UpdateId of an Update: %w", err)
	}
	number, err := strconv.ParseInt(attribute(t, "RevisionNumber"), 10, 32)
	if err != nil || number < 0 {
		return fmt.Errorf("attribute RevisionNumber of Update %v is not a number in range", id)
	}
	revision, err := parseRevision(attribute(t, "RevisionId"))
	if err != nil {
		return fmt.Errorf("attribute RevisionId of Update %v: %w", id, err)
	}
	language, err := cr.language(attribute(t, "DefaultLanguage"))
	switch {
	case err != nil:
		return err
	case len(c.entries) == cr.lim.Updates:
		return fmt.Errorf("more than %d updates", cr.lim.Updates)
	}
	at := uint32(len(c.links))
	e := entry{
		identity: update.Identity{ID: id, Number: int32(number)},
		revision: revision, language: language, from: at, to: at,
	}
	// A date that cannot be read is not worth refusing the medium for.
	if at, err := time.Parse(time.RFC3339, attribute(t, "CreationDate")); err == nil {
		e.created = at.Unix()
	}
	switch attribute(t, "DeploymentAction") {
	case "Evaluate":
		e.action = Evaluate
	case "Bundle":
		e.action = Bundle
	}
	if attribute(t, "IsLeaf") == "true" {
		e.flags |= flagLeaf
	}
	if attribute(t, "IsBundle") == "true" {
		e.flags |= flagBundle
	}
	if attribute(t, "IsSoftware") == "false" {
		e.flags |= flagNoSoftware
	}
	c.entries = append(c.entries, e)
	return nil
}

// link adds to the Update that is open, which is the last.
func (cr *catalogReader) link(l link) error {
	c := cr.c
	if len(c.links) == cr.lim.Links {
		return fmt.Errorf("more than %d categories, prerequisites, files and relations", cr.lim.Links)
	}
	c.links = append(c.links, l)
	c.entries[len(c.entries)-1].to = uint32(len(c.links))
	return nil
}

func (cr *catalogReader) id(kind linkKind, element string, t *xmllimit.Token) error {
	raw, _ := t.Attr("Id")
	id, err := update.ParseIDBytes(raw)
	if err != nil {
		return fmt.Errorf("attribute Id of a %s: %w", element, err)
	}
	n, ok := cr.ids[id]
	if !ok {
		n = uint32(len(cr.c.ids))
		cr.ids[id] = n
		cr.c.ids = append(cr.c.ids, id)
	}
	return cr.link(link{kind: kind, value: n})
}

func (cr *catalogReader) revision(kind linkKind, t *xmllimit.Token) error {
	n, err := parseRevision(attribute(t, "Id"))
	if err != nil {
		return fmt.Errorf("attribute Id of a Revision: %w", err)
	}
	return cr.link(link{kind: kind, value: n})
}

// digest returns the number of the file that an element names.
func (cr *catalogReader) digest(element string, t *xmllimit.Token) (uint32, error) {
	d, err := update.ParseDigest(attribute(t, "Id"))
	if err != nil {
		return 0, fmt.Errorf("attribute Id of a %s: %w", element, err)
	}
	n, ok := cr.digests[d]
	if ok {
		return n, nil
	}
	if len(cr.c.digests) == cr.lim.Files {
		return 0, fmt.Errorf("more than %d files", cr.lim.Files)
	}
	n = uint32(len(cr.c.digests))
	cr.digests[d] = n
	cr.c.digests = append(cr.c.digests, d)
	cr.c.places = append(cr.c.places, place{})
	return n, nil
}

// location reads a FileLocation.
func (cr *catalogReader) location(t *xmllimit.Token) error {
	n, err := cr.digest("FileLocation", t)
	if err != nil {
		return err
	}
	c, url := cr.c, attribute(t, "Url")
	switch {
	case len(url) > longestURL:
		return fmt.Errorf("attribute Url of FileLocation %v is longer than %d bytes", c.digests[n], longestURL)
	case len(c.text)+len(url) > cr.lim.Text:
		return fmt.Errorf("more than %d bytes of locations", cr.lim.Text)
	}
	from := len(c.text)
	c.text = append(c.text, url...)
	c.places[n] = place{uint32(from), uint32(len(c.text)), attribute(t, "IsIncluded") == "true"}
	return nil
}

func (cr *catalogReader) language(name string) (uint16, error) {
	if n, ok := cr.languages[name]; ok {
		return n, nil
	}
	switch {
	case len(name) > longestLanguage:
		return 0, fmt.Errorf("a language is longer than %d bytes", longestLanguage)
	case len(cr.c.languages) == maxLanguages:
		return 0, fmt.Errorf("more than %d languages", maxLanguages)
	}
	n := uint16(len(cr.c.languages))
	cr.languages[name] = n
	cr.c.languages = append(cr.c.languages, name)
	return n, nil
}

// index sorts the entries, which may be in any order. One RevisionId for two of
// them would leave open whose the fragments are.
func (c *Catalog) index() error {
	if len(c.entries) == 0 {
		return errors.New("it lists no updates")
	}
	slices.SortFunc(c.entries, func(a, b entry) int { return cmp.Compare(a.revision, b.revision) })
	c.byID = make([]int32, len(c.entries))
	for i := range c.entries {
		c.byID[i] = int32(i)
		if i > 0 && c.entries[i-1].revision == c.entries[i].revision {
			return fmt.Errorf("RevisionId %d is given to two updates", c.entries[i].revision)
		}
	}
	slices.SortStableFunc(c.byID, func(a, b int32) int {
		return compareIDs(c.entries[a].identity.ID, c.entries[b].identity.ID)
	})
	return nil
}
