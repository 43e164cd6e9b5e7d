package catalog

import "sluice/wsus/update"

// Budget is what a scan of a client that holds nothing costs at most: one that
// finds every product of the catalog installed.
type Budget struct {
	Revisions int   // in scope, drivers excepted
	Bytes     int64 // of their core fragments, escaped
	// Trips is how many SyncUpdates calls it takes with pages of the given size,
	// besides the one that finds nothing new. A Windows client makes at most 200.
	Trips int
}

// Budget projects the cost of a fresh client's first scan over the whole scope
// with pages of at most pageUpdates and pageBytes.
func (s *Snapshot) Budget(pageUpdates int, pageBytes int64) Budget {
	var b Budget
	g := s.graph
	installed := newBitset(len(g.updates))
	sent := newBitset(len(g.id))
	for {
		// One level: what the updates so far satisfy.
		var level []int32
		for r := range s.scope.in.all {
			if g.typ[r] != update.Driver && !sent.has(r) && s.satisfiedBy(installed, r) {
				level = append(level, r)
			}
		}
		if len(level) == 0 {
			break
		}
		count, bytes := 0, int64(0)
		for _, r := range level {
			if count > 0 && (count == pageUpdates || bytes+g.plain[r] > pageBytes) {
				b.Trips++
				count, bytes = 0, 0
			}
			count, bytes = count+1, bytes+g.plain[r]
			b.Revisions, b.Bytes = b.Revisions+1, b.Bytes+g.plain[r]
			sent.set(r)
		}
		b.Trips++
		for _, r := range level {
			if !g.leaf(r) {
				installed.set(g.upd[r])
			}
		}
	}
	return b
}

func (s *Snapshot) satisfiedBy(installed bitset, r int32) bool {
	g := s.graph
	for _, c := range g.clauses.terms.list(g.cnf[r]) {
		ok := false
		for _, u := range g.clauses.updatesOf(c) {
			if installed.has(u) {
				ok = true
				break
			}
		}
		if !ok {
			return false
		}
	}
	return true
}
