package daemon

// heapBound returns how many bytes the Go heap should take at most for a catalog
// of so many revisions: what an import needs while it works on the largest
// document there is, which is some 120 MB whatever is stored, and three times
// the snapshot. Without a bound the heap doubles before anything is collected,
// and the garbage of one such document stays until the next.
//
// With SQLite's caches and the program itself a daemon stays below 256 MiB at
// 20,000 revisions and below 512 MiB at 100,000.
func heapBound(revisions int) int64 {
	const base, each = 144 << 20, 1536
	return base + int64(revisions)*each
}

// boundHeap has bound told, which may be nil, what the heap should take at most
// now and whenever the catalog is shown anew.
func (c *catalogs) boundHeap(bound func(heap int64)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bound = bound
	c.boundNow()
}

func (c *catalogs) boundNow() {
	if c.bound != nil {
		c.bound(heapBound(c.Current().Graph().Revisions()))
	}
}
