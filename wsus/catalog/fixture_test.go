package catalog_test

import (
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

// start is the time of every test.
var start = time.Date(2026, 10, 4, 12, 0, 0, 0, time.UTC)

// uid returns the id that tests call update n.
func uid(n int) update.ID { return update.ID{0: 0xAA, 14: byte(n >> 8), 15: byte(n)} }

// gid returns the id that tests call group n; 0 is All Computers.
func gid(n int) update.ID { return update.ID{0: 0xBB, 15: byte(n)} }

// row returns a row of update n, revision 1, under RevisionID n.
func row(n int, typ update.Type, change ...func(*catalog.Row)) catalog.Row {
	r := catalog.Row{
		ID:         update.RevisionID(n),
		Identity:   update.Identity{ID: uid(n), Number: 1},
		Type:       typ,
		Deployable: typ == update.Software || typ == update.Driver,
		Document:   true,
		PlainLen:   int64(100 + n),
		Since:      start,
		Seq:        1,
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

// needs adds a clause to a row.
func needs(any ...int) func(*catalog.Row) {
	return func(r *catalog.Row) {
		var c update.Clause
		for _, n := range any {
			c.Any = append(c.Any, uid(n))
		}
		r.Prerequisites = append(r.Prerequisites, c)
	}
}

func supersedes(ns ...int) func(*catalog.Row) {
	return func(r *catalog.Row) {
		for _, n := range ns {
			r.Supersedes = append(r.Supersedes, uid(n))
		}
	}
}

// bundles makes a row a bundle of the first revisions of ns.
func bundles(ns ...int) func(*catalog.Row) {
	return func(r *catalog.Row) {
		for _, n := range ns {
			r.Bundles = append(r.Bundles, []update.Identity{{ID: uid(n), Number: 1}})
		}
	}
}

func hidden(r *catalog.Row)  { r.Deployable = false }
func expired(r *catalog.Row) { r.Expired = true }

// revision makes a row revision number of update n.
func revision(n int, number int32) func(*catalog.Row) {
	return func(r *catalog.Row) { r.Identity = update.Identity{ID: uid(n), Number: number} }
}

func each(rows []catalog.Row) iter.Seq2[catalog.Row, error] {
	return func(yield func(catalog.Row, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// snapshot builds a snapshot of rows under rules.
func snapshot(tb testing.TB, rules catalog.Rules, rows ...catalog.Row) *catalog.Snapshot {
	tb.Helper()
	g, err := catalog.Build(each(rows))
	if err != nil {
		tb.Fatal(err)
	}
	return catalog.NewSnapshot(g, &rules, 100, start)
}

// approval returns an approval of update n for group g.
func approval(id, n, g int, action update.Action, change ...func(*catalog.Approval)) catalog.Approval {
	a := catalog.Approval{Approval: update.Approval{
		ID: int32(id), Update: uid(n), Group: gid(g), Action: action, Changed: start, Seq: int64(id),
	}}
	for _, c := range change {
		c(&a)
	}
	return a
}

// everyone is the groups of a computer that is in All Computers only.
var everyone = catalog.GroupSet{{Group: gid(0), Depth: 0}}

// plan returns the plan of a computer in All Computers without holds.
func plan(s *catalog.Snapshot) *catalog.Plan { return s.Plan(catalog.PlanKey{}, everyone, nil) }

// fresh returns the RevisionIDs of an answer's new heads, ascending.
func fresh(s *catalog.Snapshot, p *catalog.Plan, heads []catalog.Head) []update.RevisionID {
	var ids []update.RevisionID
	for _, h := range heads {
		ids = append(ids, s.Entry(p, h).Revision)
	}
	slices.Sort(ids)
	return ids
}

// ids returns revision ids.
func ids(ns ...int) []update.RevisionID {
	var out []update.RevisionID
	for _, n := range ns {
		out = append(out, update.RevisionID(n))
	}
	return out
}

// describe writes an entry in one word.
func describe(e catalog.Entry) string {
	s := fmt.Sprintf("%d %s", e.Revision, e.Deployment.Action)
	if !e.Deployment.Deadline.IsZero() {
		s += " by " + e.Deployment.Deadline.Format("01-02")
	}
	if !e.Leaf {
		s += " inner"
	}
	return s
}
