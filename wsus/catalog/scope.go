package catalog

import (
	"slices"
	"time"

	"sluice/wsus/update"
)

// Scope is the set of heads that clients are offered for evaluation, and how
// each came to be in it. Categories always are; what may be approved is unless
// it expired, was declined or was superseded by something that is offered;
// everything else comes in as a prerequisite or bundle member of those. It is
// what keeps a fresh client below the 200 round trips that it makes at most.
type Scope struct {
	in     bitset // revisions
	member bitset // revisions that are a bundle member of one in scope
	root   bitset // revisions that are in scope in their own right
}

// newScope computes the scope. It depends on the time only through the grace
// of superseded approvals.
func newScope(g *Graph, ix *ruleIndex, now time.Time) *Scope {
	s := &Scope{in: newBitset(len(g.id)), member: newBitset(len(g.id)), root: newBitset(len(g.id))}
	hidden := hiddenUpdates(g, ix)
	var queue []int32
	enter := func(u int32) {
		if g.live(u) && !ix.declined.has(u) && s.in.add(g.head[u]) {
			queue = append(queue, g.head[u])
		}
	}
	for u := range int32(len(g.updates)) {
		h := g.head[u]
		if h < 0 {
			continue
		}
		offered := g.deployable(u) && (!hidden.has(u) || keepSuperseded(g, ix, u, now))
		if offered && !ix.declined.has(u) {
			s.root.set(h)
		}
		if offered || g.typ[h] == update.Category {
			enter(u)
		}
	}
	for len(queue) > 0 {
		r := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		g.prerequisites(r, enter)
		for _, u := range g.bundles.list(r) {
			if h := g.head[u]; h >= 0 {
				s.member.set(h)
			}
			enter(u)
		}
	}
	return s
}

// hiddenUpdates returns the updates that something live supersedes, directly or
// through a chain of live ones. What was declined or withdrawn supersedes
// nothing. A ring of updates that supersede each other hides nothing at all:
// such metadata is wrong, and offering too much is the safe side of it.
func hiddenUpdates(g *Graph, ix *ruleIndex) bitset {
	live := func(u int32) bool { return g.live(u) && !ix.declined.has(u) }
	hidden := newBitset(len(g.updates))
	var queue []int32
	for u := range int32(len(g.updates)) {
		if live(u) && !slices.ContainsFunc(g.supersedBy.list(u), live) {
			queue = append(queue, u)
		}
	}
	for len(queue) > 0 {
		u := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, older := range g.supersedes.list(u) {
			if older != u && hidden.add(older) && live(older) {
				queue = append(queue, older)
			}
		}
	}
	return hidden
}

// keepSuperseded reports whether a superseded update stays because it is itself
// approved: until 30 days after a successor was approved, and then for as long
// as some computer needs it. One that is to be uninstalled stays: whoever has it
// does not count as in need of it.
func keepSuperseded(g *Graph, ix *ruleIndex, u int32, now time.Time) bool {
	if _, ok := ix.approved[u]; !ok {
		return false
	}
	if ix.needed == nil || ix.needed.has(u) || ix.removed.has(u) {
		return true
	}
	for _, newer := range g.supersedBy.list(u) {
		if t, ok := ix.approved[newer]; ok && now.Sub(t) > supersededGrace {
			return false
		}
	}
	return true
}

// baseAction is what a head in scope is sent as where no approval names it.
func (s *Scope) baseAction(g *Graph, r int32) update.Action {
	switch {
	case g.typ[r] == update.Category || g.typ[r] == update.Detectoid:
		return update.Evaluate
	case s.member.has(r):
		return update.Bundle
	case s.root.has(r):
		return update.PreDeploymentCheck
	}
	return update.Evaluate
}
