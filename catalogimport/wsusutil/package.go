package wsusutil

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"encoding/xml"

	"sluice/catalogimport/bounded"
	"sluice/wsus/update"
)

// index is package.xml: which updates there are, and what their metadata does
// not say itself, namely where their files can be had.
type index struct {
	lim     IndexLimits
	updates []indexed       // sorted by identity once all are read
	digests []update.Digest // of the files of the updates
	places  map[update.Digest]place
	text    []byte // names and locations, one behind the other
}

// indexed is an update and its part of index.digests.
type indexed struct {
	id       update.Identity
	from, to uint32
}

// place is where the name of a file and, behind it, its location lie in
// index.text.
type place struct {
	at        uint32
	name, url uint16
}

// IndexLimits bound package.xml, which is kept in memory.
type IndexLimits struct {
	Updates int
	Files   int // named by updates, and named at all
	Text    int // bytes of names and locations; at most 4 GiB
}

// longest is the most bytes of a file's name and of its location.
const longest = 1 << 12

// xmlLimits are far above what package.xml has: five levels and short attributes.
func xmlLimits() bounded.XMLLimits { return bounded.XMLLimits{Depth: 16, Token: 64 << 10} }

// readIndex reads package.xml to the end of its root element.
func readIndex(r *bufio.Reader, lim IndexLimits) (*index, error) {
	ix := &index{lim: lim, places: make(map[update.Digest]place)}
	x := bounded.NewXML(r, xmlLimits())
	for {
		path, attrs, err := x.Next()
		if err == nil {
			err = ix.element(path, attrs)
		}
		if err == io.EOF {
			slices.SortStableFunc(ix.updates, func(a, b indexed) int { return compare(a.id, b.id) })
			return ix, nil
		}
		if err != nil {
			return nil, fmt.Errorf("package.xml: %w", err)
		}
	}
}

func (ix *index) element(path []string, attrs []xml.Attr) error {
	name, parent := path[len(path)-1], ""
	if len(path) > 1 {
		parent = path[len(path)-2]
	}
	switch {
	case len(path) == 1 && name != "ExportPackage":
		return fmt.Errorf("the root is %q, not ExportPackage", name)
	case name == "Update" && parent == "Updates":
		return ix.update(attrs)
	case name == "File" && parent == "Files":
		return ix.file(attrs, len(path) > 3)
	}
	return nil
}

func (ix *index) update(attrs []xml.Attr) error {
	id, err := update.ParseID(bounded.Attr(attrs, "UpdateId"))
	if err != nil {
		return fmt.Errorf("attribute UpdateId of an Update: %w", err)
	}
	number, err := strconv.ParseInt(bounded.Attr(attrs, "RevisionNumber"), 10, 32)
	if err != nil || number < 0 {
		return fmt.Errorf("attribute RevisionNumber of Update %v is not a number in range", id)
	}
	if len(ix.updates) == ix.lim.Updates {
		return fmt.Errorf("more than %d updates", ix.lim.Updates)
	}
	at := uint32(len(ix.digests))
	ix.updates = append(ix.updates, indexed{id: update.Identity{ID: id, Number: int32(number)}, from: at, to: at})
	return nil
}

// file reads a File: one that an update names by its digest, or the one that
// says of all that name it where it is.
func (ix *index) file(attrs []xml.Attr, named bool) error {
	d, err := update.ParseDigest(bounded.Attr(attrs, "Digest"))
	if err != nil {
		return fmt.Errorf("attribute Digest of a File: %w", err)
	}
	if len(ix.digests)+len(ix.places) >= ix.lim.Files {
		return fmt.Errorf("more than %d files", ix.lim.Files)
	}
	if named {
		if len(ix.updates) == 0 {
			return errors.New("a File stands before every Update")
		}
		ix.digests = append(ix.digests, d)
		ix.updates[len(ix.updates)-1].to = uint32(len(ix.digests))
		return nil
	}
	name, url := bounded.Attr(attrs, "Name"), bounded.Attr(attrs, "MUUrl")
	if len(name) > longest || len(url) > longest {
		return fmt.Errorf("attribute Name or MUUrl of File %v is longer than %d bytes", d, longest)
	}
	if len(ix.text)+len(name)+len(url) > ix.lim.Text {
		return fmt.Errorf("more than %d bytes of file names and locations", ix.lim.Text)
	}
	ix.places[d] = place{at: uint32(len(ix.text)), name: uint16(len(name)), url: uint16(len(url))}
	ix.text = append(append(ix.text, name...), url...)
	return nil
}

// files returns what the index knows of the files of an update. It reports
// whether it lists the update at all.
func (ix *index) files(id update.Identity) (files []update.File, listed bool) {
	i, listed := slices.BinarySearchFunc(ix.updates, id, func(u indexed, id update.Identity) int { return compare(u.id, id) })
	if !listed {
		return nil, false
	}
	for _, d := range ix.digests[ix.updates[i].from:ix.updates[i].to] {
		if p, ok := ix.places[d]; ok && p.url > 0 {
			name := ix.text[p.at:][:p.name]
			url := ix.text[int(p.at)+int(p.name):][:p.url]
			files = append(files, update.File{Digest: d, Name: string(name), URL: string(url)})
		}
	}
	return files, true
}

func compare(a, b update.Identity) int {
	return cmp.Or(bytes.Compare(a.ID[:], b.ID[:]), cmp.Compare(a.Number, b.Number))
}
