package synthscan

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"sluice/catalogimport/cabinet/cabwrite"
	"sluice/wsus/metadata"
	"sluice/wsus/update"
)

// Shape says what scan file Write makes.
type Shape struct {
	Len      int                           // revisions
	Revision func(i int) *update.Revision  // what the document of the i-th tells
	Document func(i int) []byte            // its document
	Text     func(f update.File) io.Reader // the text of a license that a document names
	Shards   int                           // at least 1
	Inner    cabwrite.Method
	Outer    cabwrite.Method
}

// firstRevision and revisionStep make RevisionIds that do not follow closely.
const (
	firstRevision = 1000
	revisionStep  = 3
)

// RevisionID returns the RevisionId of the i-th revision of the catalog.
func RevisionID(i int) uint32 { return uint32(firstRevision + revisionStep*i) }

// Write writes the scan file of a catalog, with the texts of its
// licenses and without its other files. It holds two shards in memory unpacked and
// all of them packed. It returns how many bytes of fragments there are.
func Write(w io.Writer, s Shape) (fragments int64, err error) {
	n := s.Len
	per := (n + max(s.Shards, 1) - 1) / max(s.Shards, 1)
	var shards []Shard
	packed := make(map[string][]byte)
	var starts []uint32
	var texts []cabwrite.File
	index := newListing(s)
	for from := 0; from < n; from += per {
		start := RevisionID(from)
		if from == 0 {
			start = 0
		}
		starts = append(starts, start)
		sh := Shard{Name: ShardName(len(shards))}
		for i := from; i < min(from+per, n); i++ {
			rev, f, err := metadata.Split(s.Document(i))
			if err != nil {
				return 0, fmt.Errorf("revision %d: %w", i, err)
			}
			index.add(i, rev)
			sh.Members = append(sh.Members, Members(RevisionID(i), f)...)
			for _, file := range rev.Files {
				if file.Language == "" {
					continue
				}
				b, err := io.ReadAll(s.Text(file))
				if err != nil {
					return 0, err
				}
				texts = append(texts, cabwrite.File{Name: FileName(file.Digest), Data: b})
			}
		}
		for _, f := range sh.Members {
			fragments += int64(len(f.Data))
		}
		// Real shards have their folders one behind the other.
		slices.SortStableFunc(sh.Members, func(a, b cabwrite.File) int { return cmp.Compare(a.Name[0], b.Name[0]) })
		shards = append(shards, sh)
		if from > 0 { // the first one waits for the texts
			if packed[sh.Name], err = pack(s.Inner, sh.Members...); err != nil {
				return 0, err
			}
			shards[len(shards)-1].Members = nil
		}
	}
	first := shards[0]
	if packed[first.Name], err = pack(s.Inner, append(first.Members, texts...)...); err != nil {
		return 0, err
	}
	if packed["package.cab"], err = pack(s.Inner, cabwrite.File{Name: "package.xml", Data: []byte(index.xml())}); err != nil {
		return 0, err
	}
	outer := []cabwrite.File{{Name: "index.xml", Data: []byte(Index(starts...))}, {Name: "package.cab", Data: packed["package.cab"]}}
	for _, sh := range shards {
		outer = append(outer, cabwrite.File{Name: sh.Name, Data: packed[sh.Name]})
	}
	return fragments, cabwrite.Write(w, outer, s.Outer)
}

// Members returns the fragments of a revision as a shard holds them.
func Members(revision uint32, f *update.Fragments) []cabwrite.File {
	name := func(folder string) string { return fmt.Sprintf("%s/%d", folder, revision) }
	files := []cabwrite.File{{Name: name("c"), Data: f.Core}}
	for _, l := range f.Eula {
		files = append(files, cabwrite.File{Name: name("e/" + l.Language), Data: l.XML})
	}
	for _, l := range f.Localized {
		files = append(files, cabwrite.File{Name: name("l/" + l.Language), Data: l.XML})
	}
	if len(f.Extended) > 0 {
		files = append(files, cabwrite.File{Name: name("x"), Data: f.Extended})
	}
	return files
}

// FileName returns where the text of a license lies in its shard.
func FileName(d update.Digest) string {
	s := d.String()
	return "files/" + s[len(s)-2:] + "/" + s
}
