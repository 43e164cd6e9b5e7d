package catalog

import (
	"bytes"
	"slices"

	"sluice/wsus/update"
)

// Flags of a revision.
const (
	flagDeployable uint16 = 1 << iota
	flagExpired
	flagDocument
	flagAlways
	flagProduct
	flagClassification
)

// Graph is the immutable revision graph. Revisions and updates have dense
// indexes, revisions in ascending order of RevisionID, updates in ascending
// order of ID; every relationship is an index into flat arrays.
type Graph struct {
	// per revision
	id      []update.RevisionID
	upd     []int32
	number  []int32
	typ     []update.Type
	flags   []uint16
	cnf     []int32
	core    []CoreID
	plain   []int64
	xpress  []int64
	since   []int32 // days since 1970
	bundles flat    // updates that a revision bundles; exact revisions resolve to heads

	// per update
	updates    []update.ID
	head       []int32 // its highest revision
	named      bitset  // some revision names it as a prerequisite: not a leaf
	leafSeq    []int64 // when it stopped being a leaf; 0 if it never did
	supersedes flat    // by heads, in updates
	supersedBy flat    // the inverse, in updates
	clauses    clauses

	pages   [][]int32 // RevisionID -> revision index + 1, in pages of pageSize
	drivers driverIndex
}

const (
	pageSize      = 1 << 10
	secondsPerDay = 24 * 60 * 60
)

// Revisions returns how many revisions the graph holds.
func (g *Graph) Revisions() int { return len(g.id) }

// Updates returns how many updates known by a revision the graph holds.
func (g *Graph) Updates() int {
	n := 0
	for _, h := range g.head {
		if h >= 0 {
			n++
		}
	}
	return n
}

// revision returns the index of a RevisionID, or -1.
func (g *Graph) revision(id update.RevisionID) int32 {
	p := int(id) / pageSize
	if id <= 0 || p >= len(g.pages) || g.pages[p] == nil {
		return -1
	}
	return g.pages[p][int(id)%pageSize] - 1
}

// update returns the index of an update that some revision is of or names, or -1.
func (g *Graph) update(id update.ID) int32 {
	i, ok := slices.BinarySearchFunc(g.updates, id, compareIDs)
	if !ok {
		return -1
	}
	return int32(i)
}

// Head returns the RevisionID of an update's highest revision.
func (g *Graph) Head(id update.ID) (update.RevisionID, bool) {
	u := g.update(id)
	if u < 0 || g.head[u] < 0 {
		return 0, false
	}
	return g.id[g.head[u]], true
}

// Identity returns what a RevisionID stands for.
func (g *Graph) Identity(id update.RevisionID) (update.Identity, bool) {
	r := g.revision(id)
	if r < 0 {
		return update.Identity{}, false
	}
	return update.Identity{ID: g.updates[g.upd[r]], Number: g.number[r]}, true
}

// IsCategory reports whether an update is a category of any type.
func (g *Graph) IsCategory(id update.ID) bool {
	u := g.update(id)
	return u >= 0 && g.live(u) && g.typ[g.head[u]] == update.Category
}

// IsProduct reports whether an update is a product.
func (g *Graph) IsProduct(id update.ID) bool { return g.hasFlag(id, flagProduct) }

// IsClassification reports whether an update is a classification.
func (g *Graph) IsClassification(id update.ID) bool { return g.hasFlag(id, flagClassification) }

func (g *Graph) hasFlag(id update.ID, flag uint16) bool {
	u := g.update(id)
	return u >= 0 && g.live(u) && g.flags[g.head[u]]&flag != 0
}

// Deployable reports whether an update may be approved: its head exists, is
// explicitly deployable and has not expired.
func (g *Graph) Deployable(id update.ID) bool {
	u := g.update(id)
	return u >= 0 && g.deployable(u)
}

func (g *Graph) deployable(u int32) bool {
	h := g.head[u]
	return h >= 0 && g.flags[h]&(flagDeployable|flagExpired) == flagDeployable
}

// live reports whether the update has a head that was not withdrawn.
func (g *Graph) live(u int32) bool {
	h := g.head[u]
	return h >= 0 && g.flags[h]&flagExpired == 0
}

// leaf is IsLeaf on the wire: no revision names the update as a prerequisite.
// Products are never leaves, also where nothing that needs them is stored, so
// that clients name every product they have.
func (g *Graph) leaf(r int32) bool {
	if g.flags[r]&flagProduct != 0 && g.flags[r]&flagAlways == 0 {
		return false
	}
	return !g.named.has(g.upd[r])
}

// prerequisites yields every update that revision r names in any clause.
func (g *Graph) prerequisites(r int32, yield func(u int32)) {
	for _, c := range g.clauses.terms.list(g.cnf[r]) {
		for _, u := range g.clauses.updatesOf(c) {
			yield(u)
		}
	}
}

func compareIDs(a, b update.ID) int { return bytes.Compare(a[:], b[:]) }

func (g *Graph) page(id update.RevisionID, r int32) {
	p := int(id) / pageSize
	for len(g.pages) <= p {
		g.pages = append(g.pages, nil)
	}
	if g.pages[p] == nil {
		g.pages[p] = make([]int32, pageSize)
	}
	g.pages[p][int(id)%pageSize] = r + 1
}
