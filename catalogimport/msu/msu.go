package msu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path"
	"slices"
	"strings"

	"sluice/catalogimport/bounded"
	"sluice/catalogimport/cabinet"
	"sluice/wsus/update"
)

// Limits bound what is read of a package.
type Limits struct {
	Cabinet  cabinet.Limits
	Metadata int64 // bytes of WSUSSCAN.cab, of package.cab, and of all fragments together
}

// DefaultLimits are some fifty times what real packages have.
func DefaultLimits() Limits { return Limits{Cabinet: cabinet.DefaultLimits(), Metadata: 512 << 20} }

const scanName = "WSUSSCAN.cab"

// Package is an opened .msu.
type Package struct {
	file   *bounded.File
	cab    *cabinet.Reader
	scan   *fragments
	medium update.Medium
}

// IsPackage reports whether the members of a cabinet are those of an .msu.
func IsPackage(c *cabinet.Reader) bool {
	_, ok := c.Lookup(scanName)
	return ok
}

// Open reads the metadata of a package and takes over the file.
func Open(ctx context.Context, f *os.File, lim Limits) (*Package, error) {
	p := &Package{}
	if err := p.open(ctx, f, lim); err != nil {
		f.Close()
		return nil, err
	}
	return p, nil
}

func (p *Package) open(ctx context.Context, f *os.File, lim Limits) (err error) {
	if p.file, err = bounded.Identify(ctx, f); err != nil {
		return err
	}
	if p.cab, err = cabinet.Open(f, p.file.Size, lim.Cabinet); err != nil {
		return err
	}
	if err := p.file.Whole(p.cab.CabinetSize()); err != nil {
		return err
	}
	scan, err := readMember(ctx, p.cab, scanName, lim.Metadata)
	if err != nil {
		return err
	}
	if p.scan, err = readScan(ctx, scan, lim); err != nil {
		return fmt.Errorf("%s: %w", scanName, err)
	}
	p.medium = update.Medium{
		Source: f.Name(), Format: "msu", Provenance: update.Unsigned,
		Key: p.file.Key, Items: len(p.scan.byRevision),
	}
	return nil
}

// Medium describes the package.
func (p *Package) Medium() update.Medium { return p.medium }

// Items yields every revision that has a core fragment. One that has other
// fragments only, or that the index lists and nothing is there of, is an
// [update.ItemError].
func (p *Package) Items(ctx context.Context) iter.Seq2[update.Item, error] {
	return func(yield func(update.Item, error) bool) {
		for _, n := range p.scan.order() {
			if err := ctx.Err(); err != nil {
				yield(update.Item{}, err)
				return
			}
			if !yield(p.item(n)) {
				return
			}
		}
		if err := p.file.Unchanged(); err != nil {
			yield(update.Item{}, err)
		}
	}
}

func (p *Package) item(n int) (update.Item, error) {
	it := update.Item{Name: fmt.Sprintf("%s core/%d", scanName, n), Fragments: p.scan.byRevision[n]}
	switch {
	case it.Fragments == nil:
		return it, &update.ItemError{Item: it.Name, Reason: fmt.Errorf("package.xml lists it as %v, but it has no fragments", p.scan.indexed[n].id)}
	case it.Fragments.Core == nil:
		return it, &update.ItemError{Item: it.Name, Reason: errors.New("it has fragments, but none of them is its core")}
	}
	it.Minted, it.Created = p.scan.minted(n), p.scan.indexed[n].created
	return it, nil
}

// descriptions are the members that are about the package, not of it.
var descriptions = []string{".txt", ".xml"}

// Payloads yields the packages inside, to be known by their digests. The first
// reader of each goes on where that of the one before ended; only a second one
// decodes from the start of the folder.
func (p *Package) Payloads(ctx context.Context) iter.Seq2[update.Payload, error] {
	return func(yield func(update.Payload, error) bool) {
		err := p.cab.Walk(ctx, func(m cabinet.Member, rd io.Reader) error {
			if strings.EqualFold(m.Name, scanName) || slices.Contains(descriptions, strings.ToLower(path.Ext(m.Name))) {
				return nil
			}
			open := func() (io.ReadCloser, error) {
				r := rd
				if rd = nil; r != nil {
					return io.NopCloser(r), nil
				}
				r, err := p.cab.OpenMember(m.Name)
				return io.NopCloser(r), err
			}
			if !yield(update.Payload{Name: m.Name, Size: m.Size, Open: open}, nil) {
				return cabinet.ErrStop
			}
			return nil
		})
		if err != nil {
			yield(update.Payload{}, err)
		}
	}
}

// Close closes the file.
func (p *Package) Close() error { return p.file.Close() }
