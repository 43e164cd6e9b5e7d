package catalog

import (
	"encoding/binary"
	"hash/maphash"
	"slices"

	"sluice/wsus/update"
)

// Request is the part of a SyncUpdates call that decides its answer.
type Request struct {
	Plan *Plan
	// Installed are the RevisionIDs of InstalledNonLeafUpdateIDs, Other those of
	// OtherCachedUpdateIDs. Together they are what the client holds.
	Installed, Other []update.RevisionID
	// Filter limits the answer to updates of these categories and what they
	// depend on. Empty means all.
	Filter []update.ID
	// Told is what the client's cookie says that it was told last. Nil where it
	// says nothing: the client is then told the deployment of all it holds.
	Told *Told
}

// Told is the plan and the seq that a client was last told in full.
type Told struct {
	Plan *Plan
	Seq  int64
}

// Answer is what a client is missing and what it holds in vain.
type Answer struct {
	// New are the heads to send, what others depend on first.
	New []Head
	// OutOfScope are held ids that the client shall drop. Where the request was
	// filtered they are only what no client is offered any more: Deployed is
	// what is still offered and of no concern to this scan.
	OutOfScope, Deployed []update.RevisionID

	held bitset // heads that the client holds and keeps
}

// Head is a revision of an [Answer]; [Snapshot.Entry] makes what is sent of it.
type Head int32

// Entry returns what a client is sent of a head.
func (s *Snapshot) Entry(p *Plan, h Head) Entry { return s.entry(p, int32(h)) }

// Sync answers the software pass of SyncUpdates (MS-WUSP 3.1.5.7): every type
// but drivers.
func (s *Snapshot) Sync(req *Request) Answer {
	needed := s.neededBy(req)
	want := newBitset(len(s.graph.id))
	for _, r := range needed {
		want.set(r)
	}
	var filter bitset
	if len(req.Filter) > 0 {
		filter = s.filter(req.Filter)
	}
	ans := Answer{held: newBitset(len(s.graph.id))}
	for _, ids := range [2][]update.RevisionID{req.Installed, req.Other} {
		for _, id := range ids {
			s.judge(&ans, want, filter, id)
		}
	}
	for _, r := range needed {
		if !ans.held.has(r) && (filter == nil || filter.has(r)) {
			ans.New = append(ans.New, Head(r))
		}
	}
	s.order(ans.New)
	return ans
}

// judge sorts one held id into what stays and what the client drops.
func (s *Snapshot) judge(ans *Answer, want, filter bitset, id update.RevisionID) {
	r := s.graph.revision(id)
	switch {
	case r >= 0 && want.has(r) && (filter == nil || filter.has(r)):
		ans.held.set(r)
	case r >= 0 && filter != nil && s.scope.in.has(r):
		ans.Deployed = append(ans.Deployed, id)
	default:
		ans.OutOfScope = append(ans.OutOfScope, id)
	}
}

// order puts what the client must evaluate first in front: categories and
// detectoids, then what is a prerequisite of others, then the rest.
func (s *Snapshot) order(heads []Head) {
	class := func(r int32) int {
		switch {
		case s.graph.typ[r] == update.Category:
			return 0
		case s.graph.typ[r] == update.Detectoid:
			return 1
		case !s.graph.leaf(r):
			return 2
		}
		return 3
	}
	slices.SortFunc(heads, func(a, b Head) int {
		if c, d := class(int32(a)), class(int32(b)); c != d {
			return c - d
		}
		return int(a) - int(b)
	})
}

// Changed returns the heads that the client of an answer holds and keeps and
// whose deployment or leaf state is not what it was told. They ride only on the
// last answer of a scan, which is why they are not in every [Answer].
func (s *Snapshot) Changed(req *Request, ans *Answer) []Head {
	g := s.graph
	var changed []Head
	if req.Told == nil || req.Told.Seq < s.rules.OldestTombstone {
		// Leaf states matter to what a client asks for; those can wait for a scan
		// that is not limited to categories.
		leaves := len(req.Filter) == 0
		for r := range ans.held.all {
			if g.deployable(g.upd[r]) || leaves && g.leafSeq[g.upd[r]] != 0 {
				changed = append(changed, Head(r))
			}
		}
		return changed
	}
	tell := newBitset(len(g.id))
	req.Plan.changes(req.Told.Plan, req.Told.Seq, func(u int32) {
		if h := g.head[u]; h >= 0 && ans.held.has(h) {
			tell.set(h)
		}
	})
	for r := range ans.held.all {
		if g.leafSeq[g.upd[r]] > req.Told.Seq {
			tell.set(r)
		}
	}
	for r := range tell.all {
		changed = append(changed, Head(r))
	}
	return changed
}

// neededKey names a cached list of needed heads.
type neededKey struct {
	installed [2]uint64 // two hashes of the sorted list
}

// neededBy returns the heads in scope whose prerequisites the client's
// installed updates satisfy, drivers excepted. The result is shared: not to be
// changed.
func (s *Snapshot) neededBy(req *Request) []int32 {
	ids := req.Installed
	if !slices.IsSorted(ids) {
		ids = slices.Sorted(slices.Values(ids))
	}
	key := s.hashIDs(ids)
	if list, ok := s.needed.get(key); ok {
		return list
	}
	list := make([]int32, 0, 256)
	for _, f := range s.satisfied(ids) {
		for _, r := range s.graph.clauses.members.list(f) {
			if s.scope.in.has(r) && s.graph.typ[r] != update.Driver {
				list = append(list, r)
			}
		}
	}
	slices.Sort(list)
	s.needed.put(key, list)
	return list
}

func (s *Snapshot) hashIDs(ids []update.RevisionID) neededKey {
	var key neededKey
	b := make([]byte, 0, 4*len(ids))
	for _, id := range ids {
		b = binary.LittleEndian.AppendUint32(b, uint32(id))
	}
	for i, seed := range s.seeds {
		key.installed[i] = maphash.Bytes(seed, b)
	}
	return key
}

// satisfied returns the cnfs that installed revisions satisfy. An installed
// revision of an update, whichever it is, satisfies the clauses that name it.
func (s *Snapshot) satisfied(installed []update.RevisionID) []int32 {
	c := &s.graph.clauses
	holds := newBitset(c.count)
	for _, id := range installed {
		if r := s.graph.revision(id); r >= 0 {
			for _, clause := range c.naming.list(s.graph.upd[r]) {
				holds.set(clause)
			}
		}
	}
	var out []int32
	for f := range int32(len(c.terms.start) - 1) {
		ok := true
		for _, clause := range c.terms.list(f) {
			if !holds.has(clause) {
				ok = false
				break
			}
		}
		if ok {
			out = append(out, f)
		}
	}
	return out
}

// filter returns the heads in scope of the given categories, with everything
// that those depend on.
func (s *Snapshot) filter(categories []update.ID) bitset {
	g := s.graph
	in := newBitset(len(g.id))
	var queue []int32
	enter := func(u int32) {
		if h := g.head[u]; h >= 0 && s.scope.in.has(h) && in.add(h) {
			queue = append(queue, h)
		}
	}
	for _, id := range categories {
		u := g.update(id)
		if u < 0 {
			continue
		}
		enter(u)
		for _, clause := range g.clauses.naming.list(u) {
			for _, f := range g.clauses.using.list(clause) {
				for _, r := range g.clauses.members.list(f) {
					enter(g.upd[r])
				}
			}
		}
	}
	for len(queue) > 0 {
		r := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		g.prerequisites(r, enter)
		for _, u := range g.bundles.list(r) {
			enter(u)
		}
	}
	return in
}
