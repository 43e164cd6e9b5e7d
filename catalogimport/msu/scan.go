package msu

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sluice/catalogimport/cabinet"
	"sluice/wsus/update"
)

// fragments is what package.cab holds, by the package's own revision numbers.
type fragments struct {
	byRevision map[int]*update.Fragments
	indexed    map[int]update.ID // what package.xml calls it
}

// readScan unpacks the metadata of a WSUSSCAN.cab.
func readScan(ctx context.Context, scan []byte, lim Limits) (*fragments, error) {
	outer, err := cabinet.Open(bytes.NewReader(scan), int64(len(scan)), lim.Cabinet)
	if err != nil {
		return nil, err
	}
	pkg, err := outer.ReadMember("package.cab", lim.Metadata)
	if err != nil {
		return nil, err
	}
	inner, err := cabinet.Open(bytes.NewReader(pkg), int64(len(pkg)), lim.Cabinet)
	if err != nil {
		return nil, fmt.Errorf("package.cab: %w", err)
	}
	f := &fragments{byRevision: make(map[int]*update.Fragments), indexed: make(map[int]update.ID)}
	left := lim.Metadata
	err = inner.Walk(ctx, func(m cabinet.Member, r io.Reader) error {
		if m.Size > left {
			return fmt.Errorf("the fragments are larger than the limit of %d bytes", lim.Metadata)
		}
		left -= m.Size
		if strings.EqualFold(m.Name, "package.xml") {
			return f.readIndex(r)
		}
		return f.add(m.Name, r)
	})
	if err != nil {
		return nil, fmt.Errorf("package.cab: %w", err)
	}
	if len(f.byRevision) == 0 {
		return nil, errors.New("package.cab holds no fragments")
	}
	return f, nil
}

// memberName is a fragment's name in package.cab: the kind, for texts the
// language, the revision.
var memberName = regexp.MustCompile(`^(?i)(core|extended|localized|eula)/(?:([A-Za-z0-9-]{1,35})/)?([0-9]{1,9})$`)

// add keeps the member if it is a fragment. Others, such as EULA texts, are left.
func (f *fragments) add(name string, r io.Reader) error {
	m := memberName.FindStringSubmatch(strings.ReplaceAll(name, `\`, "/"))
	if m == nil {
		return nil
	}
	kind, lang := strings.ToLower(m[1]), m[2]
	if (lang != "") != (kind == "localized" || kind == "eula") {
		return nil
	}
	n, err := strconv.Atoi(m[3])
	if err != nil {
		return err
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fr := f.byRevision[n]
	if fr == nil {
		fr = &update.Fragments{}
		f.byRevision[n] = fr
	}
	switch kind {
	case "core":
		fr.Core = b
	case "extended":
		fr.Extended = b
	case "localized":
		fr.Localized = append(fr.Localized, update.LocalizedFragment{Language: lang, XML: b})
	case "eula":
		fr.Eula = append(fr.Eula, update.LocalizedFragment{Language: lang, XML: b})
	}
	return nil
}

// readIndex reads from package.xml what it calls each revision. The rest of it
// is in the fragments too.
func (f *fragments) readIndex(r io.Reader) error {
	dec := xml.NewDecoder(r)
	for depth := 0; ; {
		tok, err := dec.Token()
		if err == io.EOF && depth == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("package.xml: %w", err)
		}
		switch t := tok.(type) {
		case xml.Directive:
			return errors.New("package.xml: a document type is not allowed")
		case xml.EndElement:
			depth--
		case xml.StartElement:
			if depth++; depth > 32 {
				return errors.New("package.xml: more than 32 levels deep")
			}
			if t.Name.Local == "Update" {
				if err := f.indexUpdate(t.Attr); err != nil {
					return fmt.Errorf("package.xml: %w", err)
				}
			}
		}
	}
}

func (f *fragments) indexUpdate(attrs []xml.Attr) error {
	var id update.ID
	n := -1
	for _, a := range attrs {
		var err error
		switch a.Name.Local {
		case "UpdateId":
			id, err = update.ParseID(a.Value)
		case "RevisionId":
			n, err = strconv.Atoi(a.Value)
		}
		if err != nil {
			return fmt.Errorf("Update/@%s: %w", a.Name.Local, err)
		}
	}
	f.indexed[n] = id
	return nil
}

// order returns the revision numbers, prerequisites first as packages have them.
func (f *fragments) order() []int { return slices.Sorted(maps.Keys(f.byRevision)) }

// identityID finds the id in a core fragment, which starts with it.
var identityID = regexp.MustCompile(`^\s*<UpdateIdentity\s[^>]*?UpdateID\s*=\s*"([^"]{36,38})"`)

// minted reports whether package.xml calls the revision by another id than its
// core fragment does.
func (f *fragments) minted(n int) bool {
	indexed, ok := f.indexed[n]
	m := identityID.FindSubmatch(f.byRevision[n].Core)
	if !ok || m == nil {
		return false
	}
	id, err := update.ParseIDBytes(m[1])
	return err == nil && id != indexed
}
