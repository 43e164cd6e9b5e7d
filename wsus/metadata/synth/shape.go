package synth

import (
	"iter"
	"math"

	"sluice/wsus/update"
)

// Shape says what catalog [New] makes. Its proportions are those of a real one of
// 100,000 revisions:
//
//   - Core fragments: 50 % of at most about 700 bytes (real: 563), 90 % below 8 KB,
//     99 % below 413 KB, the largest 5 MB, and one of 47 MB where there are at least
//     1,000 revisions. Their sum is 2.9 GB in 100,000 revisions; MaxCore caps each.
//   - 4 % are categories and detectoids: classifications, companies, product
//     families, products, and detectoids that need a product.
//   - The others have three prerequisite clauses, drawn from as many distinct sets as
//     8 % of the revisions (8,000 of 100,000), few of them used often. What can be
//     approved names product and classification as categories and one detectoid;
//     what is bundled names the same kinds in plain clauses.
//   - Most are bundles of one, two or three members; the rest installs by itself,
//     some of it drivers. Members carry the rules and files.
//   - 30 % are superseded, by chains of up to 24 in which each supersedes the one
//     before.
//   - 1 % of what can be approved is expired, 0.5 % asks for a license.
//   - Titles, with their KB articles, are in English, of categories and of what can
//     be approved also in German.
type Shape struct {
	Revisions int    // at least 50; fewer are made 50
	Seed      uint64 // another seed gives another catalog of the same shape
	MaxCore   int    // largest core in bytes, 0 for no cap; none is below some 800 bytes
	MaxFile   int64  // largest payload file in bytes; 0 means 4 KiB
}

// giantCore is the size of the one largest core, in bytes.
const giantCore = 47_000_000

// Catalog is a catalog that was planned, each of whose documents is made when asked
// for. It is safe for concurrent use.
type Catalog struct {
	shape   Shape
	tree    tree
	sets    []clauseSet
	entries []entry
}

// New plans a catalog. It takes about 50 bytes a revision.
func New(s Shape) *Catalog {
	s.Revisions = max(s.Revisions, 50)
	if s.MaxFile <= 0 {
		s.MaxFile = 4 << 10
	}
	return plan(s)
}

// Len returns how many revisions there are.
func (c *Catalog) Len() int { return len(c.entries) }

// Item returns the i-th revision with its document. What others refer to comes
// before them.
func (c *Catalog) Item(i int) update.Item {
	rev, rules := c.Revision(i)
	return update.Item{Name: itemName(i), Document: Document(rev, rules), Expect: rev.Identity}
}

// Items yields all revisions in order.
func (c *Catalog) Items() iter.Seq[update.Item] {
	return func(yield func(update.Item) bool) {
		for i := range c.entries {
			if !yield(c.Item(i)) {
				return
			}
		}
	}
}

// coreSize returns the size in bytes below which a part u of all cores is.
func coreSize(u float64) int {
	points := [...]struct{ u, size float64 }{{0.5, 563}, {0.9, 8_000}, {0.99, 413_000}, {1, 5_000_000}}
	if u <= points[0].u {
		return int(points[0].size)
	}
	for i := 1; i < len(points); i++ {
		if a, b := points[i-1], points[i]; u <= b.u {
			return int(a.size * math.Pow(b.size/a.size, (u-a.u)/(b.u-a.u)))
		}
	}
	return int(points[len(points)-1].size)
}
