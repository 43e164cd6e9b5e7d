package catalog_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

func TestScope(t *testing.T) {
	t.Parallel()
	const soft = update.Software
	days := func(n int) func(*catalog.Approval) {
		return func(a *catalog.Approval) { a.Changed = start.AddDate(0, 0, -n) }
	}
	chain := []catalog.Row{row(1, soft), row(2, soft, supersedes(1)), row(3, soft, supersedes(2, 1))}
	for _, tt := range []struct {
		name  string
		rows  []catalog.Row
		rules catalog.Rules
		want  []update.RevisionID
	}{
		{"a chain leaves its newest", chain, catalog.Rules{}, ids(3)},
		{"a chain that names only the last one", []catalog.Row{row(1, soft), row(2, soft, supersedes(1)), row(3, soft, supersedes(2))}, catalog.Rules{}, ids(3)},
		{"what was declined hides nothing", chain, catalog.Rules{Declined: []update.ID{uid(3)}}, ids(2)},
		{"all successors declined", chain, catalog.Rules{Declined: []update.ID{uid(3), uid(2)}}, ids(1)},
		{"a declined link does not pass on", []catalog.Row{row(1, soft), row(2, soft, supersedes(1)), row(3, soft, supersedes(2))},
			catalog.Rules{Declined: []update.ID{uid(2)}}, ids(1, 3)},
		{"what expired hides nothing", []catalog.Row{row(1, soft), row(2, soft, supersedes(1), expired)}, catalog.Rules{}, ids(1)},
		{"an expired head withdraws its update", []catalog.Row{row(1, soft), row(2, soft, revision(1, 2), expired)}, catalog.Rules{}, nil},
		{"only the highest revision", []catalog.Row{row(1, soft, revision(1, 7)), row(2, soft, revision(1, 3))}, catalog.Rules{}, ids(1)},
		{"an older revision supersedes nothing", []catalog.Row{row(1, soft), row(2, soft, supersedes(1)), row(3, soft, revision(2, 2))}, catalog.Rules{}, ids(1, 3)},
		{"a ring hides none of its own", []catalog.Row{row(1, soft, supersedes(2)), row(2, soft, supersedes(3)), row(3, soft, supersedes(1))}, catalog.Rules{}, ids(1, 2, 3)},
		{"an update that supersedes itself", []catalog.Row{row(1, soft, supersedes(1))}, catalog.Rules{}, ids(1)},
		{"a ring below something newer is hidden", []catalog.Row{row(1, soft, supersedes(2)), row(2, soft, supersedes(1)), row(3, soft, supersedes(1))}, catalog.Rules{}, ids(3)},
		{"a superseded update that is approved stays", chain, catalog.Rules{Approvals: []catalog.Approval{approval(1, 1, 5, update.Install)}}, ids(1, 3)},
		{"a block is no approval", chain, catalog.Rules{Approvals: []catalog.Approval{approval(1, 1, 5, update.Block)}}, ids(3)},
		{"a deleted approval is none", chain, catalog.Rules{Approvals: []catalog.Approval{approval(1, 1, 5, update.Install, deleted)}}, ids(3)},
		{"both approved within 30 days", chain, catalog.Rules{Needed: map[update.ID]bool{},
			Approvals: []catalog.Approval{approval(1, 1, 0, update.Install), approval(2, 2, 0, update.Install, days(29))}}, ids(1, 2, 3)},
		{"the successor approved long ago, needed nowhere", chain, catalog.Rules{Needed: map[update.ID]bool{},
			Approvals: []catalog.Approval{approval(1, 1, 0, update.Install, days(50)), approval(2, 3, 0, update.Install, days(31))}}, ids(3)},
		{"the same, but to be uninstalled", chain, catalog.Rules{Needed: map[update.ID]bool{},
			Approvals: []catalog.Approval{approval(1, 1, 0, update.Uninstall, days(50)), approval(2, 3, 0, update.Install, days(31))}}, ids(1, 3)},
		{"the same, but needed somewhere", chain, catalog.Rules{Needed: map[update.ID]bool{uid(1): true},
			Approvals: []catalog.Approval{approval(1, 1, 0, update.Install, days(50)), approval(2, 3, 0, update.Install, days(31))}}, ids(1, 3)},
		{"the same, but nobody knows", chain, catalog.Rules{
			Approvals: []catalog.Approval{approval(1, 1, 0, update.Install, days(50)), approval(2, 3, 0, update.Install, days(31))}}, ids(1, 3)},
		{"categories are always in, detectoids with what needs them",
			[]catalog.Row{row(1, update.Category), row(2, update.Detectoid), row(3, update.Detectoid, needs(4)), row(4, update.Detectoid), row(5, soft, needs(1), needs(3))},
			catalog.Rules{}, ids(1, 3, 4, 5)},
		{"a declined update takes its detectoid along",
			[]catalog.Row{row(1, update.Detectoid), row(2, soft, needs(1))}, catalog.Rules{Declined: []update.ID{uid(2)}}, nil},
		{"a declined category stays away", []catalog.Row{row(1, update.Category)}, catalog.Rules{Declined: []update.ID{uid(1)}}, nil},
		{"bundle members at every depth come along, superseded or not",
			[]catalog.Row{row(1, soft, bundles(2)), row(2, soft, hidden, bundles(3)), row(3, soft, hidden), row(4, soft, supersedes(3)), row(5, soft, hidden)},
			catalog.Rules{}, ids(1, 2, 3, 4)},
		{"what nothing stored is named", []catalog.Row{row(1, soft, needs(99), bundles(98), supersedes(97))}, catalog.Rules{}, ids(1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := snapshot(t, tt.rules, tt.rows...)
			p := plan(s)
			var got []update.RevisionID
			for _, r := range tt.rows {
				if _, ok := s.Offered(p, r.ID); ok {
					got = append(got, r.ID)
					if id, _ := s.Graph().Identity(r.ID); !s.InScope(id.ID) {
						t.Errorf("revision %d is offered but not in scope", r.ID)
					}
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("in scope (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	// Three levels of 1, 2 and 5; the driver is not counted.
	rows := []catalog.Row{row(1, update.Category), row(2, update.Category, needs(1)), row(3, update.Category, needs(1))}
	for n := 4; n <= 8; n++ {
		rows = append(rows, row(n, update.Software, needs(2)))
	}
	rows = append(rows, row(9, update.Driver, needs(2)))
	s := snapshot(t, catalog.Rules{}, rows...)
	bytes := int64(8*100 + 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8)
	for _, tt := range []struct {
		updates int
		bytes   int64
		trips   int
	}{
		{200, 1 << 20, 3},
		{2, 1 << 20, 5},   // 1, 1, 3
		{200, 220, 5},     // 1, 1, 3: two of them fit
		{200, 1, 8},       // one each
		{1, 1 << 20, 8},   //
		{200, 1 << 40, 3}, //
	} {
		if got, want := s.Budget(tt.updates, tt.bytes), (catalog.Budget{Revisions: 8, Bytes: bytes, Trips: tt.trips}); got != want {
			t.Errorf("Budget(%d, %d) = %+v, want %+v", tt.updates, tt.bytes, got, want)
		}
	}
}

func TestScopeFollowsTheDay(t *testing.T) {
	t.Parallel()
	g, err := catalog.Build(each([]catalog.Row{row(1, update.Software), row(2, update.Software, supersedes(1))}))
	if err != nil {
		t.Fatal(err)
	}
	rules := catalog.Rules{Needed: map[update.ID]bool{},
		Approvals: []catalog.Approval{approval(1, 1, 0, update.Install), approval(2, 2, 0, update.Install)}}
	for days, want := range map[int]bool{0: true, 30: true, 31: false} {
		s := catalog.NewSnapshot(g, &rules, 1, start.Add(time.Duration(days)*24*time.Hour))
		if s.InScope(uid(1)) != want {
			t.Errorf("after %d days the superseded update is in scope: %v, want %v", days, !want, want)
		}
	}
}
