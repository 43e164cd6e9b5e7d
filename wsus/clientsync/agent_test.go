package clientsync_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sluice/wsus/agent"
	"sluice/wsus/catalog"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/reporting"
	"sluice/wsus/update"
)

// desk is the reporting side of a world.
type desk struct {
	*world
	reports []reporting.Report
}

// Known implements reporting.Computers.
func (d *desk) Known(device int64) bool {
	_, ok := d.Seat(device)
	return ok
}

// ByClientID implements reporting.Computers.
func (d *desk) ByClientID(id string) (int64, bool) {
	n, ok := d.devices[id]
	return n, ok
}

// Report implements reporting.Sink.
func (d *desk) Report(_ context.Context, _ int64, r reporting.Report) error {
	d.reports = append(d.reports, r)
	return nil
}

// TestAgent lets an agent that was written without this server scan the
// demonstration catalog, learn of changes, and report.
func TestAgent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.now = time.Now()
	w.limits.PageUpdates = 5
	deployable := make(map[update.ID]bool)
	for _, item := range synth.Demo() {
		if r := w.document(item.Document); r.ExplicitlyDeployable {
			deployable[r.ID] = true
		}
	}
	w.serve()
	d := &desk{world: w}
	rep := reporting.New(reporting.Config{Cookies: w.box, Computers: d, Sink: d, Now: func() time.Time { return w.now }}, slog.New(slog.DiscardHandler))
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.EqualFold(r.URL.Path, reporting.Path) {
			rep.ServeHTTP(rw, r)
			return
		}
		w.server.ServeHTTP(rw, r)
	}))
	defer srv.Close()
	machine := agent.Windows11(update.MustParseID("e1da06a3-5601-43c9-bac3-52d5db701494"), "pc.example")
	machine.Facts.(*agent.Table).Registry[strings.ToLower(`HKEY_LOCAL_MACHINE\`+synth.DemoDesktopKey)] = nil
	a, err := agent.New(agent.Config{Server: srv.URL, Machine: machine})
	if err != nil {
		t.Fatal(err)
	}
	scan := func() *agent.ScanResult {
		t.Helper()
		r, err := a.Scan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range r.Remarks {
			t.Errorf("the agent remarks: %v", m)
		}
		return r
	}
	first := scan()
	if len(first.Needed) == 0 || first.New < 10 {
		t.Fatalf("the first scan: %d new, %d needed", first.New, len(first.Needed))
	}
	for _, u := range first.Needed {
		if u.Action != update.PreDeploymentCheck || !deployable[u.ID] {
			t.Errorf("%s is to be %s without an approval", u.Title, u.Action)
		}
	}
	if r := scan(); r.New != 0 || r.OutOfScope != 0 || r.Changed != 0 || r.Held != first.Held {
		t.Errorf("the second scan: %d new, %d out of scope, %d changed, %d of %d held", r.New, r.OutOfScope, r.Changed, r.Held, first.Held)
	}
	// Approve one of what is needed.
	w.seq++
	chosen := first.Needed[0].ID
	w.rules.Approvals = append(w.rules.Approvals, catalog.Approval{Approval: update.Approval{
		ID: 1, Update: chosen, Group: update.AllComputers, Action: update.Install, Changed: start, Seq: w.seq}})
	w.rebuild()
	actions := func(r *agent.ScanResult) (install int) {
		for _, u := range r.Needed {
			if u.Action == update.Install {
				install++
				if u.ID != chosen || len(u.Files) == 0 || !strings.HasPrefix(u.Files[0].URL, "http://127.0.0.1:8530/Content/") {
					t.Errorf("to be installed: %+v", u)
				}
			}
		}
		return install
	}
	if r := scan(); r.Changed != 1 || r.New != 0 || actions(r) != 1 {
		t.Errorf("after an approval: %d changed, %d new, %d to be installed", r.Changed, r.New, actions(r))
	}
	// And take it back.
	w.seq++
	w.rules.Approvals = []catalog.Approval{w.rules.Approvals[0]}
	w.rules.Approvals[0].Deleted, w.rules.Approvals[0].Seq = true, w.seq
	w.rebuild()
	if r := scan(); r.Changed != 1 || actions(r) != 0 {
		t.Errorf("after the approval was deleted: %d changed, %d to be installed", r.Changed, actions(r))
	}
	if _, err := a.Report(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(d.reports) == 0 || d.reports[0].Status == nil {
		t.Errorf("reports %+v", d.reports)
	} else if got := d.reports[0].Status.States[chosen]; got != update.NotInstalled {
		t.Errorf("the chosen update is reported as %v", got)
	}
	if c := w.computer; c.DNSName != "pc.example" || c.OSMajor != 10 {
		t.Errorf("computer %+v", c)
	}
	if err := a.RefreshCache(t.Context()); err != nil {
		t.Errorf("RefreshCache: %v", err)
	}
}
