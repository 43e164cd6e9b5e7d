package wsusutil

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"sluice/wsus/update"
)

// index is package.xml: what the metadata does not say itself.
type index struct {
	server  string
	updates int
	// urls says where each file can be had outside.
	urls map[update.Digest]location
	// files lists the digests of an update that has any.
	files map[update.Identity][]update.Digest
}

type location struct{ name, url string }

// bounds of package.xml: an export lists at most a few million things, four
// levels deep.
const (
	maxIndexDepth = 16
	maxIndexItems = 8_000_000
)

// readIndex reads package.xml to the end of its root element.
func readIndex(r io.Reader) (*index, error) {
	ix := &index{urls: make(map[update.Digest]location), files: make(map[update.Identity][]update.Digest)}
	dec := xml.NewDecoder(r)
	var path []string
	var current update.Identity
	for items := 0; ; items++ {
		tok, err := dec.Token()
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, fmt.Errorf("package.xml: %w", err)
		}
		switch t := tok.(type) {
		case xml.Directive:
			return nil, errors.New("package.xml: a document type is not allowed")
		case xml.StartElement:
			path = append(path, t.Name.Local)
			if len(path) > maxIndexDepth || items > maxIndexItems {
				return nil, fmt.Errorf("package.xml: deeper than %d levels or longer than %d elements", maxIndexDepth, maxIndexItems)
			}
			if len(path) == 1 && t.Name.Local != "ExportPackage" {
				return nil, fmt.Errorf("package.xml: the root is %q, not ExportPackage", t.Name.Local)
			}
			if err := ix.element(path, t.Attr, &current); err != nil {
				return nil, fmt.Errorf("package.xml: %w", err)
			}
		case xml.EndElement:
			path = path[:len(path)-1]
			if len(path) == 0 {
				return ix, nil
			}
		}
	}
}

func (ix *index) element(path []string, attrs []xml.Attr, current *update.Identity) error {
	get := func(name string) string {
		for _, a := range attrs {
			if a.Name.Local == name {
				return a.Value
			}
		}
		return ""
	}
	parent := ""
	if len(path) > 1 {
		parent = path[len(path)-2]
	}
	switch name := path[len(path)-1]; {
	case len(path) == 1:
		ix.server = get("ServerID")
	case name == "Update" && parent == "Updates":
		id, err := update.ParseID(get("UpdateId"))
		if err != nil {
			return fmt.Errorf("Update/@UpdateId: %w", err)
		}
		var number int32
		if _, err := fmt.Sscan(get("RevisionNumber"), &number); err != nil || number < 0 {
			return fmt.Errorf("Update %v/@RevisionNumber is not a number", id)
		}
		*current = update.Identity{ID: id, Number: number}
		ix.updates++
	case name == "File" && parent == "Files":
		d, err := update.ParseDigest(get("Digest"))
		if err != nil {
			return fmt.Errorf("File/@Digest: %w", err)
		}
		if len(path) == 3 {
			ix.urls[d] = location{name: get("Name"), url: get("MUUrl")}
		} else {
			ix.files[*current] = append(ix.files[*current], d)
		}
	}
	return nil
}

// locations returns what the index knows of an update's files.
func (ix *index) locations(id update.Identity) []update.File {
	var out []update.File
	for _, d := range ix.files[id] {
		if l, ok := ix.urls[d]; ok && l.url != "" {
			out = append(out, update.File{Digest: d, Name: l.name, URL: l.url})
		}
	}
	return out
}
