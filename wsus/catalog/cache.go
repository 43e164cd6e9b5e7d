package catalog

import (
	"sync"
	"sync/atomic"
)

// cache is a bounded map that forgets what was not asked for lately. Reading
// takes no lock.
type cache[K comparable, V any] struct {
	items sync.Map // K -> *cacheItem[K, V]

	mu   sync.Mutex // of put
	max  int
	ring []*cacheItem[K, V]
	hand int
}

type cacheItem[K comparable, V any] struct {
	key   K
	value V
	used  atomic.Bool // since the hand last passed
}

func newCache[K comparable, V any](max int) *cache[K, V] { return &cache[K, V]{max: max} }

func (c *cache[K, V]) get(k K) (v V, ok bool) {
	e, ok := c.items.Load(k)
	if !ok {
		return v, false
	}
	item := e.(*cacheItem[K, V])
	if !item.used.Load() {
		item.used.Store(true)
	}
	return item.value, true
}

// put keeps v under k unless something is kept there already.
func (c *cache[K, V]) put(k K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	item := &cacheItem[K, V]{key: k, value: v}
	if _, ok := c.items.LoadOrStore(k, item); ok {
		return
	}
	if len(c.ring) < c.max {
		c.ring = append(c.ring, item)
		return
	}
	// The clock hand takes the first that was not used since it last came by.
	for c.ring[c.hand].used.Swap(false) {
		c.hand = (c.hand + 1) % c.max
	}
	c.items.Delete(c.ring[c.hand].key)
	c.ring[c.hand] = item
	c.hand = (c.hand + 1) % c.max
}
