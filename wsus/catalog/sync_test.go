package catalog_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

func TestSyncWalksDownTheCategories(t *testing.T) {
	t.Parallel()
	const cat, soft = update.Category, update.Software
	s := snapshot(t, catalog.Rules{},
		row(1, cat), row(2, cat, needs(1)), row(3, cat, needs(2)), // company, family, product
		row(4, update.Detectoid, needs(3)), row(5, soft, needs(3), needs(4, 6)), row(6, update.Detectoid), row(7, soft, needs(99)))
	p := plan(s)
	var installed []update.RevisionID
	for i, want := range [][]update.RevisionID{ids(1, 6), ids(2), ids(3), ids(4, 5), nil} {
		req := &catalog.Request{Plan: p, Installed: installed}
		ans := s.Sync(req)
		got := fresh(s, p, ans.New)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("round %d, new (-want +got):\n%s", i, diff)
		}
		if len(ans.OutOfScope)+len(ans.Deployed) != 0 {
			t.Errorf("round %d drops %v", i, ans.OutOfScope)
		}
		installed = append(installed, got...)
	}
}

func TestSyncOrder(t *testing.T) {
	t.Parallel()
	s := snapshot(t, catalog.Rules{}, row(1, update.Software), row(2, update.Software, hidden), row(3, update.Detectoid),
		row(4, update.Category), row(5, update.Software, needs(2), needs(3)), row(6, update.Category))
	p := plan(s)
	var got []update.RevisionID
	for _, h := range s.Sync(&catalog.Request{Plan: p, Installed: ids(2, 3)}).New {
		got = append(got, s.Entry(p, h).Revision)
	}
	if diff := cmp.Diff(ids(4, 6, 1, 5), got); diff != "" {
		t.Errorf("without what is held (-want +got):\n%s", diff)
	}
	got = got[:0]
	for _, h := range s.Sync(&catalog.Request{Plan: p}).New {
		got = append(got, s.Entry(p, h).Revision)
	}
	if diff := cmp.Diff(ids(4, 6, 3, 2, 1), got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestSyncDropsWhatIsNotNeeded(t *testing.T) {
	t.Parallel()
	const soft = update.Software
	s := snapshot(t, catalog.Rules{},
		row(1, update.Category), row(2, soft, needs(1)), row(3, soft, revision(2, 2), needs(1)), row(4, update.Driver, needs(1)),
		row(5, soft), row(6, soft, expired))
	p := plan(s)
	ans := s.Sync(&catalog.Request{Plan: p, Installed: ids(1), Other: ids(2, 4, 5, 6, 99)})
	if diff := cmp.Diff(ids(2, 4, 6, 99), ans.OutOfScope); diff != "" {
		t.Errorf("out of scope (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(ids(3), fresh(s, p, ans.New)); diff != "" {
		t.Errorf("new (-want +got):\n%s", diff)
	}
	// The category is no longer installed: what needs it goes.
	ans = s.Sync(&catalog.Request{Plan: p, Other: ids(1, 3, 5)})
	if diff := cmp.Diff(ids(3), ans.OutOfScope); diff != "" {
		t.Errorf("out of scope (-want +got):\n%s", diff)
	}
	// An installed older revision satisfies as the newest does.
	s = snapshot(t, catalog.Rules{}, row(1, update.Detectoid), row(2, update.Detectoid, revision(1, 2)), row(3, soft, needs(1)))
	p = plan(s)
	if got := fresh(s, p, s.Sync(&catalog.Request{Plan: p, Installed: ids(1)}).New); !slices.Equal(got, ids(2, 3)) {
		t.Errorf("with an older revision installed: new %v, want 2 and 3", got)
	}
}

func TestSyncFilter(t *testing.T) {
	t.Parallel()
	const cat, soft = update.Category, update.Software
	s := snapshot(t, catalog.Rules{},
		row(1, cat), row(2, cat, needs(1)), row(3, cat, needs(1)), row(4, update.Detectoid), row(5, update.Detectoid),
		row(6, soft, needs(2), needs(4), bundles(7)), row(7, soft, hidden), row(8, soft, needs(3), needs(5)),
		row(9, soft, needs(2), needs(10)), row(10, update.Detectoid), row(11, soft, expired), row(12, soft), row(13, soft, revision(12, 2)))
	p := plan(s)
	// 9 lacks a prerequisite, 11 was withdrawn, 12 has a newer revision, nobody knows 99.
	req := &catalog.Request{Plan: p, Installed: ids(1, 2, 3, 4, 5), Other: ids(8, 9, 10, 11, 12, 13, 99), Filter: []update.ID{uid(2), uid(77)}}
	ans := s.Sync(req)
	if diff := cmp.Diff(ids(6, 7), fresh(s, p, ans.New)); diff != "" {
		t.Errorf("new (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(ids(3, 5, 8, 9, 13), ans.Deployed); diff != "" {
		t.Errorf("deployed elsewhere (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(ids(11, 12, 99), ans.OutOfScope); diff != "" {
		t.Errorf("out of scope (-want +got):\n%s", diff)
	}
}

// drawGraph draws a small graph with everything that a graph can have, rings too.
func drawGraph(t *rapid.T) ([]catalog.Row, catalog.Rules) {
	n := rapid.IntRange(1, 14).Draw(t, "revisions")
	some := func(name string, most int) []int {
		return rapid.SliceOfN(rapid.IntRange(1, n+1), 0, most).Draw(t, name)
	}
	var rows []catalog.Row
	numbers := make(map[int]int32)
	for i := range n {
		u := rapid.IntRange(1, n).Draw(t, "update")
		numbers[u]++
		r := row(i+1, rapid.SampledFrom([]update.Type{update.Software, update.Software, update.Category, update.Detectoid, update.Driver}).Draw(t, "type"),
			revision(u, numbers[u]), supersedes(some("supersedes", 2)...), bundles(some("bundles", 2)...))
		for range rapid.IntRange(0, 2).Draw(t, "clauses") {
			if any := some("clause", 3); len(any) > 0 {
				needs(any...)(&r)
			}
		}
		r.Deployable = r.Deployable && rapid.IntRange(0, 3).Draw(t, "deployable") > 0
		r.Expired = rapid.IntRange(0, 9).Draw(t, "expired") == 0
		rows = append(rows, r)
	}
	var rules catalog.Rules
	for _, u := range some("declined", 2) {
		rules.Declined = append(rules.Declined, uid(u))
	}
	for i, u := range some("approved", 3) {
		rules.Approvals = append(rules.Approvals, approval(i+1, u, 0, rapid.SampledFrom([]update.Action{update.Install, update.Block}).Draw(t, "action")))
	}
	return rows, rules
}

func TestSyncAgainstReference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows, rules := drawGraph(t)
		g, err := catalog.Build(each(rows))
		if err != nil {
			t.Fatal(err)
		}
		s := catalog.NewSnapshot(g, &rules, 100, start)
		ref := newReference(rows, &rules)
		p := plan(s)
		for range 3 {
			some := func(name string) []update.RevisionID {
				drawn := rapid.SliceOfNDistinct(rapid.IntRange(1, len(rows)+2), 0, len(rows), rapid.ID[int]).Draw(t, name)
				return ids(drawn...)
			}
			req := &catalog.Request{Plan: p, Installed: some("installed"), Other: some("other")}
			if rapid.Bool().Draw(t, "filtered") {
				req.Filter = []update.ID{uid(rapid.IntRange(1, len(rows)).Draw(t, "filter"))}
			}
			ans := s.Sync(req)
			want := ref.sync(req)
			if diff := cmp.Diff(want.fresh, fresh(s, p, ans.New)); diff != "" {
				t.Fatalf("%+v, new (-want +got):\n%s", req, diff)
			}
			if diff := cmp.Diff(want.drop, sorted(ans.OutOfScope)); diff != "" {
				t.Fatalf("%+v, out of scope (-want +got):\n%s", req, diff)
			}
			if diff := cmp.Diff(want.elsewhere, sorted(ans.Deployed)); diff != "" {
				t.Fatalf("%+v, deployed elsewhere (-want +got):\n%s", req, diff)
			}
		}
	})
}

func sorted(list []update.RevisionID) []update.RevisionID {
	if len(list) == 0 {
		return nil
	}
	list = slices.Sorted(slices.Values(list))
	return slices.Compact(list)
}

func BenchmarkSync(b *testing.B) {
	var rows []catalog.Row
	for n := 1; n <= 20000; n++ {
		switch {
		case n <= 400:
			rows = append(rows, row(n, update.Category))
		case n <= 1000:
			rows = append(rows, row(n, update.Detectoid, needs(1+n%400)))
		default:
			rows = append(rows, row(n, update.Software, needs(1+n%400), needs(401+n%600, 401+n*7%600)))
		}
	}
	for i := range rows {
		rows[i].Identity.ID = update.ID{0: 0xAA, 13: byte(i >> 16), 14: byte((i + 1) >> 8), 15: byte(i + 1)}
	}
	s := snapshot(b, catalog.Rules{}, rows...)
	p := plan(s)
	var installed, other []update.RevisionID
	for n := 1; n <= 1000; n++ {
		if n%10 == 0 {
			installed = append(installed, update.RevisionID(n))
		} else if n <= 400 {
			other = append(other, update.RevisionID(n))
		}
	}
	for _, h := range s.Sync(&catalog.Request{Plan: p, Installed: installed, Other: other}).New {
		other = append(other, s.Entry(p, h).Revision)
	}
	req := &catalog.Request{Plan: p, Installed: installed, Other: other, Told: &catalog.Told{Plan: p, Seq: 100}}
	for _, cached := range []bool{true, false} {
		b.Run(fmt.Sprintf("cached=%v", cached), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if !cached {
					req.Installed = append(installed[:len(installed):len(installed)], update.RevisionID(1<<20+i))
				}
				ans := s.Sync(req)
				if len(ans.New) != 0 {
					b.Fatal("something is new")
				}
				s.Changed(req, &ans)
			}
			b.ReportMetric(float64(len(installed)+len(other)), "held")
		})
	}
}
