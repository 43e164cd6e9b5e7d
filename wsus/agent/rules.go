package agent

import "sluice/wsus/update"

// Facts answers what an applicability rule asks about a machine.
type Facts interface {
	// Holds reports whether rule r of update c holds. It is asked for every rule
	// but True, False, And, Or and Not. known is false where the machine has no
	// answer: then the rule, whatever stands around it, does not make an update
	// installed or installable, and the scan's result names it.
	Holds(r *Rule, c *Core) (holds, known bool)
}

// truth is the value of a rule: a rule that is not known poisons what depends
// on it, also below a Not.
type truth uint8

const (
	no truth = iota
	unknown
	yes
)

// judge evaluates the rules of one update.
type judge struct {
	facts  Facts
	core   *Core
	missed func(rule string) // called for every rule without an answer
}

func (j *judge) eval(r *Rule) truth {
	switch r.Name {
	case "True":
		return yes
	case "False":
		return no
	case "And":
		v := yes
		for _, k := range r.Kids {
			if v = min(v, j.eval(k)); v == no {
				break
			}
		}
		return v
	case "Or":
		v := no
		for _, k := range r.Kids {
			if v = max(v, j.eval(k)); v == yes {
				break
			}
		}
		return v
	case "Not":
		if len(r.Kids) != 1 {
			j.missed(r.Name)
			return unknown
		}
		return yes - j.eval(r.Kids[0])
	}
	holds, known := j.facts.Holds(r, j.core)
	switch {
	case !known:
		j.missed(r.Name)
		return unknown
	case holds:
		return yes
	}
	return no
}

// opinion is what an update's own rules say on a machine.
type opinion struct {
	verdict Verdict
	missed  []string // rules without an answer
}

// opine judges by the revision's own rules. A revision without an IsInstallable
// can be installed wherever it is not; one without any rules is left to what it
// bundles.
func opine(facts Facts, c *Core) opinion {
	o := opinion{verdict: NotApplicable}
	j := &judge{facts: facts, core: c, missed: func(rule string) { o.missed = append(o.missed, rule) }}
	holds := func(r *Rule) bool { return r != nil && j.eval(r) == yes }
	deployable := c.Type == update.Software || c.Type == update.Driver
	switch {
	case holds(c.Installed):
		o.verdict = IsInstalled
	case deployable && (c.Installed != nil || c.Installable != nil || len(c.Bundles) > 0) &&
		!holds(c.Superseded) && (c.Installable == nil || holds(c.Installable)):
		o.verdict = Needed
	}
	return o
}
