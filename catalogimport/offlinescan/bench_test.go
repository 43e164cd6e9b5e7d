package offlinescan_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"sluice/catalogimport/cabinet/cabwrite"
	"sluice/catalogimport/offlinescan"
	"sluice/wsus/metadata"
	"sluice/wsus/metadata/synth"
)

// large is a medium of 10,000 revisions, whose cores are as those of a real one
// up to their limit.
var large = shape{
	Catalog: synth.Shape{Revisions: 10_000, Seed: 3, MaxCore: 48 << 10},
	Shards:  8, Inner: cabwrite.MSZIP, Outer: cabwrite.None,
}

// BenchmarkScan reads a medium of 10,000 revisions: the indexes alone, everything,
// and everything as metadata. B/s are of fragments.
func BenchmarkScan(b *testing.B) {
	medium, fragments := large.write(b)
	path := filepath.Join(b.TempDir(), "wsusscn2.cab")
	if err := os.WriteFile(path, medium, 0o600); err != nil {
		b.Fatal(err)
	}
	medium = nil
	openFile := func(b *testing.B) *offlinescan.Scan {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		s, err := offlinescan.Open(context.Background(), f, b.TempDir(), offlinescan.DefaultLimits())
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			openFile(b).Close()
		}
	})
	for name, parse := range map[string]bool{"items": false, "metadata": true} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(fragments)
			for b.Loop() {
				s := openFile(b)
				for it, err := range s.Items(context.Background()) {
					if err == nil && parse {
						_, err = metadata.FromFragments(it.Fragments)
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				s.Close()
			}
		})
	}
}

// TestMemory reads a medium of which one shard is larger than what is kept in
// memory of it, and sees the heap stay small.
func TestMemory(t *testing.T) {
	shape := large
	shape.Catalog.Revisions, shape.Catalog.MaxCore, shape.Shards, shape.Inner = 2_000, 4<<20, 1, cabwrite.None
	medium, fragments := shape.write(t)
	lim := offlinescan.DefaultLimits()
	lim.Memory = 2 << 20
	s := mustOpen(t, medium, lim)
	medium = nil
	runtime.GC()
	most := watchHeap()
	n := 0
	for _, err := range s.Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	const allowed = 36 << 20 // of which the indexes and the readers of cabinets are some
	if heap := most(); heap > allowed || fragments < allowed {
		t.Errorf("%d MiB of heap for %d MiB of fragments in %d revisions, at most %d are wanted", heap>>20, fragments>>20, n, allowed>>20)
	} else {
		t.Logf("%d MiB of heap for %d MiB of fragments in %d revisions", heap>>20, fragments>>20, n)
	}
}

// watchHeap samples by how much the heap grows until the function that it returns
// is called, which returns the most.
func watchHeap() (most func() uint64) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	start, peak := heap(), uint64(0)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			if h := heap(); h > start {
				peak = max(peak, h-start)
			}
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	})
	return func() uint64 {
		close(stop)
		wg.Wait()
		return peak
	}
}
