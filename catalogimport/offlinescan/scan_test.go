package offlinescan_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/catalogimport"
	"sluice/catalogimport/cabinet/cabwrite"
	"sluice/catalogimport/damage"
	"sluice/catalogimport/offlinescan"
	"sluice/catalogimport/offlinescan/synthscan"
	"sluice/wsus/metadata"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/update"
)

var _ catalogimport.Source = (*offlinescan.Scan)(nil)

// open opens a medium of these bytes.
func open(tb testing.TB, b []byte, lim offlinescan.Limits) (*offlinescan.Scan, error) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "wsusscn2.cab")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		tb.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := offlinescan.Open(context.Background(), f, tb.TempDir(), lim)
	if err == nil {
		tb.Cleanup(func() { s.Close() })
	}
	return s, err
}

func mustOpen(tb testing.TB, b []byte, lim offlinescan.Limits) *offlinescan.Scan {
	tb.Helper()
	s, err := open(tb, b, lim)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// result is what came of reading all items.
type result struct {
	items   map[string]update.Item // by their names
	refused []string
	err     error
}

func read(s *offlinescan.Scan) result {
	r := result{items: map[string]update.Item{}}
	for it, err := range s.Items(context.Background()) {
		var bad *update.ItemError
		switch {
		case errors.As(err, &bad):
			r.refused = append(r.refused, bad.Error())
		case err != nil:
			r.err = err
		default:
			r.items[it.Name] = it
		}
	}
	return r
}

func write(tb testing.TB, m synthscan.Medium) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// shape says of what catalog a scan file is made.
type shape struct {
	Catalog      synth.Shape
	Shards       int
	Inner, Outer cabwrite.Method
}

// write returns the scan file and how many bytes of fragments it holds.
func (s shape) write(tb testing.TB) (medium []byte, fragments int64) {
	tb.Helper()
	c := synth.New(s.Catalog)
	var b bytes.Buffer
	fragments, err := synthscan.Write(&b, synthscan.Shape{
		Len:      c.Len(),
		Revision: func(i int) *update.Revision { rev, _ := c.Revision(i); return rev },
		Document: func(i int) []byte { return c.Item(i).Document },
		Text:     synth.Payload,
		Shards:   s.Shards, Inner: s.Inner, Outer: s.Outer,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return b.Bytes(), fragments
}

// generated returns a scan file of a synthetic catalog, and that.
func generated(tb testing.TB, s shape) ([]byte, *synth.Catalog) {
	tb.Helper()
	b, _ := s.write(tb)
	return b, synth.New(s.Catalog)
}

var smallShape = shape{
	Catalog: synth.Shape{Revisions: 300, Seed: 1, MaxCore: 40_000}, Shards: 4,
	Inner: cabwrite.MSZIP, Outer: cabwrite.None,
}

// TestGenerated reads every revision and its fragments back, byte for byte, from
// memory and by way of the scratch file.
func TestGenerated(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		memory       int
		inner, outer cabwrite.Method
	}{
		{"in memory", 24 << 20, cabwrite.MSZIP, cabwrite.None},
		{"in a scratch file", 0, cabwrite.LZX, cabwrite.MSZIP},
		{"half and half", 1 << 20, cabwrite.None, cabwrite.LZX},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			shape := smallShape
			shape.Inner, shape.Outer = tt.inner, tt.outer
			b, catalog := generated(t, shape)
			lim := offlinescan.DefaultLimits()
			lim.Memory = tt.memory
			s := mustOpen(t, b, lim)
			if s.Medium().Items != catalog.Len() || s.Shards() != 4 {
				t.Errorf("%+v, %d shards", s.Medium(), s.Shards())
			}
			r := read(s)
			if r.err != nil || len(r.refused) > 0 || len(r.items) != catalog.Len() {
				t.Fatalf("%d items, refused %v, %v", len(r.items), r.refused, r.err)
			}
			per := (catalog.Len() + 3) / 4
			for i := range catalog.Len() {
				rev, want, err := metadata.Split(catalog.Item(i).Document)
				if err != nil {
					t.Fatal(err)
				}
				slices.SortFunc(want.Localized, func(a, b update.LocalizedFragment) int { return strings.Compare(a.Language, b.Language) })
				id := synthscan.RevisionID(i)
				it := r.items[fmt.Sprintf("%s c/%d", synthscan.ShardName(i/per), id)]
				if it.Fragments == nil || !same(want, it.Fragments) {
					t.Fatalf("fragments of %d (-want +got):\n%s", id, cmp.Diff(want, it.Fragments))
				}
				if it.Minted || !it.Created.Equal(rev.Created.Truncate(1e9)) || len(it.Files) != len(rev.Files) {
					t.Errorf("item %d: minted %v, created %v, %d files; want %v, %d", id, it.Minted, it.Created, len(it.Files), rev.Created, len(rev.Files))
				}
				for _, f := range it.Files {
					if f.Name == "" || f.Language == "" && f.URL != "http://updates.example/d/msdownload/"+f.Name || f.Language != "" && f.URL != "" {
						t.Errorf("item %d: file %+v", id, f)
					}
				}
			}
		})
	}
}

