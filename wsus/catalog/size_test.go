package catalog_test

import (
	"runtime"
	"testing"

	"sluice/wsus/catalog"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/update"
)

// synthRows yields the rows of a made catalog of n revisions.
func synthRows(n int) func(yield func(catalog.Row, error) bool) {
	c := synth.New(synth.Shape{Revisions: n, Seed: 1, MaxCore: 1 << 10})
	return func(yield func(catalog.Row, error) bool) {
		for i := range c.Len() {
			rev, _ := c.Revision(i)
			r := catalog.Row{
				ID: update.RevisionID(i + 1), Identity: rev.Identity, Type: rev.Type, Category: rev.Category,
				Deployable: rev.ExplicitlyDeployable, Expired: rev.Expired, Document: true,
				Prerequisites: rev.Prerequisites, Bundles: rev.Bundles, Supersedes: rev.Supersedes, Drivers: rev.Drivers,
				PlainLen: 1000, Since: start, Seq: 1,
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestGraphIsSmall: a graph takes at most 200 bytes a revision, besides what
// drivers say of hardware.
func TestGraphIsSmall(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 20_000
	}
	before := heap()
	g, err := catalog.Build(synthRows(n))
	if err != nil {
		t.Fatal(err)
	}
	each := float64(heap()-before) / float64(n)
	t.Logf("%.0f bytes a revision", each)
	if each > 200 {
		t.Errorf("a graph of %d revisions takes %.0f bytes for each", g.Revisions(), each)
	}
	runtime.KeepAlive(g)
}

func BenchmarkBuild(b *testing.B) {
	var all []catalog.Row
	for r, _ := range synthRows(20_000) {
		all = append(all, r)
	}
	rows := each(all)
	b.Run("graph", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := catalog.Build(rows); err != nil {
				b.Fatal(err)
			}
		}
	})
	g, err := catalog.Build(rows)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("snapshot", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			catalog.NewSnapshot(g, &catalog.Rules{}, 1, start)
		}
	})
}
