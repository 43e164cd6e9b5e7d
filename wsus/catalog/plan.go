package catalog

import (
	"cmp"
	"math"
	"slices"
	"time"

	"sluice/wsus/update"
)

// PlanKey names the groups and holds that a plan was made of, by the numbers
// that the roster gave those sets for good.
type PlanKey struct {
	GroupSet, HoldSet int32
}

// Plan is what one set of groups and holds means for a computer: the explicit
// entries, over the scope that all plans share.
type Plan struct {
	rules   *Rules
	entries []entry // by update
}

// entry is a decision about one update. It holds no pointer: a plan has
// thousands, and 1,024 plans are kept.
type entry struct {
	upd     int32
	won     int32 // index of the approval that decides
	offers  bool  // what that approval says; otherwise only to evaluate
	changed int64 // Unix milliseconds
	seq     int64
}

// find returns the entry of update u, or nil.
func (p *Plan) find(u int32) *entry {
	i, ok := slices.BinarySearchFunc(p.entries, u, func(e entry, u int32) int { return cmp.Compare(e.upd, u) })
	if !ok {
		return nil
	}
	return &p.entries[i]
}

// deployment is what an entry tells a client.
func (p *Plan) deployment(e *entry) update.Deployment {
	a := &p.rules.Approvals[e.won]
	d := update.Deployment{ID: a.ID, Action: update.PreDeploymentCheck, Changed: time.UnixMilli(e.changed).UTC()}
	if e.offers {
		d.Action, d.Deadline = a.Action, a.Deadline
	}
	return d
}

// candidate is an approval that reaches a computer through a group: its update
// in the upper half, its index in the rules in the lower.
type candidate uint64

func newCandidate(upd, approval int32) candidate { return candidate(upd)<<32 | candidate(approval) }

func (c candidate) upd() int32 { return int32(c >> 32) }

func (c candidate) approval() int32 { return int32(uint32(c)) }

// newPlan resolves the approvals of groups into one entry an update. Conflicts:
// a hold beats everything, then a block; then the deeper group; at equal depth
// install beats uninstall, the earlier deadline the later, any deadline none. A
// deleted approval still yields an entry, to evaluate only, so that clients
// unlearn it.
func newPlan(rules *Rules, ix *ruleIndex, groups GroupSet, holds *HoldSet) *Plan {
	n := 0
	for _, g := range groups {
		n += len(ix.byGroup[g.Group])
	}
	all, spare := make([]candidate, 0, n), make([]candidate, 0, n)
	for _, g := range groups {
		all, spare = merge(spare[:0], all, ix.byGroup[g.Group]), all
	}
	p := &Plan{rules: rules, entries: make([]entry, 0, n)}
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].upd() == all[0].upd() {
			n++
		}
		p.entries = append(p.entries, resolve(rules, groups, all[:n], holds))
		all = all[n:]
	}
	return p
}

// merge appends two sorted lists to dst as one.
func merge(dst, a, b []candidate) []candidate {
	for len(a) > 0 && len(b) > 0 {
		if a[0] <= b[0] {
			dst, a = append(dst, a[0]), a[1:]
		} else {
			dst, b = append(dst, b[0]), b[1:]
		}
	}
	return append(append(dst, a...), b...)
}

// resolve makes the entry of candidates that are all of one update.
func resolve(rules *Rules, groups GroupSet, cands []candidate, holds *HoldSet) entry {
	e := entry{upd: cands[0].upd(), won: cands[0].approval(), changed: math.MinInt64}
	var win *Approval
	blocked := false
	for _, c := range cands {
		a := &rules.Approvals[c.approval()]
		// The newest change of any candidate, also of a deleted one, is a change
		// of the entry: what the client was told last may have come from it.
		e.seq, e.changed = max(e.seq, a.Seq), max(e.changed, a.Changed.UnixMilli())
		if a.Deleted {
			continue
		}
		blocked = blocked || a.Action == update.Block
		if win == nil || groups.beats(a, win) {
			win, e.won = a, c.approval()
		}
	}
	e.offers = win != nil && !blocked && win.offers() && !holds.holds(win.Update)
	return e
}

// depth returns how deep a group of the set lies.
func (s GroupSet) depth(group update.ID) int {
	for _, g := range s {
		if g.Group == group {
			return g.Depth
		}
	}
	return -1
}

// beats reports whether approval a wins over b of the same update.
func (s GroupSet) beats(a, b *Approval) bool {
	if d, e := s.depth(a.Group), s.depth(b.Group); d != e {
		return d > e
	}
	if a.Action != b.Action {
		return rank(a.Action) < rank(b.Action)
	}
	if a.Deadline.IsZero() || b.Deadline.IsZero() {
		return !a.Deadline.IsZero() && b.Deadline.IsZero()
	}
	return a.Deadline.Before(b.Deadline)
}

func rank(a update.Action) int {
	switch a {
	case update.Install:
		return 0
	case update.OptionalInstall:
		return 1
	case update.Uninstall:
		return 2
	}
	return 3
}

// changes yields the updates whose deployment a client must be told again when
// it was last told plan old at seq, and is now told plan p: every entry of
// either that changed since, and every difference between the two.
func (p *Plan) changes(old *Plan, seq int64, yield func(upd int32)) {
	i, j := 0, 0
	for i < len(p.entries) || j < len(old.entries) {
		switch {
		case j == len(old.entries) || i < len(p.entries) && p.entries[i].upd < old.entries[j].upd:
			// Told to nobody who had the old plan.
			yield(p.entries[i].upd)
			i++
		case i == len(p.entries) || old.entries[j].upd < p.entries[i].upd:
			yield(old.entries[j].upd)
			j++
		default:
			e, o := &p.entries[i], &old.entries[j]
			if e.seq > seq || o.seq > seq || !p.same(e, old, o) {
				yield(e.upd)
			}
			i, j = i+1, j+1
		}
	}
}

// same reports whether entry e tells a client the same as entry o of another plan
// about the same update. Plans that are compared are nearly always of the same
// rules, where approvals need not be looked at.
func (p *Plan) same(e *entry, old *Plan, o *entry) bool {
	if p.rules == old.rules && e.won == o.won && e.offers == o.offers {
		return true
	}
	a, b := p.deployment(e), old.deployment(o)
	return a.ID == b.ID && a.Action == b.Action && a.Deadline.Equal(b.Deadline)
}
