package clientsync

import (
	"sync"
	"sync/atomic"
)

// byteCache is a map of byte slices, bounded by what they weigh, that forgets
// what was not asked for lately. Reading takes no lock. A slice that is in it is
// shared: nobody changes it.
type byteCache[K comparable] struct {
	items sync.Map // K -> *byteItem[K]

	mu   sync.Mutex // of put
	max  int64
	used int64
	ring []*byteItem[K]
	hand int
}

type byteItem[K comparable] struct {
	key  K
	data []byte
	used atomic.Bool // since the hand last passed
}

// itemOverhead is about what an entry weighs besides its bytes.
const itemOverhead = 128

func (i *byteItem[K]) weight() int64 { return int64(len(i.data)) + itemOverhead }

func newByteCache[K comparable](max int64) *byteCache[K] { return &byteCache[K]{max: max} }

func (c *byteCache[K]) get(k K) ([]byte, bool) {
	e, ok := c.items.Load(k)
	if !ok {
		return nil, false
	}
	item := e.(*byteItem[K])
	if !item.used.Load() {
		item.used.Store(true)
	}
	return item.data, true
}

// put keeps data under k, unless something is kept there already or it weighs
// more than a quarter of the cache.
func (c *byteCache[K]) put(k K, data []byte) {
	item := &byteItem[K]{key: k, data: data}
	if item.weight() > c.max/4 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.items.LoadOrStore(k, item); ok {
		return
	}
	c.used += item.weight()
	for c.used > c.max {
		c.evict()
	}
	c.ring = append(c.ring, item)
}

// evict takes out the first item that was not used since the hand last came by.
func (c *byteCache[K]) evict() {
	for {
		if c.hand >= len(c.ring) {
			c.hand = 0
		}
		item := c.ring[c.hand]
		if item.used.Swap(false) {
			c.hand++
			continue
		}
		c.items.Delete(item.key)
		c.used -= item.weight()
		last := len(c.ring) - 1
		c.ring[c.hand] = c.ring[last]
		c.ring[last] = nil
		c.ring = c.ring[:last]
		return
	}
}
