package offlinescan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"sluice/catalogimport/bounded"
	"sluice/catalogimport/cabinet"
	"sluice/wsus/update"
)

const (
	indexName   = "index.xml"
	packageName = "package.cab"
	catalogName = "package.xml"
	indexSize   = 4 << 20 // bytes of index.xml at most
)

// Scan is an opened scan file.
type Scan struct {
	file    *bounded.File
	cab     *cabinet.Reader
	lim     Limits
	scratch string
	list    *cabList
	order   []shard // as they lie in the cabinet
	catalog *Catalog
	medium  update.Medium
	from    int
	only    *Set
}

// IsScan reports whether the members of a cabinet are those of a scan file.
func IsScan(c *cabinet.Reader) bool {
	_, index := c.Lookup(indexName)
	_, pkg := c.Lookup(packageName)
	return index && pkg
}

// Open reads the indexes of a scan file, which it takes over. A scratch file is
// made in the folder scratch where a shard is too large for memory; empty is the
// system's own.
func Open(ctx context.Context, f *os.File, scratch string, lim Limits) (*Scan, error) {
	s := &Scan{lim: lim, scratch: scratch}
	if err := s.open(ctx, f); err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

func (s *Scan) open(ctx context.Context, f *os.File) (err error) {
	if s.file, err = bounded.Identify(ctx, f); err != nil {
		return err
	}
	if s.cab, err = openWhole(f, s.file.Size, s.lim.Cabinet); err != nil {
		return err
	}
	r, err := s.cab.OpenMember(indexName)
	if err != nil {
		return err
	}
	if s.list, err = readCabList(bounded.Bytes(bounded.Context(ctx, r), indexSize), s.lim.Shards); err != nil {
		return err
	}
	if err := s.findShards(); err != nil {
		return err
	}
	if err := s.readCatalog(ctx); err != nil {
		return fmt.Errorf("%s: %w", s.list.catalog, err)
	}
	s.medium = update.Medium{
		Source: f.Name(), Format: "wsusscn2", Provenance: update.Unsigned,
		Key: s.file.Key, Items: s.catalog.Len(),
	}
	return nil
}

// openWhole opens a cabinet and refuses one that is cut short.
func openWhole(src io.ReaderAt, size int64, lim cabinet.Limits) (*cabinet.Reader, error) {
	c, err := cabinet.Open(src, size, lim)
	if err != nil {
		return nil, err
	}
	if err := (&bounded.File{Size: size}).Whole(c.CabinetSize()); err != nil {
		return nil, err
	}
	return c, nil
}

// findShards puts the shards in the order in which they lie in the cabinet: a
// folder can be read in no other.
func (s *Scan) findShards() error {
	byName := make(map[string]shard, len(s.list.shards))
	for _, sh := range s.list.shards {
		m, ok := s.cab.Lookup(sh.name)
		switch {
		case !ok:
			return fmt.Errorf("index.xml names the shard %q, which is missing", sh.name)
		case m.Size > s.lim.Packed:
			return fmt.Errorf("%s is larger than the limit of %d bytes", sh.name, s.lim.Packed)
		}
		sh.member = m.Name
		byName[m.Name] = sh
	}
	for _, m := range s.cab.Members() {
		if sh, ok := byName[m.Name]; ok {
			s.order = append(s.order, sh)
			delete(byName, m.Name)
		}
	}
	return nil
}

func (s *Scan) readCatalog(ctx context.Context) error {
	r, err := s.cab.OpenMember(s.list.catalog)
	if err != nil {
		return err
	}
	packed := spool{dir: s.scratch, memory: s.lim.Memory}
	defer packed.close()
	if _, _, err := packed.add(bounded.Bytes(bounded.Context(ctx, r), s.lim.Packed)); err != nil {
		return err
	}
	c, err := openWhole(&packed, packed.size, s.lim.Cabinet)
	if err != nil {
		return err
	}
	if r, err = c.OpenMember(catalogName); err != nil {
		return err
	}
	s.catalog, err = readCatalog(bounded.Context(ctx, r), s.lim.Catalog)
	return err
}

// Medium describes the scan file.
func (s *Scan) Medium() update.Medium { return s.medium }

// Catalog returns what package.xml says of all revisions.
func (s *Scan) Catalog() *Catalog { return s.catalog }

// Shards returns how many parts Items reads one after the other.
func (s *Scan) Shards() int { return len(s.order) }

// From has Items begin at a shard, counted from 0: those before it were imported
// earlier. It is called before Items.
func (s *Scan) From(shard int) { s.from = shard }

// Only has Items yield the chosen revisions alone. It is called before Items.
func (s *Scan) Only(chosen Set) {
	s.only = &chosen
	s.medium.Items = chosen.Len()
}

// Items yields the revisions shard by shard, see [Scan.ItemsByShard].
func (s *Scan) Items(ctx context.Context) iter.Seq2[update.Item, error] {
	return func(yield func(update.Item, error) bool) {
		s.walk(ctx, func(_ int, it update.Item, err error) bool { return yield(it, err) })
	}
}

// ItemsByShard calls visit with every revision and the number of its shard, which
// only grows, until that returns false. An [update.ItemError] refuses one revision:
// package.xml lists it and it has no fragments, it has fragments and no core, it
// stands in a shard that index.xml does not have it in, or in none. Any other error
// is the last and refuses the medium.
func (s *Scan) ItemsByShard(ctx context.Context, visit func(shard int, it update.Item, err error) bool) {
	s.walk(ctx, visit)
}

func (s *Scan) walk(ctx context.Context, visit func(int, update.Item, error) bool) {
	sr := &shardReader{
		lim: s.lim, catalog: s.catalog, only: s.only,
		packed: spool{dir: s.scratch, memory: s.lim.Memory},
		plain:  spool{dir: s.scratch, memory: s.lim.Memory},
	}
	defer sr.packed.close()
	defer sr.plain.close()
	if s.from == 0 && !s.nowhere(visit) {
		return
	}
	next := 0
	err := s.cab.Walk(ctx, func(m cabinet.Member, r io.Reader) error {
		if next == len(s.order) {
			return cabinet.ErrStop
		}
		sh := s.order[next]
		if m.Name != sh.member {
			return nil
		}
		n := next
		if next++; n < s.from {
			return nil
		}
		if err := sr.load(ctx, sh, r); err != nil {
			return err
		}
		if !sr.items(ctx, sh, func(it update.Item, err error) bool { return visit(n, it, err) }) {
			return errStopped
		}
		return nil
	})
	switch {
	case errors.Is(err, errStopped):
		return
	case err == nil:
		err = s.file.Unchanged()
	}
	if err != nil {
		visit(next, update.Item{}, err)
	}
}

// errStopped ends a walk of which nobody wants to hear any more.
var errStopped = errors.New("stopped")

// nowhere tells of the revisions that no shard has in its range.
func (s *Scan) nowhere(visit func(int, update.Item, error) bool) bool {
	for i := range s.catalog.entries {
		e := &s.catalog.entries[i]
		if e.revision >= s.list.shards[0].first {
			return true
		}
		if s.only != nil && !s.only.Has(i) {
			continue
		}
		name := fmt.Sprintf("%s RevisionId %d", catalogName, e.revision)
		err := &update.ItemError{Item: name, Reason: fmt.Errorf("it is listed as %v, but index.xml has its RevisionId in no shard", e.identity)}
		if !visit(0, update.Item{Name: name}, err) {
			return false
		}
	}
	return true
}

// Payloads yields the texts of licenses, the only files that are in the medium.
// The first reader of each goes on where that of the one before ended.
func (s *Scan) Payloads(ctx context.Context) iter.Seq2[update.Payload, error] {
	return func(yield func(update.Payload, error) bool) {
		sr := &shardReader{lim: s.lim, packed: spool{dir: s.scratch, memory: s.lim.Memory}}
		defer sr.packed.close()
		files := make(map[string]shard)
		for _, sh := range s.order {
			if sh.files {
				files[sh.member] = sh
			}
		}
		err := s.cab.Walk(ctx, func(m cabinet.Member, r io.Reader) error {
			sh, ok := files[m.Name]
			switch {
			case len(files) == 0:
				return cabinet.ErrStop
			case !ok:
				return nil
			}
			delete(files, m.Name)
			c, err := sr.open(sh, r)
			if err == nil {
				err = texts(ctx, c, sh, yield)
			}
			return err
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(update.Payload{}, err)
		}
	}
}

// texts yields the files of one shard.
func texts(ctx context.Context, c *cabinet.Reader, sh shard, yield func(update.Payload, error) bool) error {
	err := c.Walk(ctx, func(m cabinet.Member, rd io.Reader) error {
		if len(m.Name) < 6 || !strings.EqualFold(m.Name[:6], "files/") {
			return nil
		}
		p := update.Payload{Name: sh.name + " " + m.Name, Size: m.Size}
		var bad error
		var ok bool
		if p.Digest, ok = parseFileName(m.Name); !ok {
			bad = &update.ItemError{Item: p.Name, Reason: errors.New("its name is not the SHA-1 that it should be")}
		}
		p.Open = func() (io.ReadCloser, error) {
			r := rd
			if rd = nil; r != nil {
				return io.NopCloser(r), nil
			}
			r, err := c.OpenMember(m.Name)
			return io.NopCloser(r), err
		}
		if !yield(p, bad) {
			return errStopped
		}
		return nil
	})
	if err != nil && !errors.Is(err, errStopped) {
		err = fmt.Errorf("%s: %w", sh.name, err)
	}
	return err
}

// Close closes the file.
func (s *Scan) Close() error { return s.file.Close() }
