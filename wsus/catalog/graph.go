package catalog

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"sort"

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

// Build makes the graph of rows, in any order. It fails on two rows of one
// RevisionID or of one identity, which a sound store never yields.
func Build(rows iter.Seq2[Row, error]) (*Graph, error) {
	b := newBuilder()
	for row, err := range rows {
		if err != nil {
			return nil, fmt.Errorf("build revision graph: %w", err)
		}
		b.add(&row)
	}
	return b.build()
}

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

// builder collects rows, then numbers and links them.
type builder struct {
	rows []Row
}

func newBuilder() *builder { return &builder{} }

func (b *builder) add(r *Row) { b.rows = append(b.rows, *r) }

func (b *builder) build() (*Graph, error) {
	rows := b.rows
	sort.Slice(rows, func(i, j int) bool { return rows[i].ID < rows[j].ID })
	n := len(rows)
	g := &Graph{
		id: make([]update.RevisionID, n), upd: make([]int32, n), number: make([]int32, n),
		typ: make([]update.Type, n), flags: make([]uint16, n), cnf: make([]int32, n),
		core: make([]CoreID, n), plain: make([]int64, n), xpress: make([]int64, n), since: make([]int32, n),
	}
	g.updates = b.updateIDs()
	nu := len(g.updates)
	g.head, g.leafSeq, g.named = make([]int32, nu), make([]int64, nu), newBitset(nu)
	for u := range g.head {
		g.head[u] = -1
	}
	for i := range rows {
		row := &rows[i]
		if row.ID <= 0 || (i > 0 && rows[i-1].ID == row.ID) {
			return nil, fmt.Errorf("build revision graph: revision id %d stands twice or is not positive", row.ID)
		}
		r, u := int32(i), g.update(row.Identity.ID)
		g.id[r], g.upd[r], g.number[r], g.typ[r] = row.ID, u, row.Identity.Number, row.Type
		g.flags[r] = rowFlags(row)
		g.core[r], g.plain[r], g.xpress[r] = row.Core, row.PlainLen, row.XpressLen
		g.since[r] = int32(row.Since.Unix() / secondsPerDay)
		switch h := g.head[u]; {
		case h < 0 || g.number[h] < row.Identity.Number:
			g.head[u] = r
		case g.number[h] == row.Identity.Number:
			return nil, fmt.Errorf("build revision graph: %v has revision ids %d and %d", row.Identity, g.id[h], row.ID)
		}
		g.page(row.ID, r)
	}
	b.linkClauses(g)
	b.linkRelations(g)
	g.drivers = indexDrivers(g, rows)
	return g, nil
}

func rowFlags(row *Row) (f uint16) {
	if row.Deployable {
		f |= flagDeployable
	}
	if row.Expired {
		f |= flagExpired
	}
	if row.Document {
		f |= flagDocument
	}
	if row.Always {
		f |= flagAlways
	}
	switch row.Category {
	case update.Product:
		f |= flagProduct
	case update.Classification:
		f |= flagClassification
	}
	return f
}

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

// updateIDs returns every update that a row is of or names, sorted.
func (b *builder) updateIDs() []update.ID {
	seen := make(map[update.ID]struct{}, len(b.rows))
	for i := range b.rows {
		row := &b.rows[i]
		seen[row.Identity.ID] = struct{}{}
		for _, c := range row.Prerequisites {
			for _, id := range c.Any {
				seen[id] = struct{}{}
			}
		}
		for _, group := range row.Bundles {
			for _, m := range group {
				seen[m.ID] = struct{}{}
			}
		}
		for _, id := range row.Supersedes {
			seen[id] = struct{}{}
		}
	}
	ids := make([]update.ID, 0, len(seen))
	for id := range seen {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIDs)
	return ids
}

// linkClauses interns the prerequisites and finds the leaves.
func (b *builder) linkClauses(g *Graph) {
	distinct, cnfs := newInterner(), newInterner()
	cnfs.intern(nil)
	var clause, terms []int32
	for r := range b.rows {
		terms = terms[:0]
		for _, c := range b.rows[r].Prerequisites {
			clause = clause[:0]
			for _, id := range c.Any {
				u := g.update(id)
				clause = append(clause, u)
				g.named.set(u)
				if s := g.leafSeq[u]; s == 0 || b.rows[r].Seq < s {
					g.leafSeq[u] = b.rows[r].Seq
				}
			}
			if len(clause) > 0 {
				terms = append(terms, distinct.intern(clause))
			}
		}
		g.cnf[r] = cnfs.intern(terms)
	}
	g.clauses = clauses{
		count: len(distinct.sets),
		naming: flatten(len(g.updates), func(yield func(list, item int32)) {
			for c, set := range distinct.sets {
				for _, u := range set {
					yield(u, int32(c))
				}
			}
		}),
		sets:  flattenSets(distinct.sets),
		terms: flattenSets(cnfs.sets),
		using: flatten(len(distinct.sets), func(yield func(list, item int32)) {
			for f, set := range cnfs.sets {
				for _, c := range set {
					yield(c, int32(f))
				}
			}
		}),
		members: flatten(len(cnfs.sets), func(yield func(list, item int32)) {
			for r, f := range g.cnf {
				if g.head[g.upd[r]] == int32(r) && g.flags[r]&flagExpired == 0 {
					yield(f, int32(r))
				}
			}
		}),
	}
}

// linkRelations links bundles and supersedence. A bundle names exact revisions,
// but only heads are offered, so a member is the update.
func (b *builder) linkRelations(g *Graph) {
	g.bundles = flatten(len(g.id), func(yield func(list, item int32)) {
		for r := range b.rows {
			for _, group := range b.rows[r].Bundles {
				for _, m := range group {
					yield(int32(r), g.update(m.ID))
				}
			}
		}
	})
	each := func(yield func(newer, older int32)) {
		for r := range b.rows {
			if u := g.upd[r]; g.head[u] == int32(r) {
				for _, id := range b.rows[r].Supersedes {
					yield(u, g.update(id))
				}
			}
		}
	}
	g.supersedes = flatten(len(g.updates), each)
	g.supersedBy = flatten(len(g.updates), func(yield func(list, item int32)) {
		each(func(newer, older int32) { yield(older, newer) })
	})
}
