package agent_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/agent"
	"sluice/wsus/update"
)

// eventIDs lists the ids of the events that the server last got.
func eventIDs(s *fakeServer) []string {
	var ids []string
	for _, m := range regexp.MustCompile(`<EventID>(\d+)</EventID>`).FindAllStringSubmatch(s.bodies["ReportEventBatch"], -1) {
		ids = append(ids, m[1])
	}
	return ids
}

// TestLife is a computer's month: it scans, downloads, installs, restarts, scans
// again and reports.
func TestLife(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newServer(t)
	s.standard()
	dir := t.TempDir()
	a := s.newAgent(func(c *agent.Config) { c.Dir = dir; c.Limits.Piece = 4096 })
	r, err := a.Scan(ctx)
	if err != nil {
		t.Fatal(err)
	}
	bundle, single := &r.Needed[0], &r.Needed[1]
	if _, err := a.Install(ctx, single); !strings.Contains(fmt.Sprint(err), "0x80246007") {
		t.Errorf("installing before downloading: %v", err)
	}
	for _, u := range []*agent.Update{bundle, single} {
		d, err := a.Download(ctx, u)
		if err != nil {
			t.Fatal(err)
		}
		if d.Files != len(u.Files) || d.Bytes == 0 || u == bundle && d.Requests != 36 {
			t.Errorf("download of %s: %+v", u.Title, d)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) != 2 || !strings.HasSuffix(left[0], ".cab") && !strings.HasSuffix(left[1], ".cab") {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if out, err := a.Install(ctx, bundle); err != nil || out != agent.NeedsRestart {
		t.Errorf("bundle: %v, %v", out, err)
	}
	if out, err := a.Install(ctx, single); err != nil || out != agent.Succeeds {
		t.Errorf("single: %v, %v", out, err)
	}
	if n, err := a.Report(ctx); err != nil || n != 10 {
		t.Errorf("reported %d, %v", n, err)
	}
	if d := cmp.Diff([]string{"147", "156", "167", "162", "167", "162", "181", "201", "181", "183"}, eventIDs(s)); d != "" {
		t.Errorf("events (-want +got):\n%s", d)
	}
	first := s.bodies["ReportEventBatch"]
	if n, err := a.Resend(ctx); err != nil || n != 10 {
		t.Errorf("resent %d, %v", n, err)
	}
	instances := regexp.MustCompile(`<EventInstanceID>[^<]+`)
	if d := cmp.Diff(instances.FindAllString(first, -1), instances.FindAllString(s.bodies["ReportEventBatch"], -1)); d != "" {
		t.Errorf("instance ids changed (-first +again):\n%s", d)
	}

	if r, err = a.Scan(ctx); err != nil {
		t.Fatal(err)
	}
	if len(r.Needed) != 2 || !r.Needed[0].Pending || len(r.Installed) != 2 {
		t.Errorf("before the restart: %+v", r)
	}
	a.Reboot()
	if r, err = a.Scan(ctx); err != nil || len(r.Installed) != 3 || len(r.Needed) != 1 {
		t.Errorf("after the restart: %v, %v", titles(r.Needed), err)
	}
	if _, err := a.Report(ctx); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"147", "156", "203", "202", "147", "156"}, eventIDs(s)); d != "" {
		t.Errorf("events (-want +got):\n%s", d)
	}
	_, last, _ := strings.Cut(s.bodies["ReportEventBatch"], "<EventID>202")
	if want := "<string>V=" + strings.Join([]string{guid(10), guid(20), guid(21)}, ";") + "</string>"; !strings.Contains(last, want) || strings.Contains(last, "<string>U=") {
		t.Errorf("status %s lacks %s", last, want)
	}
}

