package daemon

import (
	"testing"
	"time"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/wsus/update"
)

// A snapshot never says that it shows a commit of which its graph knows nothing:
// devices would not be told of it again.
func TestRebuildShowsImports(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	c, err := openCatalogs(t.Context(), s, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	rebuilt := func() int {
		t.Helper()
		if err := c.rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := c.Current().Seq; got != s.Seq() {
			t.Errorf("the snapshot is of seq %d, the store of %d", got, s.Seq())
		}
		return c.Current().Graph().Revisions()
	}
	if n := rebuilt(); n != 0 {
		t.Errorf("%d revisions in a new store", n)
	}
	id := update.MustParseID("5eed0000-0000-4000-8000-000000000001")
	core := `<UpdateIdentity UpdateID="` + id.String() + `" RevisionNumber="1" /><Properties UpdateType="Software" ExplicitlyDeployable="true" />`
	storetest.Seed(t, s, storetest.SeedRevision{RevisionID: 7, Item: update.Item{Name: "a", Fragments: &update.Fragments{Core: []byte(core)}}})
	if n := rebuilt(); n != 1 {
		t.Errorf("%d revisions after an import, want 1", n)
	}
	graph := c.Current().Graph()
	if _, err := s.Approve(t.Context(), store.Entry{Who: "test"}, update.Approval{Update: id, Group: update.AllComputers, Action: update.Install}); err != nil {
		t.Fatal(err)
	}
	if rebuilt(); c.Current().Graph() != graph {
		t.Error("an approval had the graph read again")
	}
}
