package catalog

import (
	"sync"
	"testing"
)

func TestCache(t *testing.T) {
	t.Parallel()
	c := newCache[int, int](10)
	for n := range 10 {
		c.put(n, n)
	}
	c.put(3, 99) // is not taken
	for n := range 10 {
		if v, ok := c.get(n); !ok || v != n {
			t.Fatalf("get(%d) = %d, %v", n, v, ok)
		}
	}
	for n := 10; n < 30; n++ {
		c.get(7)
		c.put(n, n)
	}
	if _, ok := c.get(7); !ok {
		t.Error("what was asked for all the time is gone")
	}
	kept := 0
	for n := range 30 {
		if _, ok := c.get(n); ok {
			kept++
		}
	}
	if kept != 10 {
		t.Errorf("%d of 10 are kept", kept)
	}
}

func TestCacheIsSafe(t *testing.T) {
	t.Parallel()
	c := newCache[int, int](50)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				k := (i*7 + g*13) % 200
				if v, ok := c.get(k); ok && v != k {
					t.Errorf("get(%d) = %d", k, v)
				}
				c.put(k, k)
			}
		})
	}
	wg.Wait()
	if len(c.ring) != 50 {
		t.Errorf("%d items of 50", len(c.ring))
	}
}
