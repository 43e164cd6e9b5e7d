package offlinescan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"sluice/catalogimport/cabinet"
	"sluice/wsus/update"
	"sluice/wsus/xmllimit"
)

// piece is a fragment that was put by.
type piece struct {
	fragmentName
	at, size int64
}

// shardReader joins the fragments of one shard after the other.
type shardReader struct {
	lim     Limits
	catalog *Catalog
	only    *Set // nil for all
	packed  spool
	plain   spool
	pieces  []piece
}

// load puts the fragments of a shard by. What it reads is the shard's cabinet.
func (s *shardReader) load(ctx context.Context, sh shard, r io.Reader) error {
	c, err := s.open(sh, r)
	if err != nil {
		return err
	}
	s.pieces = s.pieces[:0]
	if err := s.plain.reset(); err != nil {
		return err
	}
	left := s.lim.Shard
	err = c.Walk(ctx, func(m cabinet.Member, r io.Reader) error {
		name, ok := parseName(m.Name)
		if !ok || !s.wants(sh, name.revision) {
			return nil // the text of a license, for example
		}
		if m.Size > s.lim.Fragment {
			return fmt.Errorf("%s is larger than the limit of %d bytes for one fragment", m.Name, s.lim.Fragment)
		}
		if left -= m.Size; left < 0 {
			return fmt.Errorf("its fragments are larger than the limit of %d bytes", s.lim.Shard)
		}
		at, n, err := s.plain.add(r)
		if err != nil {
			return err
		}
		s.pieces = append(s.pieces, piece{name, at, n})
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", sh.name, err)
	}
	return s.sort(sh)
}

// open takes the cabinet of a shard out of the outer one.
func (s *shardReader) open(sh shard, r io.Reader) (*cabinet.Reader, error) {
	if err := s.packed.reset(); err != nil {
		return nil, err
	}
	if _, _, err := s.packed.add(r); err != nil {
		return nil, fmt.Errorf("%s: %w", sh.name, err)
	}
	c, err := openWhole(&s.packed, s.packed.size, s.lim.Cabinet)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sh.name, err)
	}
	return c, nil
}

// wants leaves out what is not chosen. What stands outside of the range of its
// shard stays, to be told of.
func (s *shardReader) wants(sh shard, revision uint32) bool {
	if s.only == nil || revision < sh.first || revision > sh.last {
		return true
	}
	i, ok := s.catalog.Find(revision)
	return ok && s.only.Has(i)
}

// sort brings the fragments of each revision together. The same fragment twice
// makes the shard ambiguous.
func (s *shardReader) sort(sh shard) error {
	slices.SortFunc(s.pieces, func(a, b piece) int {
		return cmp.Or(cmp.Compare(a.revision, b.revision), cmp.Compare(a.kind, b.kind), strings.Compare(a.language, b.language))
	})
	for i := 1; i < len(s.pieces); i++ {
		if p := s.pieces[i]; p.fragmentName == s.pieces[i-1].fragmentName {
			return fmt.Errorf("%s: a fragment of RevisionId %d is there twice", sh.name, p.revision)
		}
	}
	return nil
}

// items yields the revisions of the shard that was loaded: those that it has
// fragments of, and those that the catalog says it has. It reports whether to go on.
func (s *shardReader) items(ctx context.Context, sh shard, yield func(update.Item, error) bool) bool {
	pieces := s.pieces
	listed, _ := s.catalog.Find(sh.first)
	for {
		if err := ctx.Err(); err != nil {
			yield(update.Item{}, err)
			return false
		}
		entry, revision := -1, uint32(0)
		for listed < s.catalog.Len() && s.only != nil && !s.only.Has(listed) {
			listed++
		}
		if listed < s.catalog.Len() && s.catalog.entries[listed].revision <= sh.last {
			entry, revision = listed, s.catalog.entries[listed].revision
		}
		if len(pieces) > 0 && (entry < 0 || pieces[0].revision <= revision) {
			if revision != pieces[0].revision {
				entry, revision = -1, pieces[0].revision
			}
		} else if entry < 0 {
			return true
		}
		if entry >= 0 {
			listed++
		}
		n := 0
		for n < len(pieces) && pieces[n].revision == revision {
			n++
		}
		it, err := s.item(sh, revision, entry, pieces[:n])
		pieces = pieces[n:]
		if !yield(it, err) || err != nil && !errors.As(err, new(*update.ItemError)) {
			return false
		}
	}
}

