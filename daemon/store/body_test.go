package store_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/wsus/catalog"
	"sluice/wsus/soap"
	"sluice/wsus/soap/xpress"
	"sluice/wsus/update"
)

func TestBodiesComeBackUnchanged(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	m := software(1, 1, func(m *made) {
		m.frags.Core = []byte("<A b=\"1 &amp; 2\">\U0001F600</A>")
		m.frags.Eula = []update.LocalizedFragment{{Language: "en", XML: []byte("<EulaFile/>")}}
	})
	local := software(2, 1, fragmentsOnly, func(m *made) { m.frags.Localized = nil })
	importAll(t, s, "m", m, local)
	rows := graph(t, s)
	id, localID := rows[named(1)].ID, rows[named(2)].ID
	core, localCore := rows[named(1)].Core, rows[named(2)].Core

	doc, err := s.Document(t.Context(), id)
	if err != nil || !bytes.Equal(doc, m.item.Document) {
		t.Errorf("document %q, %v, want %q", doc, err, m.item.Document)
	}
	if _, err := s.Document(t.Context(), localID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("document of fragments: %v, want ErrNotFound", err)
	}
	for _, tt := range []struct {
		id   update.RevisionID
		want update.Fragments
	}{{id, m.frags}, {localID, local.frags}} {
		f, err := s.Fragments(t.Context(), tt.id)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&tt.want, f); diff != "" {
			t.Errorf("fragments of %d (-want +got):\n%s", tt.id, diff)
		}
	}
	if _, err := s.Fragments(t.Context(), 999); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("fragments of an unknown revision: %v, want ErrNotFound", err)
	}
	cores, err := s.Cores(t.Context(), []catalog.CoreID{localCore, core, localCore})
	if diff := cmp.Diff([][]byte{local.frags.Core, m.frags.Core, local.frags.Core}, cores); err != nil || diff != "" {
		t.Errorf("cores in the order asked: %v (-want +got):\n%s", err, diff)
	}
	if _, err := s.Cores(t.Context(), []catalog.CoreID{core, 999}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("core that was never stored: %v, want ErrNotFound", err)
	}
}

// Cores around the limits of a small core and of a chunk, of characters that
// may not be cut.
func TestLargeCores(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	sizes := []int{1, 16<<10 - 1, 16 << 10, 16<<10 + 1, 64 << 10, 64*xpress.BlockSize - 1, 64 * xpress.BlockSize, 64*xpress.BlockSize + 1, 3 << 20}
	var all []*made
	for i, n := range sizes {
		core := strings.Repeat("€", n/3) + strings.Repeat("x", n%3)
		all = append(all, software(i, 1, func(m *made) { m.frags.Core = []byte(core) }))
	}
	markup := software(100, 1, func(m *made) { m.frags.Core = bytes.Repeat([]byte("<a b=\"&amp;\"/>\n"), 200_000) })
	importAll(t, s, "m", append(all, markup)...)
	rows := graph(t, s)
	for _, m := range append(all, markup) {
		r, core := rows[m.rev.Identity], m.frags.Core
		escaped := soap.AppendEscaped(nil, core)
		if r.PlainLen != int64(len(escaped)) {
			t.Errorf("%d bytes: PlainLen %d, want %d", len(core), r.PlainLen, len(escaped))
		}
		f, err := s.Fragments(t.Context(), r.ID)
		if err != nil || !bytes.Equal(f.Core, core) {
			t.Errorf("%d bytes: core changed, %v", len(core), err)
		}
		if large := len(escaped) > 16<<10; large != (r.XpressLen > 0) {
			t.Errorf("%d bytes escaped: XpressLen %d", len(escaped), r.XpressLen)
			continue
		} else if !large {
			if _, err := s.CoreChunk(t.Context(), r.Core, 0); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("chunk of a small core: %v, want ErrNotFound", err)
			}
			continue
		}
		var wire []byte
		for n := 0; ; n++ {
			chunk, err := s.CoreChunk(t.Context(), r.Core, n)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || len(chunk) > 1<<20 {
				t.Fatalf("chunk %d: %d bytes, %v", n, len(chunk), err)
			}
			wire = append(wire, chunk...)
		}
		plain, err := xpress.Decode(nil, wire, len(escaped))
		if err != nil || int64(len(wire)) != r.XpressLen || !bytes.Equal(plain, escaped) {
			t.Errorf("%d bytes: wire form of %d bytes, announced %d, decodes wrongly: %v", len(core), len(wire), r.XpressLen, err)
		}
		if _, err := s.Cores(t.Context(), []catalog.CoreID{r.Core}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("large core among small ones: %v, want ErrNotFound", err)
		}
	}
}

func TestGraphRowsHaveTheRelations(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	m := software(1, 1, inCategory(7), bundling(named(2), named(3)), func(m *made) {
		m.rev.Type, m.rev.Expired = update.Driver, true
		m.rev.Supersedes = []update.ID{uid(4)}
		m.rev.Prerequisites = append(m.rev.Prerequisites, update.Clause{Any: []update.ID{uid(5), uid(6)}})
		m.rev.Drivers = []update.DriverMatch{{
			HardwareID: `pci\ven_1`, VerDate: madeOn, VerVersion: 1 << 60, Class: "Printer", Manufacturer: "M", Provider: "P", Model: "Mo",
			Scores: []update.FeatureScore{{OperatingSystem: "W", Score: 255}}, Distribution: []update.ID{uid(8)}, Target: []update.ID{uid(9)},
		}, {HardwareID: "none"}}
		m.frags.Core = []byte("<ApplicabilityRules><IsInstalled><True /></IsInstalled></ApplicabilityRules>")
	})
	importAll(t, s, "m", m)
	got := graph(t, s)[named(1)]
	want := got // what is not compared below
	want.Type, want.Expired, want.Always = update.Driver, true, true
	want.Prerequisites, want.Bundles, want.Supersedes, want.Drivers = m.rev.Prerequisites, m.rev.Bundles, m.rev.Supersedes, m.rev.Drivers
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
}

func TestGraphRowsStopWhenAsked(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	var all []*made
	for n := range 10 {
		all = append(all, software(n, 1))
	}
	importAll(t, s, "m", all...)
	n := 0
	for _, err := range s.GraphRows(t.Context()) {
		if n++; err != nil || n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d rows, want 3", n)
	}
	bump(t, s, store.CatalogChanged) // no read is left open
}
