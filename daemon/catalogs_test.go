package daemon

import (
	"fmt"
	"testing"
	"time"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

// TestNewRevisionWaitsFromTheStart imports a new revision of an update that is
// approved. The first snapshot that shows it must not offer what waits.
func TestNewRevisionWaitsFromTheStart(t *testing.T) {
	t.Parallel()
	id := update.MustParseID("5eed0000-0000-4000-8000-000000000001")
	for name, change := range map[string]func(*update.Revision){
		"for license terms": func(r *update.Revision) { r.EulaID = id },
		"for a file": func(r *update.Revision) {
			r.Files = []update.File{{Digest: update.Digest{1}, Name: "a.cab", Size: 1, Modified: time.Unix(0, 0)}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := storetest.New(t)
			bring := func(number int32, change func(*update.Revision)) {
				rev := &update.Revision{Identity: update.Identity{ID: id, Number: number}, Type: update.Software, ExplicitlyDeployable: true}
				change(rev)
				st := storetest.Begin(t, s, update.Medium{
					Source: name, Format: "documents", Key: fmt.Sprint(number), Provenance: update.Unsigned,
				})
				item := &update.Item{Name: name, Document: fmt.Appendf(nil, "<Update n=\"%d\"/>", number)}
				storetest.Apply(t, st, storetest.Stage(t, st, storetest.Prepare(t, st, rev, item, &update.Fragments{Core: []byte("<X/>")})))
			}
			action := func(c *catalogs) update.Action {
				snap := c.Current()
				plan := snap.Plan(catalog.PlanKey{}, catalog.GroupSet{{Group: update.AllComputers}}, nil)
				return snap.Decide(plan, id).Action
			}
			bring(1, func(*update.Revision) {})
			if _, err := s.Approve(t.Context(), store.Entry{Who: "anna", Via: "cli"},
				update.Approval{Update: id, Group: update.AllComputers, Action: update.Install}); err != nil {
				t.Fatal(err)
			}
			c := &catalogs{store: s, now: time.Now}
			if err := c.rebuild(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := action(c); got != update.Install {
				t.Errorf("the first revision is sent as %v", got)
			}
			bring(2, change)
			if err := c.rebuild(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := action(c); got != update.PreDeploymentCheck {
				t.Errorf("the second revision is sent as %v before it is ready", got)
			}
		})
	}
}
