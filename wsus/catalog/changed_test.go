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

func changed(s *catalog.Snapshot, req *catalog.Request) (out []string) {
	ans := s.Sync(req)
	for _, h := range s.Changed(req, &ans) {
		out = append(out, describe(s.Entry(req.Plan, h)))
	}
	return out
}

func TestChanged(t *testing.T) {
	t.Parallel()
	const soft, install = update.Software, update.Install
	rows := []catalog.Row{row(1, soft), row(2, soft), row(3, soft, hidden), row(4, update.Detectoid), row(5, soft, bundles(3))}
	late := row(6, soft, needs(4))
	late.Seq = 60
	after := func(seq int64) *catalog.Told { return &catalog.Told{Seq: seq} }
	for _, tt := range []struct {
		name  string
		rows  []catalog.Row
		rules catalog.Rules
		old   catalog.GroupSet // of the plan that the client was told
		told  *catalog.Told
		want  []string
	}{
		{"nothing changed", rows, catalog.Rules{Approvals: []catalog.Approval{approval(1, 1, 0, install)}}, everyone, after(50), nil},
		{"approved since", rows, catalog.Rules{Approvals: []catalog.Approval{approval(51, 1, 0, install)}}, everyone, after(50), []string{"1 Install"}},
		{"deleted since", rows, catalog.Rules{Approvals: []catalog.Approval{approval(51, 1, 0, install, deleted)}}, everyone, after(50), []string{"1 PreDeploymentCheck"}},
		{"a losing approval deleted since", rows, catalog.Rules{Approvals: []catalog.Approval{approval(1, 1, 0, install), approval(51, 1, 1, update.Uninstall, deleted)}},
			everyone, after(50), nil},
		{"files came since", rows, catalog.Rules{Approvals: []catalog.Approval{approval(51, 2, 0, install)}}, everyone, after(50), []string{"2 Install"}},
		{"left a group that installs", rows, catalog.Rules{Approvals: []catalog.Approval{approval(1, 1, 1, install)}},
			catalog.GroupSet{{Group: gid(0)}, {Group: gid(1), Depth: 1}}, after(50), []string{"1 PreDeploymentCheck"}},
		{"the same in both groups", rows, catalog.Rules{Approvals: []catalog.Approval{approval(1, 1, 0, install)}},
			catalog.GroupSet{{Group: gid(0)}, {Group: gid(1), Depth: 1}}, after(50), nil},
		{"stopped being a leaf since", append(slices.Clone(rows), late), catalog.Rules{}, everyone, after(50), []string{"4 Evaluate inner"}},
		{"stopped being a leaf before", append(slices.Clone(rows), late), catalog.Rules{}, everyone, after(60), nil},
		{"the cookie says nothing", rows, catalog.Rules{Approvals: []catalog.Approval{approval(1, 1, 0, install)}}, everyone, nil,
			[]string{"1 Install", "2 PreDeploymentCheck", "5 PreDeploymentCheck"}},
		{"the cookie is older than the oldest tombstone", rows, catalog.Rules{OldestTombstone: 51}, everyone, after(50),
			[]string{"1 PreDeploymentCheck", "2 PreDeploymentCheck", "5 PreDeploymentCheck"}},
		{"the cookie is as old as the oldest tombstone", rows, catalog.Rules{OldestTombstone: 50}, everyone, after(50), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := snapshot(t, tt.rules, tt.rows...)
			req := &catalog.Request{Plan: plan(s), Other: ids(1, 2, 3, 4, 5)}
			if len(tt.rows) > 5 {
				req.Installed, req.Other = ids(4), ids(1, 2, 3, 5, 6)
			}
			if tt.told != nil {
				req.Told = &catalog.Told{Plan: s.Plan(catalog.PlanKey{GroupSet: 7}, tt.old, nil), Seq: tt.told.Seq}
			}
			if diff := cmp.Diff(tt.want, changed(s, req)); diff != "" {
				t.Errorf("changed (-want +got):\n%s", diff)
			}
		})
	}
}