func TestUninstall(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newServer(t)
	s.standard()
	s.revisions[9].action = update.Uninstall // had before
	a := s.newAgent(nil)
	r, err := a.Scan(ctx)
	if err != nil || len(r.Removals) != 1 {
		t.Fatalf("%+v, %v", r.Removals, err)
	}
	if out, err := a.Install(ctx, &r.Removals[0]); err != nil || out != agent.Succeeds {
		t.Errorf("%v, %v", out, err)
	}
	if _, err := a.Install(ctx, &r.Removals[0]); err == nil {
		t.Error("removed twice")
	}
	if r, err = a.Scan(ctx); err != nil || len(r.Removals) != 0 || len(r.Installed) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestInstallOutcomes(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newServer(t)
	s.standard()
	eula := update.MustParseID(guid(99))
	s.revisions[8].core = strings.Replace(s.revisions[8].core, ` ExplicitlyDeployable="true"`, ` ExplicitlyDeployable="true" EulaID="`+guid(99)+`"`, 1)
	accepted := false
	a := s.newAgent(func(c *agent.Config) {
		c.Outcome = func(update.Identity) agent.Outcome { return agent.Fails }
		c.Eula = func(id update.ID) bool { return accepted && id == eula }
	})
	r, err := a.Scan(ctx)
	if err != nil {
		t.Fatal(err)
	}
	u := &r.Needed[1]
	if _, err := a.Download(ctx, u); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Install(ctx, u); !strings.Contains(fmt.Sprint(err), "0x80240023") {
		t.Errorf("license terms not accepted: %v", err)
	}
	accepted = true
	if out, err := a.Install(ctx, u); out != agent.Fails || !strings.Contains(fmt.Sprint(err), "0x80070643") {
		t.Errorf("%v, %v", out, err)
	}
	ev := a.State().Events[len(a.State().Events)-1]
	if ev.EventID != 182 || cmp.Diff([]string{"0x80070643", "Single"}, ev.Replacement) != "" || uint32(ev.Win32Result) != 0x80070643 {
		t.Errorf("event %+v", ev)
	}
}

func TestDue(t *testing.T) {
	t.Parallel()
	u := agent.Update{}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if u.Due(now) {
		t.Error("without a deadline")
	}
	if u.Deadline = now; !u.Due(now) || u.Due(now.Add(-1)) {
		t.Error("at the deadline")
	}
}

// TestDownloadRefuses spoils content answers.
func TestDownloadRefuses(t *testing.T) {
	t.Parallel()
	part := func(change func(h http.Header, b []byte) []byte) func(http.ResponseWriter, *http.Request, []byte) {
		return func(w http.ResponseWriter, r *http.Request, content []byte) {
			var from, to int
			if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			h := w.Header()
			h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, len(content)))
			h.Set("ETag", `"1"`)
			b := change(h, slices.Clone(content[from:to+1]))
			h.Set("Content-Length", fmt.Sprint(len(b)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(b)
		}
	}
	calls := 0
	for _, tt := range []struct {
		name  string
		serve func(http.ResponseWriter, *http.Request, []byte)
		hr    uint32
	}{
		{"a byte changed", part(func(_ http.Header, b []byte) []byte { b[0] ^= 1; return b }), 0x80246002},
		{"too short", part(func(_ http.Header, b []byte) []byte { return b[1:] }), 0x80D02005},
		{"wrong total", part(func(h http.Header, b []byte) []byte { h.Set("Content-Range", "bytes 0-13/99"); return b }), 0x80D02005},
		{"encoded", part(func(h http.Header, b []byte) []byte { h.Set("Content-Encoding", "xpress"); return b }), 0x80D02005},
		{"weak tag", part(func(h http.Header, b []byte) []byte { h.Set("ETag", `W/"1"`); return b }), 0x80D02005},
		{"tag changes", part(func(h http.Header, b []byte) []byte { calls++; h.Set("ETag", fmt.Sprint(`"`, calls, `"`)); return b }), 0x80D02005},
		{"range ignored", func(w http.ResponseWriter, _ *http.Request, b []byte) { _, _ = w.Write(b) }, 0x80D02005},
		{"missing", func(w http.ResponseWriter, r *http.Request, _ []byte) { http.NotFound(w, r) }, 0x80190194},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t)
			s.standard()
			s.serveFile = tt.serve
			a := s.newAgent(func(c *agent.Config) { c.Limits.Piece = 7; c.Dir = t.TempDir() })
			r, err := a.Scan(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			_, err = a.Download(context.Background(), &r.Needed[1])
			if e := (*agent.Error)(nil); !errors.As(err, &e) || e.HResult != tt.hr {
				t.Errorf("error %v, want 0x%08X", err, tt.hr)
			}
			ev := a.State().Events
			if last := ev[len(ev)-1]; last.EventID != 161 || uint32(last.Win32Result) != tt.hr {
				t.Errorf("event %+v", last)
			}
		})
	}
}

