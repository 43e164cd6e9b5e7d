package clientsync_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

func TestRefreshCache(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.software(1, category)
	w.software(2, needs(1), func(r *catalog.Row) { r.Bundles = [][]update.Identity{{{ID: uid(3), Number: 1}}} })
	w.software(3)
	w.software(4, func(r *catalog.Row) { r.Expired = true })
	w.approve(7, 2, update.Install)
	w.serve()
	identity := func(n, number int) string {
		return fmt.Sprintf("<UpdateIdentity><UpdateID>%s</UpdateID><RevisionNumber>%d</RevisionNumber></UpdateIdentity>", strings.ToUpper(uid(n).String()), number)
	}
	call := func(inner string) reply { return w.call("RefreshCache", cookieXML("cookie", w.cookie())+inner) }
	r := call("<globalIDs>" + identity(1, 1) + identity(2, 1) + identity(2, 2) + identity(3, 1) + identity(4, 1) + identity(5, 1) + "</globalIDs>")
	var got []string
	for _, e := range parse(t, r.body).Find("RefreshCacheResult")[0].Children {
		var names []string
		for _, c := range e.Children {
			names = append(names, c.Name.Local)
		}
		if diff := cmp.Diff([]string{"RevisionID", "GlobalID", "IsLeaf", "Deployment"}, names); diff != "" {
			t.Errorf("children (-want +got):\n%s", diff)
		}
		got = append(got, e.Children[0].Text+" "+e.Children[1].Children[0].Text+" "+e.Children[2].Text+" "+e.Find("Action")[0].Text)
	}
	want := []string{"1 " + uid(1).String() + " false Evaluate", "2 " + uid(2).String() + " true Install"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	for inner, want := range map[string]string{
		"":             "InvalidParameters globalIDs",
		"<globalIDs/>": "none",
		"<globalIDs><UpdateIdentity><UpdateID>x</UpdateID></UpdateIdentity></globalIDs>":             "InvalidParameters globalIDs",
		"<globalIDs><UpdateIdentity><RevisionNumber>x</RevisionNumber></UpdateIdentity></globalIDs>": "InvalidParameters globalIDs",
	} {
		if got := call(inner).fault(); got != want {
			t.Errorf("%q: %q, want %q", inner, got, want)
		}
	}
	w.limits.Held = 2
	w.serve()
	if got := call("<globalIDs>" + identity(1, 1) + identity(2, 1) + identity(3, 1) + "</globalIDs>").fault(); got != "InvalidParameters globalIDs" {
		t.Errorf("three of two: %q", got)
	}
}
