package catalog

import (
	"encoding/binary"
	"slices"
)

// clauses interns the prerequisites of all revisions. A clause is a sorted set
// of updates, a cnf a sorted set of clauses. A hundred thousand revisions share
// a few thousand cnfs, so a scan judges each distinct one once.
type clauses struct {
	// sets[c] lists the updates of clause c.
	sets flat
	// naming[u] lists the clauses that name update u.
	naming flat
	// terms[f] lists the clauses of cnf f.
	terms flat
	// using[c] lists the cnfs that clause c is a term of.
	using flat
	// members[f] lists the revisions whose prerequisites are cnf f. Cnf 0 is the
	// empty one, always satisfied.
	members flat
	count   int // of clauses
}

func (c *clauses) updatesOf(clause int32) []int32 { return c.sets.list(clause) }

// flat is a list of lists of dense indexes in two arrays.
type flat struct {
	start []int32 // one more than there are lists
	items []int32
}

func (f *flat) list(i int32) []int32 { return f.items[f.start[i]:f.start[i+1]] }

// append adds a list behind the others.
func (f *flat) append(list []int32) {
	f.items = append(f.items, list...)
	f.start = append(f.start, int32(len(f.items)))
}

// flatten turns the pairs (list, item) that the function yields, the same ones
// each time, into n lists that keep their order.
func flatten(n int, pairs func(yield func(list, item int32))) flat {
	f := flat{start: make([]int32, n+1)}
	pairs(func(list, _ int32) { f.start[list+1]++ })
	for i := range n {
		f.start[i+1] += f.start[i]
	}
	f.items = make([]int32, f.start[n])
	next := slices.Clone(f.start[:n])
	pairs(func(list, item int32) {
		f.items[next[list]] = item
		next[list]++
	})
	return f
}

// flattenSets is [flatten] for lists that are at hand.
func flattenSets(sets [][]int32) flat {
	return flatten(len(sets), func(yield func(list, item int32)) {
		for i, set := range sets {
			for _, v := range set {
				yield(int32(i), v)
			}
		}
	})
}

// interner numbers distinct sorted sets of int32 from 0 in order of arrival.
type interner struct {
	ids  map[string]int32
	sets [][]int32
	key  []byte
}

func newInterner() *interner { return &interner{ids: make(map[string]int32)} }

// intern sorts set, drops duplicates, and returns its number.
func (in *interner) intern(set []int32) int32 {
	slices.Sort(set)
	set = slices.Compact(set)
	in.key = in.key[:0]
	for _, v := range set {
		in.key = binary.LittleEndian.AppendUint32(in.key, uint32(v))
	}
	if id, ok := in.ids[string(in.key)]; ok {
		return id
	}
	id := int32(len(in.sets))
	in.ids[string(in.key)] = id
	in.sets = append(in.sets, slices.Clone(set))
	return id
}