// TestChangedInALimitedScan: where the cookie says nothing, a scan that is
// limited to categories is told deployments, but not leaf states.
func TestChangedInALimitedScan(t *testing.T) {
	t.Parallel()
	s := snapshot(t, catalog.Rules{Approvals: []catalog.Approval{approval(1, 2, 0, update.Install)}},
		row(1, update.Category), row(2, update.Software, needs(1)))
	req := &catalog.Request{Plan: plan(s), Installed: ids(1), Other: ids(2), Filter: []update.ID{uid(1)}}
	if diff := cmp.Diff([]string{"2 Install"}, changed(s, req)); diff != "" {
		t.Errorf("limited (-want +got):\n%s", diff)
	}
	req.Filter = nil
	if diff := cmp.Diff([]string{"1 Evaluate inner", "2 Install"}, changed(s, req)); diff != "" {
		t.Errorf("whole (-want +got):\n%s", diff)
	}
}

func TestChangedIsOnlyWhatIsHeld(t *testing.T) {
	t.Parallel()
	s := snapshot(t, catalog.Rules{Approvals: []catalog.Approval{approval(51, 1, 0, update.Install)}}, row(1, update.Software), row(2, update.Software))
	req := &catalog.Request{Plan: plan(s), Other: ids(2, 99)}
	req.Told = &catalog.Told{Plan: req.Plan, Seq: 50}
	if got := changed(s, req); got != nil {
		t.Errorf("changed %v, want nothing", got)
	}
}

// TestClientForgetsNothing plays any sequence of approvals, group moves, holds,
// pauses, deletions and lost cookies, and checks that a client that rescans
// holds for every update what its plan says, and no action that it does not.
func TestClientForgetsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { newWorld(t).run() })
}

const (
	worldUpdates = 6
	worldGroups  = 3
)

// world is an administrator and one client.
type world struct {
	t     *rapid.T
	seq   int64
	rules catalog.Rules
	graph *catalog.Graph

	groups []int // of the client, besides All Computers
	holds  catalog.HoldSet

	held   map[update.RevisionID]string // what the client believes
	cookie *worldCookie                 // nil where it has none
}

type worldCookie struct {
	groups []int
	holds  catalog.HoldSet
	seq    int64
}

func newWorld(t *rapid.T) *world {
	var rows []catalog.Row
	for n := 1; n <= worldUpdates; n++ {
		rows = append(rows, row(n, update.Software))
	}
	rows = append(rows, row(worldUpdates+1, update.Software, bundles(1, 2)))
	g, err := catalog.Build(each(rows))
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, graph: g, seq: 10, held: make(map[update.RevisionID]string)}
}

func (w *world) run() {
	for range rapid.IntRange(1, 30).Draw(w.t, "steps") {
		w.act()
		if rapid.IntRange(0, 2).Draw(w.t, "scan") == 0 {
			w.scan()
			w.check()
		}
	}
	w.scan()
	w.check()
}

