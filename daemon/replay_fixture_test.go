package daemon_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"sluice/daemon/api"
	"sluice/daemon/store"
)

var fixtureDifferences = []difference{
	{"", "header", "Server", "names the product that answers"},
	{"round-5", "order", "SyncUpdatesResponse/SyncUpdatesResult/NewUpdates", "the recording follows no order that shows"},
}

// TestReplayFixture plays a recording that was made up for it, in the manner of
// the real ones, which are not part of the project: a client that knows nothing
// scans until it is told to install a bundle, and reports.
func TestReplayFixture(t *testing.T) {
	t.Parallel()
	const root = "testdata/replay"
	files := os.DirFS(root)
	r := reconstruct(t, files)
	for _, folder := range []string{"round-1", "round-2", "round-3", "round-4", "round-5"} {
		r.cores(folder)
	}
	r.details("extended")
	names, err := filepath.Glob(filepath.Join(root, "documents", "*.xml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r.document(text)
	}
	c := settings(t)
	seedAppliance(t, c, r.seeds()...)
	if r.matched != len(names) {
		t.Errorf("%d documents are of recorded revisions, want %d", r.matched, len(names))
	}

	// The payload comes in as it would with an import, and the approval is made
	// before the doors open.
	a := openAt(t, c)
	rep, err := a.Import(t.Context(), api.ImportOrder{
		Path: filepath.Join(root, "documents"), AcceptUnsigned: true, By: store.Entry{Who: "test", Via: "cli"},
	})
	if err != nil || rep.New != 0 || rep.Unchanged != len(names) || rep.Files != 1 {
		t.Fatalf("import: %+v, %v; want every revision known", rep, err)
	}
	if made := approve(t, a, "5eed0000-0000-4000-8000-000000000035"); made.Waiting {
		t.Fatal("the approval waits, though the payload is there")
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}

	p := newPlayer(t, recording{
		files: files,
		requestHeads: map[string]string{
			"/ClientWebService/client.asmx":                 "config/request.headers",
			"/SimpleAuthWebService/SimpleAuth.asmx":         "authorization/request.headers",
			"/ReportingWebService/ReportingWebService.asmx": "report/request.headers",
		},
		answerHeads: map[string]string{
			"/ClientWebService/client.asmx":                 "config/response.headers",
			"/SimpleAuthWebService/SimpleAuth.asmx":         "report/response.headers",
			"/ReportingWebService/ReportingWebService.asmx": "report/response.headers",
		},
	}, start(t, openAt(t, c)))
	for _, e := range []exchange{
		{name: "config"}, {name: "authorization"}, {name: "cookie"}, {name: "register"},
		{name: "round-1"}, {name: "round-2"}, {name: "round-3"}, {name: "round-4"}, {name: "round-5"}, {name: "round-6"},
		{name: "drivers"}, {name: "extended"}, {name: "report"},
		{name: "too-many", call: tooManyInstalled(), bare: true, status: http.StatusInternalServerError},
	} {
		p.play(e)
	}
	for _, e := range p.badCookies("round-1", "too-many") {
		e.bare = true
		p.play(e)
	}
	p.check(fixtureDifferences)
}