// item makes one revision of its fragments. entry is its number in the catalog,
// or less than 0.
func (s *shardReader) item(sh shard, revision uint32, entry int, pieces []piece) (update.Item, error) {
	it := update.Item{Name: fmt.Sprintf("%s c/%d", sh.name, revision)}
	refuse := func(format string, args ...any) (update.Item, error) {
		return update.Item{Name: it.Name}, &update.ItemError{Item: it.Name, Reason: fmt.Errorf(format, args...)}
	}
	var size int64
	for _, p := range pieces {
		size += p.size
	}
	switch {
	case revision < sh.first || revision > sh.last:
		return refuse("index.xml has its RevisionId in another shard")
	case len(pieces) == 0:
		return refuse("package.xml lists it as %v, but it has no fragments", s.catalog.entries[entry].identity)
	case pieces[0].kind != coreFragment:
		return refuse("it has fragments, but none of them is its core")
	case size > s.lim.Revision:
		return refuse("its fragments have %d bytes, more than the limit of %d", size, s.lim.Revision)
	case len(pieces) > maxLanguages:
		return refuse("it has more than %d fragments", maxLanguages)
	}
	var err error
	if it.Fragments, err = s.fragments(pieces); err != nil {
		return it, err
	}
	if entry < 0 {
		return it, nil
	}
	e := &s.catalog.entries[entry]
	it.Created, it.Files = e.time(), s.catalog.known(e)
	id, ok := identity(it.Fragments.Core)
	switch {
	case !ok: // reading the metadata will tell what is wrong with it
	case id.ID != e.identity.ID:
		it.Minted = true
	case id.Number != e.identity.Number:
		return refuse("package.xml calls it %v, its core fragment %v", e.identity, id)
	}
	return it, nil
}

// fragments reads fragments back.
func (s *shardReader) fragments(pieces []piece) (*update.Fragments, error) {
	f := &update.Fragments{}
	for _, p := range pieces {
		b := make([]byte, p.size)
		if n, err := s.plain.ReadAt(b, p.at); n < len(b) {
			return nil, err
		}
		switch p.kind {
		case coreFragment:
			f.Core = b
		case extendedFragment:
			f.Extended = b
		case localizedFragment:
			f.Localized = append(f.Localized, update.LocalizedFragment{Language: p.language, XML: b})
		case eulaFragment:
			f.Eula = append(f.Eula, byLanguage(p.language, b)...)
		}
	}
	return f, nil
}

// byLanguage gives a EULA fragment its language. One whose name has none may be of
// several: each element then is one fragment.
func byLanguage(language string, xml []byte) []update.LocalizedFragment {
	whole := []update.LocalizedFragment{{Language: language, XML: xml}}
	if language != "" {
		return whole
	}
	var parts []update.LocalizedFragment
	s := xmllimit.NewScanner(xml, xmllimit.Limits{Fragment: true})
	for {
		t, err := s.Next()
		switch {
		case err == io.EOF && len(parts) > 0:
			return parts
		case err != nil || t.Kind != xmllimit.Start || len(parts) == maxLanguages:
			return whole // refused where it is read as metadata
		}
		raw, _ := t.Attr("Language")
		from := t.Offset
		if err := s.Skip(); err != nil {
			return whole
		}
		parts = append(parts, update.LocalizedFragment{Language: strings.ToLower(xmllimit.String(raw)), XML: xml[from:s.Offset():s.Offset()]})
	}
}

// identity returns what a core fragment says that it is.
func identity(core []byte) (update.Identity, bool) {
	s := xmllimit.NewScanner(core, xmllimit.Limits{Fragment: true})
	for {
		t, err := s.Next()
		if err != nil || t.Kind != xmllimit.Start {
			return update.Identity{}, false
		}
		if string(t.Name) != "UpdateIdentity" {
			if s.Skip() != nil {
				return update.Identity{}, false
			}
			continue
		}
		rawID, _ := t.Attr("UpdateID")
		rawNumber, _ := t.Attr("RevisionNumber")
		id, err := update.ParseIDBytes(rawID)
		if err != nil {
			return update.Identity{}, false
		}
		n, err := parseRevision(string(rawNumber))
		return update.Identity{ID: id, Number: int32(n)}, err == nil
	}
}
