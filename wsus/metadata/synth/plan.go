package synth

import (
	"math/rand/v2"

	"sluice/wsus/update"
)

// role is what an entry of a catalog is.
type role uint8

const (
	treeNode   role = iota // of the tree
	standalone             // installs by itself
	driver
	member // of a bundle
	bundle
)

// entry is one revision as planned. Indexes are into Catalog.entries.
type entry struct {
	role       role
	members    uint8 // of a bundle: that many entries before it
	superseded int32 // the entry that this one supersedes, or -1
	set        int32 // index of the clause set
	core       int32 // wanted size in bytes
}

// clauseSet is three prerequisites: indexes into the tree's nodes.
type clauseSet struct {
	product, classification, detectoid int32
}

// planner makes the entries of a catalog.
type planner struct {
	*Catalog
	rnd  *rand.Rand
	used int // clause sets that were given out at least once
}

// unit is a standalone update, or a bundle behind its members.
type unit struct {
	role    role
	members int
	set     int32
}

func plan(s Shape) *Catalog {
	const stream = 0x5eed
	p := planner{Catalog: &Catalog{shape: s}, rnd: rand.New(rand.NewPCG(s.Seed, stream))}
	p.tree = growTree(s.Seed, max(24, s.Revisions/25))
	for i := range p.tree.nodes {
		p.entries = append(p.entries, entry{role: treeNode, superseded: -1, set: int32(i)})
	}
	p.drawSets(max(8, s.Revisions*8/100))
	for len(p.entries) < s.Revisions {
		p.chain()
	}
	if s.Revisions >= 1000 {
		p.placeGiant()
	}
	return p.Catalog
}

// drawSets draws n distinct clause sets.
func (p *planner) drawSets(n int) {
	seen := make(map[clauseSet]bool, n)
	for try := 0; len(p.sets) < n && try < 20*n; try++ {
		s := clauseSet{p.pick(update.Product), p.pick(update.Classification), p.pick("")}
		if !seen[s] {
			seen[s] = true
			p.sets = append(p.sets, s)
		}
	}
}

// pick draws a node of a kind, the first ones more often.
func (p *planner) pick(kind update.CategoryType) int32 {
	nodes := p.tree.kinds[kind]
	u := p.rnd.Float64()
	return nodes[int(u*u*float64(len(nodes)))]
}

// set draws a clause set: each once, then the first ones more often.
func (p *planner) set() int32 {
	if p.used < len(p.sets) {
		p.used++
		return int32(p.used - 1)
	}
	u := p.rnd.Float64()
	return int32(u * u * u * float64(len(p.sets)))
}

// chain adds a chain of units of the same kind: mostly of one, so that three of ten
// are superseded.
func (p *planner) chain() {
	const longer = 0.052 // share of chains of 2 to 24, of 9.3 on average
	length := 1
	if p.rnd.Float64() < longer {
		u := p.rnd.Float64()
		length = 2 + int(u*u*23)
	}
	u := p.unit()
	previous := int32(-1)
	for range length {
		if len(p.entries)+1+u.members > p.shape.Revisions {
			p.fill()
			return
		}
		for range u.members {
			superseded := int32(-1)
			if previous >= 0 {
				superseded = int32(len(p.entries)) - (int32(u.members) + 1)
			}
			p.entries = append(p.entries, entry{role: member, superseded: superseded, set: u.set, core: p.core()})
		}
		e := entry{role: u.role, members: uint8(u.members), superseded: previous, set: u.set}
		if u.role != bundle {
			e.core = p.core()
		}
		previous = int32(len(p.entries))
		p.entries = append(p.entries, e)
	}
}

// fill adds what is left to the wanted number, without relationships among it.
func (p *planner) fill() {
	for len(p.entries) < p.shape.Revisions {
		p.entries = append(p.entries, entry{role: standalone, superseded: -1, set: p.set(), core: p.core()})
	}
}

// unit draws what a chain consists of.
func (p *planner) unit() unit {
	u := unit{set: p.set()}
	switch x := p.rnd.Float64(); {
	case x < 0.80:
		u.role, u.members = bundle, 1
	case x < 0.88:
		u.role, u.members = bundle, 2+p.rnd.IntN(2)
	case x < 0.97:
		u.role = standalone
	default:
		u.role = driver
	}
	return u
}

// core draws the size of a core that has rules. Bundles, categories and detectoids,
// not quite the half, are the small end of the distribution.
func (p *planner) core() int32 {
	const small = 0.46
	return int32(coreSize(small + (1-small)*p.rnd.Float64()))
}

// placeGiant gives the largest core to the first member behind the middle.
func (p *planner) placeGiant() {
	for i := len(p.entries) / 2; i < len(p.entries); i++ {
		if p.entries[i].role == member {
			p.entries[i].core = giantCore
			return
		}
	}
}
