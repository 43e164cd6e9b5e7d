package agent

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
