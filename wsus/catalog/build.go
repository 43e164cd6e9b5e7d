package catalog

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"sluice/wsus/update"
)

// Build makes the graph of rows, which come in ascending order of RevisionID.
// It fails on two rows of one RevisionID or of one identity, which a sound store
// never yields. A row is not kept: while the graph is built it takes little more
// memory than when it is finished.
func Build(rows iter.Seq2[Row, error]) (*Graph, error) {
	b := newBuilder()
	for row, err := range rows {
		if err == nil {
			err = b.add(&row)
		}
		if err != nil {
			return nil, fmt.Errorf("build revision graph: %w", err)
		}
	}
	return b.finish(), nil
}

// builder takes rows. Until it finishes updates are numbered in the order in
// which they are first named, and the graph's lists of them are in that order.
type builder struct {
	g                *Graph
	numbers          map[update.ID]int32
	distinct, cnfs   *interner
	supersedes       flat // updates that a revision supersedes
	words            map[string]string
	clause, terms, u []int32 // scratch
}

func newBuilder() *builder {
	b := &builder{
		g: &Graph{bundles: flat{start: []int32{0}}}, numbers: make(map[update.ID]int32), words: make(map[string]string),
		distinct: newInterner(), cnfs: newInterner(), supersedes: flat{start: []int32{0}},
	}
	b.cnfs.intern(nil)
	return b
}

// number returns the number of an update.
func (b *builder) number(id update.ID) int32 {
	u, ok := b.numbers[id]
	if !ok {
		u = int32(len(b.numbers))
		b.numbers[id] = u
		b.g.updates = append(b.g.updates, id)
		b.g.head = append(b.g.head, -1)
		b.g.leafSeq = append(b.g.leafSeq, 0)
	}
	return u
}