func (w *world) act() {
	t := w.t
	w.seq++
	rules := w.rules
	rules.Approvals = slices.Clone(rules.Approvals)
	pick := func() *catalog.Approval {
		if len(rules.Approvals) == 0 {
			return nil
		}
		a := &rules.Approvals[rapid.IntRange(0, len(rules.Approvals)-1).Draw(t, "approval")]
		if a.Deleted {
			return nil
		}
		a.Seq = w.seq
		return a
	}
	switch rapid.IntRange(0, 8).Draw(t, "act") {
	case 0, 1:
		action := rapid.SampledFrom([]update.Action{update.Install, update.Uninstall, update.Block}).Draw(t, "action")
		a := approval(int(w.seq), rapid.IntRange(1, worldUpdates+1).Draw(t, "update"), rapid.IntRange(0, worldGroups).Draw(t, "group"), action)
		if rapid.Bool().Draw(t, "deadline") {
			by(rapid.IntRange(1, 20).Draw(t, "day"))(&a)
		}
		a.Waiting = rapid.IntRange(0, 4).Draw(t, "waiting") == 0
		rules.Approvals = append(rules.Approvals, a)
	case 2:
		if a := pick(); a != nil {
			a.Deleted = true
		}
	case 3:
		if a := pick(); a != nil {
			a.Paused = !a.Paused
		}
	case 4:
		if a := pick(); a != nil {
			a.Waiting = !a.Waiting
		}
	case 5:
		w.groups = rapid.SliceOfNDistinct(rapid.IntRange(1, worldGroups), 0, 2, rapid.ID[int]).Draw(t, "groups")
	case 6:
		w.holds = catalog.HoldSet{All: rapid.IntRange(0, 4).Draw(t, "hold all") == 0}
		if rapid.Bool().Draw(t, "hold") {
			w.holds.Updates = []update.ID{uid(rapid.IntRange(1, worldUpdates).Draw(t, "held update"))}
		}
	case 7:
		w.cookie = nil // lost
	case 8:
		// Tombstones are swept.
		rules.OldestTombstone = rapid.Int64Range(rules.OldestTombstone, w.seq).Draw(t, "oldest tombstone")
		rules.Approvals = slices.DeleteFunc(rules.Approvals, func(a catalog.Approval) bool {
			return a.Deleted && a.Seq <= rules.OldestTombstone
		})
	}
	w.rules = rules
}

func (w *world) plan(s *catalog.Snapshot, groups []int, holds catalog.HoldSet) *catalog.Plan {
	set := catalog.GroupSet{{Group: gid(0)}}
	for _, g := range groups {
		set = append(set, catalog.GroupDepth{Group: gid(g), Depth: 1})
	}
	// A key of its own for every plan: what the caches do is not the matter here.
	return catalog.NewSnapshot(w.graph, &w.rules, w.seq, start).Plan(catalog.PlanKey{}, set, &holds)
}

// scan is a client's whole scan, in pages of two.
func (w *world) scan() {
	for {
		s := catalog.NewSnapshot(w.graph, &w.rules, w.seq, start)
		p := w.plan(s, w.groups, w.holds)
		req := &catalog.Request{Plan: p}
		for id := range w.held {
			req.Other = append(req.Other, id)
		}
		if w.cookie != nil {
			req.Told = &catalog.Told{Plan: w.plan(s, w.cookie.groups, w.cookie.holds), Seq: w.cookie.seq}
		}
		ans := s.Sync(req)
		for _, id := range ans.OutOfScope {
			delete(w.held, id)
		}
		page := ans.New[:min(2, len(ans.New))]
		for _, h := range page {
			w.learn(s.Entry(p, h))
		}
		if len(page) < len(ans.New) {
			if rapid.IntRange(0, 4).Draw(w.t, "act between pages") == 0 {
				w.act()
			}
			continue
		}
		for _, h := range s.Changed(req, &ans) {
			w.learn(s.Entry(p, h))
		}
		if rapid.IntRange(0, 5).Draw(w.t, "answer is lost") == 0 {
			continue // what it said was learned, but not its cookie
		}
		w.cookie = &worldCookie{groups: w.groups, holds: w.holds, seq: w.seq}
		return
	}
}

func (w *world) learn(e catalog.Entry) {
	w.held[e.Revision] = fmt.Sprint(e.Deployment.Action, e.Deployment.Deadline)
}

func (w *world) check() {
	s := catalog.NewSnapshot(w.graph, &w.rules, w.seq, start)
	p := w.plan(s, w.groups, w.holds)
	for id := update.RevisionID(1); id <= worldUpdates+1; id++ {
		e, ok := s.Offered(p, id)
		want := fmt.Sprint(e.Deployment.Action, e.Deployment.Deadline)
		if got := w.held[id]; !ok || got != want {
			w.t.Fatalf("revision %d: the client believes %q, its plan says %q (offered %v)", id, got, want, ok)
		}
	}
}