// TestDownloadShuffles checks how content is asked for: every piece once, closed
// ranges, not in order.
func TestDownloadShuffles(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	content := bytes.Repeat([]byte("0123456789"), 1000)
	s.standard()
	file := s.addFile("big.cab", content)
	s.revisions[8].extended = `<ExtendedProperties /><Files>` + file + `</Files>`
	var mu sync.Mutex
	var ranges []string
	s.serveFile = func(w http.ResponseWriter, r *http.Request, b []byte) {
		mu.Lock()
		ranges = append(ranges, r.Header.Get("Range"))
		mu.Unlock()
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}
	a := s.newAgent(func(c *agent.Config) { c.Limits.Piece = 1000; c.Dir = t.TempDir() })
	r, err := a.Scan(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Download(context.Background(), &r.Needed[1]); err != nil {
		t.Fatal(err)
	}
	if slices.IsSorted(ranges) {
		t.Errorf("in order: %v", ranges)
	}
	slices.Sort(ranges)
	if len(ranges) != 10 || ranges[0] != "bytes=0-999" || len(slices.Compact(ranges)) != 10 {
		t.Errorf("ranges %v", ranges)
	}
}

func TestHiddenFile(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.standard()
	s.revisions[8].extended = strings.ReplaceAll(s.revisions[8].extended, `Digest="`, `Digest="AAAA`)
	s.revisions[8].extended = regexp.MustCompile(`Digest="AAAA....`).ReplaceAllString(s.revisions[8].extended, `Digest="AAAA`)
	a := s.newAgent(nil)
	r, err := a.Scan(context.Background())
	if err != nil || len(r.Remarks) != 1 || !strings.Contains(r.Remarks[0], "no location") {
		t.Fatalf("%v, %v", r.Remarks, err)
	}
	if _, err := a.Download(context.Background(), &r.Needed[1]); !strings.Contains(fmt.Sprint(err), "0x80246001") {
		t.Errorf("%v", err)
	}
}

func TestOperations(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newServer(t)
	s.standard()
	a := s.newAgent(nil)
	d, err := update.ParseDigest(strings.Repeat("00", 20))
	if err != nil {
		t.Fatal(err)
	}
	if urls, err := a.GetFileLocations(ctx, []update.Digest{d}); err != nil || len(urls) != 2 {
		t.Errorf("GetFileLocations: %v, %v", urls, err)
	}
	if urls, err := a.GetExtendedUpdateInfo2(ctx, []update.Identity{{Number: 1}}); err != nil || len(urls) != 2 {
		t.Errorf("GetExtendedUpdateInfo2: %v, %v", urls, err)
	}
	if n, err := a.SyncPrinterCatalog(ctx); err != nil || n != 0 {
		t.Errorf("SyncPrinterCatalog: %d, %v", n, err)
	}
	if n, err := a.RequiredInventoryType(ctx, update.ID{}, "1.0"); err != nil || n != 0 {
		t.Errorf("RequiredInventoryType: %d, %v", n, err)
	}
	if err := a.ReportInventory(ctx, "<Inventory/>"); err != nil {
		t.Errorf("ReportInventory: %v", err)
	}
	s.spoil["ReportInventory"] = func(s string) string { return strings.Replace(s, "true", "false", 1) }
	if err := a.ReportInventory(ctx, "<Inventory/>"); err == nil {
		t.Error("an inventory that the server refused")
	}
	if err := a.RefreshCache(ctx); err != nil {
		t.Errorf("RefreshCache: %v", err)
	}
	if n := len(a.Calls()); n != 10 { // the cache was empty: nothing to refresh
		t.Errorf("%d calls", n)
	}
}

func TestReportKeepsEventsOnFailure(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.standard()
	a := s.newAgent(func(c *agent.Config) { c.Limits.Batch = 1 })
	if _, err := a.Scan(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.faults["ReportEventBatch"] = []string{"CookieExpired", "InternalServerError"}
	first := a.State().Events[0].InstanceID
	if _, err := a.Report(context.Background()); agent.FaultCode(err) != "InternalServerError" || a.State().Events[0].InstanceID != first {
		t.Errorf("%v, %+v", err, a.State().Events)
	}
	if n, err := a.Report(context.Background()); err != nil || n != 2 || len(a.State().Events) != 0 {
		t.Errorf("%d, %v", n, err)
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.standard()
	a := s.newAgent(nil)
	if _, err := a.Prepare(); err == nil {
		t.Error("prepared before a scan")
	}
	if _, err := a.Scan(context.Background()); err != nil {
		t.Fatal(err)
	}
	queued := len(a.State().Events)
	p, err := a.Prepare()
	if err != nil || len(a.State().Events) != queued {
		t.Fatalf("%v, %d events", err, len(a.State().Events))
	}
	r := agent.Replay{Requests: []agent.Request{p.First, p.Again, p.Drivers, p.Extended, p.Report}, Count: 50, Connections: 3}
	m, err := r.Run(context.Background())
	if err != nil || m.Count != 50 || m.Failed != 0 || m.P50 > m.P99 || m.P99 > m.Max || m.Received == 0 || m.PerSecond() <= 0 {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := (&agent.Replay{}).Run(context.Background()); err == nil {
		t.Error("an empty replay")
	}
	s.Close()
	if _, err := r.Run(context.Background()); err == nil {
		t.Error("a replay against nothing")
	}
}

// TestKeptConnections checks that connections are kept, and that a request is
// sent again where the server had closed one.
func TestKeptConnections(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.standard()
	a := s.newAgent(nil)
	if _, err := a.Scan(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.CloseClientConnections()
	if _, err := a.Scan(context.Background()); err != nil {
		t.Errorf("after the server closed its connections: %v", err)
	}
}

func TestManyAgentsShareALibrary(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.standard()
	lib := &agent.Library{}
	var wg sync.WaitGroup
	held := make([]*agent.State, 8)
	image := agent.WindowsServer2022(update.MustParseID(guid(1000)), "image.example")
	for i := range held {
		a := s.newAgent(func(c *agent.Config) {
			c.Library = lib
			c.Machine = image.For(update.MustParseID(guid(1000+i)), "srv.example")
			c.Dir = t.TempDir()
		})
		wg.Go(func() {
			r, err := a.Scan(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			for j := range r.Needed {
				if _, err := a.Download(context.Background(), &r.Needed[j]); err != nil {
					t.Error(err)
				}
			}
			held[i] = a.State()
		})
	}
	wg.Wait()
	for _, st := range held[1:] {
		for i := range st.Held {
			if st.Held[i].Core != held[0].Held[i].Core || st.Held[i].Deployment != held[0].Held[i].Deployment {
				t.Fatalf("revision %d is not shared", st.Held[i].ID)
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	m := agent.WindowsServer2022(update.MustParseID(guid(1)), "srv")
	for name, cfg := range map[string]agent.Config{
		"no server": {Machine: m},
		"ftp":       {Server: "ftp://x", Machine: m},
		"no client": {Server: "http://x", Machine: agent.Machine{Facts: m.Facts}},
		"no facts":  {Server: "http://x", Machine: agent.Machine{Computer: m.Computer}},
	} {
		if _, err := agent.New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
