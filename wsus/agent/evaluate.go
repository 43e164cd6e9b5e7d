package agent

import (
	"sluice/wsus/update"
)

// evaluation judges everything that a client holds.
type evaluation struct {
	state  *State
	facts  Facts
	lib    *Library
	missed map[string]int // rules without an answer, by name

	byID     map[update.ID][]int     // places in state.Held
	byNumber map[update.Identity]int // place of a revision
	open     []bool                  // being judged: related updates may be circular
	done     []bool
}

// forget makes the next evaluation ask all rules again.
func (s *State) forget() {
	s.judged = false
	for i := range s.Held {
		s.Held[i].own = NotEvaluated
	}
}

// evaluate sets the verdict of every cached revision. Rules are asked once for a
// revision and scan; what depends on other updates is judged anew whenever
// something changed. Rules without an answer are counted in missed.
func (s *State) evaluate(facts Facts, lib *Library, missed map[string]int) {
	if s.judged {
		return
	}
	e := &evaluation{
		state: s, facts: facts, lib: lib, missed: missed,
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
	s.judged = true
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

func (e *evaluation) ownRules(h *Held) Verdict {
	if h.own == NotEvaluated {
		o := e.lib.opinion(e.facts, h.Core)
		for _, rule := range o.missed {
			e.missed[rule]++
		}
		h.own = o.verdict
	}
	return h.own
}

// bundle judges by the members: a bundle is installed where every group has an
// installed member, unless it has a rule of its own for that, and needed where
// every group has one that is installed or needed, and its own rules allow it.
func (e *evaluation) bundle(h *Held, own Verdict) Verdict {
	installed, covered := true, true
	for _, group := range h.Core.Bundles {
		best := NotApplicable
		for _, id := range group {
			if i, ok := e.byNumber[id]; ok {
				best = max(best, e.verdict(i))
			}
		}
		installed = installed && best == IsInstalled
		covered = covered && best >= Needed
	}
	switch {
	case own == IsInstalled, installed && h.Core.Installed == nil:
		return IsInstalled
	case own == Needed && covered && !installed:
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
