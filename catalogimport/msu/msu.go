package msu

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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

// Package is an opened .msu.
type Package struct {
	file   *os.File
	cab    *cabinet.Reader
	scan   *fragments
	medium update.Medium
}

// IsPackage reports whether the members of a cabinet are those of an .msu.
func IsPackage(c *cabinet.Reader) bool {
	_, ok := c.Lookup("WSUSSCAN.cab")
	return ok
}

// Open opens a package and reads its metadata.
func Open(ctx context.Context, name string, lim Limits) (*Package, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	p := &Package{file: f}
	if err := p.open(ctx, name, lim); err != nil {
		f.Close()
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	return p, nil
}

func (p *Package) open(ctx context.Context, name string, lim Limits) error {
	h := sha256.New()
	size, err := io.Copy(h, bounded.Context(ctx, p.file))
	if err != nil {
		return err
	}
	if p.cab, err = cabinet.Open(p.file, size, lim.Cabinet); err != nil {
		return err
	}
	scan, err := p.cab.ReadMember("WSUSSCAN.cab", lim.Metadata)
	if err != nil {
		return err
	}
	if p.scan, err = readScan(ctx, scan, lim); err != nil {
		return fmt.Errorf("WSUSSCAN.cab: %w", err)
	}
	p.medium = update.Medium{
		Source: name, Format: "msu", Provenance: update.Unsigned,
		Key: hex.EncodeToString(h.Sum(nil)), Items: len(p.scan.byRevision),
	}
	return nil
}

// Medium describes the package.
func (p *Package) Medium() update.Medium { return p.medium }

// Items yields every revision that has a core fragment.
func (p *Package) Items(ctx context.Context) iter.Seq2[update.Item, error] {
	return func(yield func(update.Item, error) bool) {
		for _, n := range p.scan.order() {
			if err := ctx.Err(); err != nil {
				yield(update.Item{}, err)
				return
			}
			it := update.Item{
				Name:      fmt.Sprintf("WSUSSCAN.cab core/%d", n),
				Fragments: p.scan.byRevision[n],
				Minted:    p.scan.minted(n),
			}
			var err error
			if it.Fragments.Core == nil {
				err = &update.ItemError{Item: it.Name, Reason: errors.New("it has no core fragment")}
			}
			if !yield(it, err) {
				return
			}
		}
	}
}

// payloadTypes are the members that a computer may be told to download.
var payloadTypes = []string{".cab", ".exe", ".msi", ".msp", ".psf", ".wim", ".esd"}

// Payloads yields the packages inside, to be known by their digests.
func (p *Package) Payloads(context.Context) iter.Seq2[update.Payload, error] {
	return func(yield func(update.Payload, error) bool) {
		for _, m := range p.cab.Members() {
			if strings.EqualFold(m.Name, "WSUSSCAN.cab") || !slices.Contains(payloadTypes, strings.ToLower(path.Ext(m.Name))) {
				continue
			}
			ok := yield(update.Payload{
				Name: m.Name, Size: m.Size,
				Open: func() (io.ReadCloser, error) {
					r, err := p.cab.OpenMember(m.Name)
					return io.NopCloser(r), err
				},
			}, nil)
			if !ok {
				return
			}
		}
	}
}

// Close closes the file.
func (p *Package) Close() error { return p.file.Close() }
