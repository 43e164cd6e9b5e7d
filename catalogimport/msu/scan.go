package msu

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/catalogimport/bounded"
	"sluice/catalogimport/cabinet"
	"sluice/wsus/update"
)

// fragments is what package.cab holds, by the package's own revision numbers.
type fragments struct {
	byRevision map[int]*update.Fragments
	indexed    map[int]indexed // what package.xml says of it
}

// Bounds of one package. Real ones list some 800 revisions in up to 40 languages.
const (
	maxRevisions = 1 << 16
	maxLanguages = 1 << 10
)

// indexed is what package.xml says of a revision.
type indexed struct {
	id      update.ID
	created time.Time // zero where it does not say
}

// readScan unpacks the metadata of a WSUSSCAN.cab.
func readScan(ctx context.Context, scan []byte, lim Limits) (*fragments, error) {
	outer, err := cabinet.Open(bytes.NewReader(scan), int64(len(scan)), lim.Cabinet)
	if err != nil {
		return nil, err
	}
	pkg, err := readMember(ctx, outer, "package.cab", lim.Metadata)
	if err != nil {
		return nil, err
	}
	inner, err := cabinet.Open(bytes.NewReader(pkg), int64(len(pkg)), lim.Cabinet)
	if err != nil {
		return nil, fmt.Errorf("package.cab: %w", err)
	}
	f := &fragments{byRevision: make(map[int]*update.Fragments), indexed: make(map[int]indexed)}
	left := lim.Metadata
	err = inner.Walk(ctx, func(m cabinet.Member, r io.Reader) error {
		if strings.EqualFold(m.Name, "package.xml") {
			return f.readIndex(bufio.NewReader(r))
		}
		name, ok := parseName(m.Name)
		if !ok {
			return nil // an EULA text, for example
		}
		if left -= m.Size; left < 0 {
			return fmt.Errorf("the fragments are larger than the limit of %d bytes", lim.Metadata)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		return f.add(name, b)
	})
	if err != nil {
		return nil, fmt.Errorf("package.cab: %w", err)
	}
	if len(f.byRevision) == 0 {
		return nil, errors.New("package.cab holds no fragments")
	}
	return f, nil
}

// readMember reads a member that is kept in memory.
func readMember(ctx context.Context, c *cabinet.Reader, name string, limit int64) ([]byte, error) {
	r, err := c.OpenMember(name)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(bounded.Bytes(bounded.Context(ctx, r), limit))
	if errors.As(err, new(*bounded.LimitError)) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, err
}

// fragmentName is the name of a fragment in package.cab.
type fragmentName struct {
	kind     string // core, extended, localized, eula
	language string // of the latter two
	revision int
}

func (n fragmentName) String() string {
	if n.language == "" {
		return fmt.Sprintf("%s/%d", n.kind, n.revision)
	}
	return fmt.Sprintf("%s/%s/%d", n.kind, n.language, n.revision)
}

var memberName = regexp.MustCompile(`^(?i)(?:(core|extended)|(localized|eula)/([A-Za-z0-9-]{1,35}))/([0-9]{1,9})$`)

func parseName(name string) (fragmentName, bool) {
	m := memberName.FindStringSubmatch(name)
	if m == nil {
		return fragmentName{}, false
	}
	n, err := strconv.Atoi(m[4])
	return fragmentName{kind: strings.ToLower(m[1] + m[2]), language: m[3], revision: n}, err == nil
}

// add keeps a fragment. The same twice makes the package ambiguous.
func (f *fragments) add(name fragmentName, b []byte) error {
	fr := f.byRevision[name.revision]
	if fr == nil {
		fr = &update.Fragments{}
		f.byRevision[name.revision] = fr
	}
	once := func(dst *[]byte) error {
		if *dst != nil {
			return fmt.Errorf("%v is there twice", name)
		}
		*dst = b
		return nil
	}
	each := func(dst *[]update.LocalizedFragment) error {
		if len(*dst) == maxLanguages {
			return fmt.Errorf("%v: more than %d languages", name, maxLanguages)
		}
		for _, l := range *dst {
			if strings.EqualFold(l.Language, name.language) {
				return fmt.Errorf("%v is there twice", name)
			}
		}
		*dst = append(*dst, update.LocalizedFragment{Language: name.language, XML: b})
		return nil
	}
	switch name.kind {
	case "core":
		return once(&fr.Core)
	case "extended":
		return once(&fr.Extended)
	case "localized":
		return each(&fr.Localized)
	}
	return each(&fr.Eula)
}

// readIndex reads from package.xml what it calls each revision. The rest of it
// is in the fragments too.
func (f *fragments) readIndex(r *bufio.Reader) error {
	x := bounded.NewXML(r, bounded.XMLLimits{Depth: 32, Token: 1 << 20})
	for {
		path, attrs, err := x.Next()
		if err == nil && path[len(path)-1] == "Update" {
			err = f.indexUpdate(attrs)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("package.xml: %w", err)
		}
	}
}

func (f *fragments) indexUpdate(attrs []xml.Attr) error {
	id, err := update.ParseID(bounded.Attr(attrs, "UpdateId"))
	if err != nil {
		return fmt.Errorf("attribute UpdateId of an Update: %w", err)
	}
	n, err := strconv.ParseUint(bounded.Attr(attrs, "RevisionId"), 10, 31)
	if err != nil {
		return fmt.Errorf("attribute RevisionId of Update %v is not a number in range", id)
	}
	if len(f.indexed) == maxRevisions {
		return fmt.Errorf("more than %d updates", maxRevisions)
	}
	// A date that cannot be read is not worth refusing the package for.
	created, _ := time.Parse(time.RFC3339, bounded.Attr(attrs, "CreationDate"))
	f.indexed[int(n)] = indexed{id, created}
	return nil
}

// order returns the revision numbers, prerequisites first as packages have them.
func (f *fragments) order() []int {
	var all []int
	for n := range f.byRevision {
		all = append(all, n)
	}
	for n := range f.indexed {
		if f.byRevision[n] == nil {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all
}

// identityID finds the id in a core fragment, which starts with it.
var identityID = regexp.MustCompile(`^\s*<UpdateIdentity\s[^>]*?UpdateID\s*=\s*"([^"]{36,38})"`)

// minted reports whether package.xml calls the revision by another id than its
// core fragment does.
func (f *fragments) minted(n int) bool {
	in, ok := f.indexed[n]
	m := identityID.FindSubmatch(f.byRevision[n].Core)
	if !ok || m == nil {
		return false
	}
	id, err := update.ParseIDBytes(m[1])
	return err == nil && id != in.id
}
