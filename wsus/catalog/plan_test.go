package catalog_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

func by(day int) func(*catalog.Approval) {
	return func(a *catalog.Approval) { a.Deadline = time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC) }
}

func waiting(a *catalog.Approval) { a.Waiting = true }
func paused(a *catalog.Approval)  { a.Paused = true }
func deleted(a *catalog.Approval) { a.Deleted = true }

func TestPlanConflicts(t *testing.T) {
	t.Parallel()
	const install, uninstall, optional, block = update.Install, update.Uninstall, update.OptionalInstall, update.Block
	// The computer is in All Computers, in 1 below it, and in 2 and 3 below that.
	groups := catalog.GroupSet{{Group: gid(0), Depth: 0}, {Group: gid(1), Depth: 1}, {Group: gid(2), Depth: 2}, {Group: gid(3), Depth: 2}}
	for _, tt := range []struct {
		name      string
		approvals []catalog.Approval
		holds     *catalog.HoldSet
		want      string
		wantID    int32
	}{
		{"nothing", nil, nil, "1 PreDeploymentCheck", 0},
		{"another group", []catalog.Approval{approval(1, 1, 9, install)}, nil, "1 PreDeploymentCheck", 0},
		{"install for all", []catalog.Approval{approval(1, 1, 0, install)}, nil, "1 Install", 1},
		{"the deeper group wins", []catalog.Approval{approval(1, 1, 0, install), approval(2, 1, 1, uninstall)}, nil, "1 Uninstall", 2},
		{"the deeper group wins, in another order", []catalog.Approval{approval(1, 1, 1, uninstall), approval(2, 1, 0, install)}, nil, "1 Uninstall", 1},
		{"install beats uninstall", []catalog.Approval{approval(1, 1, 2, uninstall), approval(2, 1, 3, install)}, nil, "1 Install", 2},
		{"install beats optional", []catalog.Approval{approval(1, 1, 2, optional), approval(2, 1, 3, install)}, nil, "1 Install", 2},
		{"the earlier deadline wins", []catalog.Approval{approval(1, 1, 2, install, by(9)), approval(2, 1, 3, install, by(3))}, nil, "1 Install by 11-03", 2},
		{"any deadline beats none", []catalog.Approval{approval(1, 1, 2, install), approval(2, 1, 3, install, by(9))}, nil, "1 Install by 11-09", 2},
		{"install without a deadline beats uninstall with one", []catalog.Approval{approval(1, 1, 2, uninstall, by(1)), approval(2, 1, 3, install)}, nil, "1 Install", 2},
		{"a block beats a deeper install", []catalog.Approval{approval(1, 1, 0, block), approval(2, 1, 2, install)}, nil, "1 PreDeploymentCheck", 2},
		{"a hold beats an install", []catalog.Approval{approval(1, 1, 0, install)}, &catalog.HoldSet{Updates: []update.ID{uid(1)}}, "1 PreDeploymentCheck", 1},
		{"a hold of another update", []catalog.Approval{approval(1, 1, 0, install)}, &catalog.HoldSet{Updates: []update.ID{uid(2)}}, "1 Install", 1},
		{"a hold of everything", []catalog.Approval{approval(1, 1, 0, install)}, &catalog.HoldSet{All: true}, "1 PreDeploymentCheck", 1},
		{"files are missing", []catalog.Approval{approval(1, 1, 0, install, waiting)}, nil, "1 PreDeploymentCheck", 1},
		{"paused", []catalog.Approval{approval(1, 1, 0, install, paused)}, nil, "1 PreDeploymentCheck", 1},
		{"deleted", []catalog.Approval{approval(1, 1, 0, install, deleted)}, nil, "1 PreDeploymentCheck", 1},
		{"deleted in the deeper group", []catalog.Approval{approval(1, 1, 2, uninstall, deleted), approval(2, 1, 0, install)}, nil, "1 Install", 2},
		{"a deleted block", []catalog.Approval{approval(1, 1, 0, block, deleted), approval(2, 1, 0, install)}, nil, "1 Install", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := snapshot(t, catalog.Rules{Approvals: tt.approvals}, row(1, update.Software))
			p := s.Plan(catalog.PlanKey{GroupSet: 1}, groups, tt.holds)
			e, ok := s.Offered(p, 1)
			if got := describe(e); !ok || got != tt.want {
				t.Errorf("sent %q (offered %v), want %q", got, ok, tt.want)
			}
			if tt.wantID != 0 && e.Deployment.ID != tt.wantID {
				t.Errorf("deployment %d, want %d", e.Deployment.ID, tt.wantID)
			}
			d := s.Decide(p, uid(1))
			if want := (catalog.Decision{Action: e.Deployment.Action, Deadline: e.Deployment.Deadline, InScope: true}); !cmp.Equal(d, want) {
				t.Errorf("Decide = %+v, want %+v", d, want)
			}
		})
	}
}

func TestActionsWithoutApproval(t *testing.T) {
	t.Parallel()
	rules := catalog.Rules{Approvals: []catalog.Approval{approval(1, 8, 0, update.Install), approval(2, 2, 0, update.Install)}}
	s := snapshot(t, rules,
		row(1, update.Category), row(2, update.Detectoid),
		row(3, update.Software, needs(1), needs(2, 7), bundles(4, 5)), // a bundle
		row(4, update.Software, hidden), row(5, update.Software),      // its members, one deployable
		row(6, update.Driver),
		row(7, update.Software, hidden), // a prerequisite
		row(8, update.Software, hidden), // approved, but not to be approved and reached by nothing
		row(9, update.Software, bundles(10)),
		row(10, update.Software),
	)
	p := plan(s)
	for id, want := range map[update.RevisionID]string{
		1: "1 Evaluate inner", 2: "2 Evaluate inner", 3: "3 PreDeploymentCheck", 4: "4 Bundle", 5: "5 Bundle",
		6: "6 PreDeploymentCheck", 7: "7 Evaluate inner", 9: "9 PreDeploymentCheck", 10: "10 Bundle",
	} {
		if e, ok := s.Offered(p, id); !ok || describe(e) != want {
			t.Errorf("sent %q (offered %v), want %q", describe(e), ok, want)
		}
	}
	if _, ok := s.Offered(p, 8); ok {
		t.Error("an update that may not be approved is offered")
	}
	if d := s.Decide(p, uid(8)); d.InScope {
		t.Errorf("Decide(8) = %+v, want out of scope", d)
	}
}

func TestImplicitDeploymentIDsAreApart(t *testing.T) {
	t.Parallel()
	s := snapshot(t, catalog.Rules{}, row(1, update.Software), row(2, update.Software))
	a, _ := s.Offered(plan(s), 1)
	b, _ := s.Offered(plan(s), 2)
	if a.Deployment.ID == b.Deployment.ID || a.Deployment.ID < 1<<30 {
		t.Errorf("deployments %d and %d", a.Deployment.ID, b.Deployment.ID)
	}
}

func TestPlanIsKeptByItsKey(t *testing.T) {
	t.Parallel()
	s := snapshot(t, catalog.Rules{}, row(1, update.Software))
	a := s.Plan(catalog.PlanKey{GroupSet: 1}, everyone, nil)
	if b := s.Plan(catalog.PlanKey{GroupSet: 1}, everyone, nil); a != b {
		t.Error("the plan was made twice")
	}
	for i := range int32(3000) {
		s.Plan(catalog.PlanKey{GroupSet: i + 2}, everyone, nil)
	}
	if b := s.Plan(catalog.PlanKey{GroupSet: 1}, everyone, nil); a == b {
		t.Error("the plan was never forgotten")
	}
}