func (b *builder) add(row *Row) error {
	g, r := b.g, int32(len(b.g.id))
	if row.ID <= 0 || r > 0 && row.ID <= g.id[r-1] {
		return fmt.Errorf("revision id %d is not above the one before", row.ID)
	}
	u := b.number(row.Identity.ID)
	switch h := g.head[u]; {
	case h < 0 || g.number[h] < row.Identity.Number:
		g.head[u] = r
	case g.number[h] == row.Identity.Number:
		return fmt.Errorf("%v has revision ids %d and %d", row.Identity, g.id[h], row.ID)
	}
	g.id = append(g.id, row.ID)
	g.upd = append(g.upd, u)
	g.number = append(g.number, row.Identity.Number)
	g.typ = append(g.typ, row.Type)
	g.flags = append(g.flags, rowFlags(row))
	g.core = append(g.core, row.Core)
	g.plain = append(g.plain, row.PlainLen)
	g.xpress = append(g.xpress, row.XpressLen)
	g.since = append(g.since, int32(row.Since.Unix()/secondsPerDay))
	g.cnf = append(g.cnf, b.prerequisites(row))
	g.page(row.ID, r)

	b.u = b.u[:0]
	for _, group := range row.Bundles {
		for _, m := range group {
			b.u = append(b.u, b.number(m.ID))
		}
	}
	g.bundles.append(b.u)
	b.u = b.u[:0]
	for _, id := range row.Supersedes {
		b.u = append(b.u, b.number(id))
	}
	b.supersedes.append(b.u)
	for _, m := range row.Drivers {
		g.drivers.matches = append(g.drivers.matches, driverMatch{revision: r, DriverMatch: b.driver(m)})
	}
	return nil
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

// prerequisites interns the prerequisites of a row and returns its cnf.
func (b *builder) prerequisites(row *Row) int32 {
	b.terms = b.terms[:0]
	for _, c := range row.Prerequisites {
		b.clause = b.clause[:0]
		for _, id := range c.Any {
			u := b.number(id)
			b.clause = append(b.clause, u)
			if s := b.g.leafSeq[u]; s == 0 || row.Seq < s {
				b.g.leafSeq[u] = row.Seq
			}
		}
		if len(b.clause) > 0 {
			b.terms = append(b.terms, b.distinct.intern(b.clause))
		}
	}
	return b.cnfs.intern(b.terms)
}

// driver shares the texts that drivers have in common.
func (b *builder) driver(m update.DriverMatch) update.DriverMatch {
	for _, s := range []*string{&m.Class, &m.Manufacturer, &m.Provider, &m.Model} {
		*s = b.word(*s)
	}
	m.Scores = slices.Clone(m.Scores)
	for i := range m.Scores {
		m.Scores[i].OperatingSystem = b.word(m.Scores[i].OperatingSystem)
	}
	return m
}

func (b *builder) word(s string) string {
	w, ok := b.words[s]
	if !ok {
		w = strings.Clone(s)
		b.words[w] = w
	}
	return w
}

// finish numbers the updates by their ids and links what refers to them.
func (b *builder) finish() *Graph {
	g := b.g
	b.renumber()
	g.named = newBitset(len(g.updates))
	for _, set := range b.distinct.sets {
		for _, u := range set {
			g.named.set(u)
		}
	}
	b.linkClauses()
	b.linkRelations()
	g.drivers.index(g)
	for _, list := range []*[]int32{&g.upd, &g.number, &g.cnf, &g.since, &g.bundles.start, &g.bundles.items} {
		*list = fit(*list)
	}
	g.id, g.typ, g.flags = fit(g.id), fit(g.typ), fit(g.flags)
	g.core, g.plain, g.xpress = fit(g.core), fit(g.plain), fit(g.xpress)
	return g
}

// fit returns a list that takes no more memory than it needs.
func fit[T any](list []T) []T { return append(make([]T, 0, len(list)), list...) }

// renumber brings the updates into ascending order of their ids.
func (b *builder) renumber() {
	g := b.g
	order := make([]int32, len(g.updates))
	for u := range order {
		order[u] = int32(u)
	}
	slices.SortFunc(order, func(x, y int32) int { return compareIDs(g.updates[x], g.updates[y]) })
	b.numbers = nil
	to := make([]int32, len(order))
	updates, head, leafSeq := make([]update.ID, len(order)), make([]int32, len(order)), make([]int64, len(order))
	for u, was := range order {
		to[was] = int32(u)
		updates[u], head[u], leafSeq[u] = g.updates[was], g.head[was], g.leafSeq[was]
	}
	g.updates, g.head, g.leafSeq = updates, head, leafSeq
	renumber := func(list []int32) {
		for i, u := range list {
			list[i] = to[u]
		}
	}
	renumber(g.upd)
	renumber(g.bundles.items)
	renumber(b.supersedes.items)
	for _, set := range b.distinct.sets {
		renumber(set)
		slices.Sort(set)
	}
}

// linkClauses makes the lists that lead from updates to revisions and back.
func (b *builder) linkClauses() {
	g, distinct, cnfs := b.g, b.distinct.sets, b.cnfs.sets
	g.clauses = clauses{
		count: len(distinct),
		naming: flatten(len(g.updates), func(yield func(list, item int32)) {
			for c, set := range distinct {
				for _, u := range set {
					yield(u, int32(c))
				}
			}
		}),
		sets:  flattenSets(distinct),
		terms: flattenSets(cnfs),
		using: flatten(len(distinct), func(yield func(list, item int32)) {
			for f, set := range cnfs {
				for _, c := range set {
					yield(c, int32(f))
				}
			}
		}),
		members: flatten(len(cnfs), func(yield func(list, item int32)) {
			for r, f := range g.cnf {
				if g.head[g.upd[r]] == int32(r) && g.flags[r]&flagExpired == 0 {
					yield(f, int32(r))
				}
			}
		}),
	}
}

// linkRelations links supersedence. It is that of heads: no other is offered.
func (b *builder) linkRelations() {
	g := b.g
	each := func(yield func(newer, older int32)) {
		for r, u := range g.upd {
			if g.head[u] == int32(r) {
				for _, older := range b.supersedes.list(int32(r)) {
					yield(u, older)
				}
			}
		}
	}
	g.supersedes = flatten(len(g.updates), each)
	g.supersedBy = flatten(len(g.updates), func(yield func(list, item int32)) {
		each(func(newer, older int32) { yield(older, newer) })
	})
}
