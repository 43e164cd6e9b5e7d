package catalog

import (
	"slices"
	"time"

	"sluice/wsus/update"
)

// Approval is one row of the decisions that plans are made of: an approval of
// a group as it stands now, or the tombstone of one that was deleted.
type Approval struct {
	update.Approval
	// Waiting means that a client must not be told to act yet: required files are
	// missing or a EULA was not accepted. The update is evaluated meanwhile.
	Waiting bool
	Paused  bool
	Deleted bool // a tombstone, kept so that clients unlearn the deployment
}

// offers reports whether a client is told to act on the approval.
func (a *Approval) offers() bool { return !a.Waiting && !a.Paused && !a.Deleted }

// Rules is what administrators decided, immutable once given to a snapshot.
type Rules struct {
	Approvals []Approval
	Declined  []update.ID
	// Needed holds the updates that at least one computer reports as not
	// installed, downloaded or failed. It keeps an approved superseded update in
	// scope for as long as it is of use. Nil means unknown: keep them all.
	Needed map[update.ID]bool
	// OldestTombstone is the lowest seq from which on every deleted approval is
	// still in Approvals. A client that last synchronised before it is told the
	// deployment of everything it holds.
	OldestTombstone int64
}

// GroupSet is the groups that a computer is in, directly or through nesting,
// each once, at its depth: All Computers is 0, its children 1.
type GroupSet []GroupDepth

// GroupDepth is a group and how deep it lies below All Computers.
type GroupDepth struct {
	Group update.ID
	Depth int
}

// HoldSet is what is held back on a computer: the listed updates, or all.
type HoldSet struct {
	All     bool
	Updates []update.ID
}

// holds reports whether id is held back; a nil set holds nothing.
func (h *HoldSet) holds(id update.ID) bool {
	return h != nil && (h.All || slices.Contains(h.Updates, id))
}

// supersededGrace is how long an approved superseded update stays in scope
// after its successor was approved, if no computer needs it.
const supersededGrace = 30 * 24 * time.Hour

// ruleIndex is the rules by dense update index.
type ruleIndex struct {
	byGroup  map[update.ID][]candidate // group -> its approvals, by update
	approved map[int32]time.Time       // update -> when its oldest standing install or uninstall was approved
	removed  bitset                    // updates with a standing uninstall
	declined bitset
	needed   bitset // nil if unknown
}

func (r *Rules) index(g *Graph) ruleIndex {
	ix := ruleIndex{
		byGroup:  make(map[update.ID][]candidate),
		approved: make(map[int32]time.Time),
		removed:  newBitset(len(g.updates)),
		declined: newBitset(len(g.updates)),
	}
	for i := range r.Approvals {
		a := &r.Approvals[i]
		u := g.update(a.Update)
		if u < 0 {
			continue
		}
		ix.byGroup[a.Group] = append(ix.byGroup[a.Group], newCandidate(u, int32(i)))
		if !a.Deleted && a.Action != update.Block {
			if t, ok := ix.approved[u]; !ok || a.Changed.Before(t) {
				ix.approved[u] = a.Changed
			}
			if a.Action == update.Uninstall {
				ix.removed.set(u)
			}
		}
	}
	for _, list := range ix.byGroup {
		slices.Sort(list)
	}
	for _, id := range r.Declined {
		if u := g.update(id); u >= 0 {
			ix.declined.set(u)
		}
	}
	if r.Needed != nil {
		ix.needed = newBitset(len(g.updates))
		for id := range r.Needed {
			if u := g.update(id); u >= 0 {
				ix.needed.set(u)
			}
		}
	}
	return ix
}