// same reports whether two sets of fragments are the same to the byte.
func same(a, b *update.Fragments) bool {
	equal := func(x, y []update.LocalizedFragment) bool {
		return slices.EqualFunc(x, y, func(x, y update.LocalizedFragment) bool {
			return x.Language == y.Language && bytes.Equal(x.XML, y.XML)
		})
	}
	return bytes.Equal(a.Core, b.Core) && bytes.Equal(a.Extended, b.Extended) && equal(a.Localized, b.Localized) && equal(a.Eula, b.Eula)
}

func TestPayloads(t *testing.T) {
	t.Parallel()
	b, catalog := generated(t, smallShape)
	want := map[update.Digest]bool{}
	for i := range catalog.Len() {
		rev, _ := catalog.Revision(i)
		for _, f := range rev.Files {
			if f.Language != "" {
				want[f.Digest] = true
			}
		}
	}
	s := mustOpen(t, b, offlinescan.DefaultLimits())
	got := map[update.Digest]bool{}
	for p, err := range s.Payloads(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		got[p.Digest] = true
		for range 2 {
			r, err := p.Open()
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(r)
			if err != nil || update.Digest(sha1.Sum(b)) != p.Digest || int64(len(b)) != p.Size {
				t.Errorf("%s: %d bytes, %v", p.Name, len(b), err)
			}
			r.Close()
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("texts of licenses (-want +got):\n%s", diff)
	}
}

// TestFrom goes on at every shard: what went before and what comes is everything.
func TestFrom(t *testing.T) {
	t.Parallel()
	b, catalog := generated(t, smallShape)
	for stop := range 5 {
		names := map[string]bool{}
		s := mustOpen(t, b, offlinescan.DefaultLimits())
		s.ItemsByShard(context.Background(), func(shard int, it update.Item, err error) bool {
			if err != nil {
				t.Error(err)
			}
			if shard < stop {
				names[it.Name] = true
			}
			return shard < stop
		})
		s = mustOpen(t, b, offlinescan.DefaultLimits())
		s.From(stop)
		for it, err := range s.Items(context.Background()) {
			if err != nil || names[it.Name] {
				t.Fatalf("%s again, or %v", it.Name, err)
			}
			names[it.Name] = true
		}
		if len(names) != catalog.Len() {
			t.Errorf("stopped before shard %d: %d of %d revisions in all", stop, len(names), catalog.Len())
		}
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	b, _ := generated(t, smallShape)
	s := mustOpen(t, b, offlinescan.DefaultLimits())
	ctx, cancel := context.WithCancel(context.Background())
	n, last := 0, error(nil)
	for _, err := range s.Items(ctx) {
		if n++; n == 10 {
			cancel()
		}
		last = err
	}
	if n != 11 || !errors.Is(last, context.Canceled) {
		t.Errorf("%d items after a cancel at 10, the last with %v", n, last)
	}
	cancel()
}

// TestScratchFailure tells a scratch file that cannot be written from a bad medium.
func TestScratchFailure(t *testing.T) {
	t.Parallel()
	b, _ := generated(t, smallShape)
	path := filepath.Join(t.TempDir(), "m")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	lim := offlinescan.DefaultLimits()
	lim.Memory = 0
	_, err = offlinescan.Open(context.Background(), f, filepath.Join(t.TempDir(), "absent"), lim)
	if !errors.As(err, new(*offlinescan.ScratchError)) {
		t.Errorf("error %v, want a ScratchError", err)
	}
}

// TestScratchRemoved leaves nothing behind, whenever reading ends.
func TestScratchRemoved(t *testing.T) {
	t.Parallel()
	b, _ := generated(t, smallShape)
	dir, scratch := t.TempDir(), t.TempDir()
	path := filepath.Join(dir, "m")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	lim := offlinescan.DefaultLimits()
	lim.Memory = 0
	for stop := range 3 {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := offlinescan.Open(context.Background(), f, scratch, lim)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for range s.Items(context.Background()) {
			if n++; stop > 0 && n == stop*100 {
				break
			}
		}
		s.Close()
		if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
			t.Errorf("stopped after %d: %v, %v is left", n, left, err)
		}
	}
}

// TestDamaged cuts and flips: a damaged medium is refused, or gives the same.
func TestDamaged(t *testing.T) {
	t.Parallel()
	shape := smallShape
	shape.Catalog.Revisions, shape.Catalog.MaxCore = 60, 2000
	b, _ := generated(t, shape)
	damaged(t, b)
}

func damaged(t *testing.T, good []byte) {
	t.Helper()
	whole := read(mustOpen(t, good, offlinescan.DefaultLimits()))
	rng := rand.New(rand.NewPCG(uint64(len(good)), 7))
	for i := range damages {
		b, what := damage.Flip(rng, good)
		if i%3 == 0 {
			b, what = damage.Cut(rng, good)
		}
		s, err := open(t, b, offlinescan.DefaultLimits())
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Errorf("%s: an error without a text", what)
			}
			continue
		}
		r := read(s)
		if r.err != nil {
			continue
		}
		// cmp is slow on long bytes, and they are equal nearly always.
		if !reflect.DeepEqual(whole.items, r.items) {
			t.Errorf("%s: read as something else (-want +got):\n%.2000s", what, cmp.Diff(whole.items, r.items))
		}
	}
}
