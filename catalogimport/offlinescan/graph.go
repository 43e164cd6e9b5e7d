package offlinescan

import (
	"iter"
	"math/bits"
)

// Set is a choice of revisions, by their numbers in the catalog.
type Set struct{ words []uint64 }

// Has reports whether the i-th revision is chosen.
func (s Set) Has(i int) bool { return i>>6 < len(s.words) && s.words[i>>6]>>(i&63)&1 == 1 }

// Len returns how many revisions are chosen.
func (s Set) Len() int {
	n := 0
	for _, w := range s.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// add reports whether i was not there.
func (s Set) add(i int) bool {
	had := s.Has(i)
	s.words[i>>6] |= 1 << (i & 63)
	return !had
}

// Closure returns the chosen revisions together with all that they need to be of
// use: the updates that they name as prerequisites, in any alternative, and as
// categories, and the members of bundles; and what those need in turn. What is in
// a circle of relations, as real catalogs have, is visited once.
func (c *Catalog) Closure(chosen iter.Seq[int]) Set {
	s := Set{words: make([]uint64, (len(c.entries)+63)/64)}
	members := c.members()
	var todo []int
	add := func(i int) {
		if s.add(i) {
			todo = append(todo, i)
		}
	}
	for i := range chosen {
		add(i)
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		e := &c.entries[i]
		for _, l := range c.links[e.from:e.to] {
			if l.kind <= otherCategory {
				for _, r := range c.Revisions(c.ids[l.value]) {
					add(int(r))
				}
			}
		}
		for _, m := range members.of(i) {
			add(int(m))
		}
	}
	return s
}

// membership tells the members of every bundle: BundledBy turned around.
type membership struct {
	from    []uint32 // where those of each bundle begin in members
	members []int32
}

func (m *membership) of(i int) []int32 { return m.members[m.from[i]:m.from[i+1]] }

func (c *Catalog) members() *membership {
	m := &membership{from: make([]uint32, len(c.entries)+1)}
	each := func(visit func(bundle, member int)) {
		for i := range c.entries {
			e := &c.entries[i]
			for _, l := range c.links[e.from:e.to] {
				if l.kind != bundledBy {
					continue
				}
				if bundle, ok := c.Find(l.value); ok {
					visit(bundle, i)
				}
			}
		}
	}
	each(func(bundle, _ int) { m.from[bundle+1]++ })
	for i := 1; i < len(m.from); i++ {
		m.from[i] += m.from[i-1]
	}
	m.members = make([]int32, m.from[len(m.from)-1])
	at := append([]uint32(nil), m.from...)
	each(func(bundle, member int) {
		m.members[at[bundle]] = int32(member)
		at[bundle]++
	})
	return m
}

// Successors returns the revisions that supersede the i-th, also by way of others,
// nearest first, without itself where it is in a circle. Those that the medium
// names and does not have are left out.
func (c *Catalog) Successors(i int) []int {
	seen := map[int]bool{i: true}
	all := []int{i}
	for next := 0; next < len(all); next++ {
		e := &c.entries[all[next]]
		for _, l := range c.links[e.from:e.to] {
			if l.kind != supersededBy {
				continue
			}
			if n, ok := c.Find(l.value); ok && !seen[n] {
				seen[n] = true
				all = append(all, n)
			}
		}
	}
	return all[1:]
}
