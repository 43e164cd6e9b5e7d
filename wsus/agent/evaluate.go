package agent

import (
	"sluice/wsus/update"
)

// evaluation judges everything that a client holds.
type evaluation struct {
	state  *State
	facts  Facts
	missed map[string]int // rules without an answer, by name

	byID     map[update.ID][]int     // places in state.Held
	byNumber map[update.Identity]int // place of a revision
	open     []bool                  // being judged: related updates may be circular
	done     []bool
}

// evaluate sets the verdict of every cached revision. Rules are asked once for a
// revision and scan; what depends on other updates is judged anew.
func (s *State) evaluate(facts Facts, missed map[string]int) {
	e := &evaluation{
		state: s, facts: facts, missed: missed,
		byID:     make(map[update.ID][]int, len(s.Held)),
		byNumber: make(map[update.Identity]int, len(s.Held)),
		open:     make([]bool, len(s.Held)),
		done:     make([]bool, len(s.Held)),
	}
	for i := range s.Held {
		id := s.Held[i].Core.Identity
		e.byID[id.ID] = append(e.byID[id.ID], i)
		e.byNumber[id] = i
	}
	for i := range s.Held {
		e.verdict(i)
	}
}

func (e *evaluation) verdict(i int) Verdict {
	h := &e.state.Held[i]
	if e.done[i] {
		return h.Verdict
	}
	if e.open[i] {
		return NotApplicable
	}
	e.open[i] = true
	h.Verdict = e.judge(h)
	e.open[i], e.done[i] = false, true
	return h.Verdict
}

func (e *evaluation) judge(h *Held) Verdict {
	in, known := e.state.Installed[h.Core.ID]
	if known && !in.Pending && !in.Removed {
		return IsInstalled
	}
	v := e.ownRules(h)
	if in.Removed && v == IsInstalled {
		v = Needed
	}
	if len(h.Core.Bundles) > 0 {
		v = e.bundle(h, v)
	}
	if v == Needed && !e.satisfied(h.Core.Prerequisites) {
		return NotApplicable
	}
	return v
}

// ownRules judges by the revision's own rules. A revision without an
// IsInstallable can be installed wherever it is not; one without any rules is
// judged by what it bundles.
func (e *evaluation) ownRules(h *Held) Verdict {
	if h.own != NotEvaluated {
		return h.own
	}
	c := h.Core
	j := &judge{facts: e.facts, core: c, missed: func(rule string) { e.missed[rule]++ }}
	holds := func(r *Rule) bool { return r != nil && j.eval(r) == yes }
	deployable := c.Type == update.Software || c.Type == update.Driver
	switch {
	case holds(c.Installed):
		h.own = IsInstalled
	case deployable && (c.Installed != nil || c.Installable != nil || len(c.Bundles) > 0) &&
		!holds(c.Superseded) && (c.Installable == nil || holds(c.Installable)):
		h.own = Needed
	default:
		h.own = NotApplicable
	}
	return h.own
}

// bundle judges by the members: a bundle is installed where every group has an
// installed member, and needed where every group has one that is installed or
// needed. own is what the bundle's own rules say, where it has any.
func (e *evaluation) bundle(h *Held, own Verdict) Verdict {
	if own == NotApplicable || own == IsInstalled && h.Core.Installed != nil {
		return own
	}
	installed, needed := true, true
	for _, group := range h.Core.Bundles {
		best := NotApplicable
		for _, id := range group {
			if i, ok := e.byNumber[id]; ok {
				best = max(best, e.verdict(i))
			}
		}
		installed = installed && best == IsInstalled
		needed = needed && best >= Needed
	}
	switch {
	case installed:
		return IsInstalled
	case needed:
		return Needed
	}
	return NotApplicable
}

// satisfied reports whether every clause names an update of which some revision
// is installed.
func (e *evaluation) satisfied(clauses []update.Clause) bool {
	for _, c := range clauses {
		if !e.anyInstalled(c.Any) {
			return false
		}
	}
	return true
}

func (e *evaluation) anyInstalled(ids []update.ID) bool {
	for _, id := range ids {
		for _, i := range e.byID[id] {
			if e.verdict(i) == IsInstalled {
				return true
			}
		}
	}
	return false
}
