package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/catalogimport"
	"sluice/daemon"
	"sluice/daemon/api"
	"sluice/daemon/api/wire"
	"sluice/daemon/config"
	"sluice/daemon/store"
	"sluice/wsus/catalog"
	"sluice/wsus/metadata/synth"
)

// newServices opens an appliance in a temporary folder.
func newServices(t *testing.T) api.Services {
	t.Helper()
	c := config.Default()
	c.DataDir = t.TempDir()
	c.ContentDir = filepath.Join(c.DataDir, "content")
	c.MinFree = 0
	a, err := daemon.Open(t.Context(), daemon.Options{Config: c, Log: discard(), Now: time.Now, Version: "test", Hostname: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a.Services()
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// handler serves the services for a tester.
func handler(s api.Services) http.Handler {
	return api.As(api.Peer{Who: "tester", Allowed: true}, api.New(s, discard()))
}

// do sends a request and returns the status and the body.
func do(t *testing.T, h http.Handler, method, path, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, wire.Prefix+path, strings.NewReader(body))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// seeded returns services over the documents of package synth.
func seeded(t *testing.T) api.Services {
	t.Helper()
	dir := t.TempDir()
	for _, it := range synth.Demo() {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(it.Name)), it.Document, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := newServices(t)
	rep, err := s.Import(t.Context(), api.ImportOrder{Path: dir, AcceptUnsigned: true, By: store.Entry{Who: "tester"}})
	if err != nil || rep.New == 0 {
		t.Fatalf("import: %+v, %v", rep, err)
	}
	return s
}

const (
	cumulative = "5117ce00-0000-4000-8000-000000000103"
	detectoid  = "5117ce00-0000-4000-8000-000000000005"
)

func TestErrors(t *testing.T) {
	t.Parallel()
	h := handler(seeded(t))
	if code, body := do(t, h, "POST", "/groups", `{"name": "Pilot"}`); code != http.StatusOK {
		t.Fatalf("create group: %d %s", code, body)
	}
	approvals := "/updates/" + cumulative + "/approvals/"
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		code                     wire.Code
		message                  string // a part of it
	}{
		{"unknown route", "GET", "/nothing", "", 404, wire.NotFound, "there is no GET /api/v1/nothing"},
		{"unknown method", "PATCH", "/status", "", 404, wire.NotFound, "there is no PATCH"},
		{"unknown parameter", "GET", "/updates?colour=red", "", 400, wire.BadRequest, `unknown parameter "colour"; there are search,`},
		{"broken query", "GET", "/updates?search=%zz", "", 400, wire.BadRequest, "the query: "},
		{"broken flag", "GET", "/updates?missing=maybe", "", 400, wire.BadRequest, "missing is true or false"},
		{"broken limit", "GET", "/audit?limit=-1", "", 400, wire.BadRequest, "limit is a whole number"},
		{"broken cursor", "GET", "/updates?cursor=x", "", 400, wire.BadRequest, "not the beginning of a page"},
		{"broken id in a query", "GET", "/updates?category=x", "", 400, wire.BadRequest, "not a GUID"},
		{"kb with letters", "GET", "/updates?kb=KB1", "", 400, wire.BadRequest, "digits of an article"},
		{"unknown type", "GET", "/updates?type=Wares", "", 400, wire.BadRequest, "type is Software"},
		{"broken id", "GET", "/updates/x", "", 400, wire.BadRequest, "not a GUID"},
		{"unknown update", "GET", "/updates/5117ce00-0000-4000-8000-00000000ffff", "", 404, wire.NotFound, "no update has the id"},
		{"no body", "PUT", approvals + "Pilot", "", 400, wire.BadRequest, "no JSON body"},
		{"no object", "PUT", approvals + "Pilot", `[]`, 400, wire.BadRequest, "the JSON body: "},
		{"unknown field", "PUT", approvals + "Pilot", `{"action": "install", "force": true}`, 400, wire.BadRequest, `unknown field "force"`},
		{"two bodies", "PUT", approvals + "Pilot", `{"action": "install"} {}`, 400, wire.BadRequest, "more than one value"},
		{"large body", "PUT", approvals + "Pilot", `{"action": "` + strings.Repeat("x", 1<<20) + `"}`, 413, wire.TooLarge, "too large"},
		{"unknown action", "PUT", approvals + "Pilot", `{"action": "Install"}`, 400, wire.BadRequest, "install, uninstall or block"},
		{"unknown group", "PUT", approvals + "Nobody", `{"action": "install"}`, 404, wire.NotFound, "no such group"},
		{"not deployable", "PUT", "/updates/" + detectoid + "/approvals/Pilot", `{"action": "install"}`, 409, wire.NotDeployable, "cannot be approved"},
		{"nothing to unapprove", "DELETE", approvals + "Pilot", "", 404, wire.NotFound, "no approval"},
		{"nothing to pause", "POST", approvals + "Pilot/pause", "", 404, wire.NotFound, "no approval"},
		{"nothing to undecline", "POST", "/updates/" + cumulative + "/undecline", "", 404, wire.NotFound, "not declined"},
		{"no license terms", "POST", "/updates/" + cumulative + "/accept-eula", "", 404, wire.NotFound, "no license terms"},
		{"group without a name", "POST", "/groups", `{"name": " "}`, 400, wire.BadRequest, "needs a name"},
		{"group with a long name", "POST", "/groups", `{"name": "` + strings.Repeat("x", 201) + `"}`, 400, wire.BadRequest, "at most 200 bytes"},
		{"group with a hidden name", "POST", "/groups", `{"name": "a\u001bb"}`, 400, wire.BadRequest, "control characters"},
		{"group named like an id", "POST", "/groups", `{"name": "` + cumulative + `"}`, 400, wire.BadRequest, "cannot be a GUID"},
		{"group that exists", "POST", "/groups", `{"name": "pilot"}`, 409, wire.Conflict, "the name is taken"},
		{"group among the unassigned", "POST", "/groups", `{"name": "x", "parent": "Unassigned Computers"}`, 409, wire.Conflict, "no group lies inside"},
		{"nothing to change", "PATCH", "/groups/Pilot", `{}`, 400, wire.BadRequest, "neither name nor parent"},
		{"group in itself", "PATCH", "/groups/Pilot", `{"parent": "Pilot"}`, 409, wire.Conflict, "inside itself"},
		{"built-in group", "DELETE", "/groups/All%20Computers", "", 409, wire.Conflict, "built-in"},
		{"computer by name", "GET", "/computers/pc1", "", 400, wire.BadRequest, "by its number"},
		{"unknown computer", "GET", "/computers/7", "", 404, wire.NotFound, "device 7"},
		{"assign nobody", "POST", "/computers/assign", `{"computers": [], "groups": ["Pilot"]}`, 400, wire.BadRequest, "no computer is named"},
		{"assign an unknown one", "POST", "/computers/assign", `{"computers": [7], "groups": ["Pilot"]}`, 404, wire.NotFound, "device 7"},
		{"assign to everybody", "POST", "/computers/assign", `{"computers": [7], "groups": ["All Computers"]}`, 409, wire.Conflict, "not put into All Computers"},
		{"hold an unknown one", "PUT", "/computers/7/holds", `{"reason": ""}`, 404, wire.NotFound, "device 7"},
		{"long reason", "PUT", "/computers/7/holds", `{"reason": "` + strings.Repeat("x", 1001) + `"}`, 400, wire.BadRequest, "at most 1000 bytes"},
		{"import nothing", "POST", "/imports", `{"paths": []}`, 400, wire.BadRequest, "names no medium"},
		{"import a relative path", "POST", "/imports", `{"paths": ["a.cab"]}`, 400, wire.BadRequest, "not an absolute path"},
		{"back up to a relative path", "POST", "/backups", `{"path": "a.db"}`, 400, wire.BadRequest, "not an absolute path"},
		{"unknown import", "GET", "/imports/x/refusals", "", 400, wire.BadRequest, "by its number"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, body := do(t, h, tt.method, tt.path, tt.body)
			var got wire.ErrorBody
			if err := json.Unmarshal([]byte(body), &got); err != nil || got.Error == nil {
				t.Fatalf("%s %s = %d %q, no error document (%v)", tt.method, tt.path, status, body, err)
			}
			if status != tt.status || got.Error.Code != tt.code || !strings.Contains(got.Error.Message, tt.message) {
				t.Errorf("%s %s = %d %+v, want %d %s %q", tt.method, tt.path, status, *got.Error, tt.status, tt.code, tt.message)
			}
		})
	}
}

// TestPages walks every list in pages of every size and wants the same entries.
func TestPages(t *testing.T) {
	t.Parallel()
	s := seeded(t)
	h := handler(s)
	for _, tt := range []struct{ path, list, key string }{
		{"/updates?", "updates", "update_id"},
		{"/updates?current=true&", "updates", "update_id"},
		{"/audit?", "entries", "id"},
		{"/imports?", "imports", "import"},
	} {
		walk := func(limit string) (keys []string) {
			cursor := ""
			for range 200 {
				status, body := do(t, h, "GET", tt.path+"limit="+limit+"&cursor="+cursor, "")
				var page map[string]json.RawMessage
				var entries []map[string]json.RawMessage
				if err := json.Unmarshal([]byte(body), &page); err != nil || status != http.StatusOK {
					t.Fatalf("%s: %d %q: %v", tt.path, status, body, err)
				}
				if err := json.Unmarshal(page[tt.list], &entries); err != nil {
					t.Fatal(err)
				}
				for _, e := range entries {
					keys = append(keys, string(e[tt.key]))
				}
				if page["next"] == nil {
					return keys
				}
				cursor = strings.Trim(string(page["next"]), `"`)
			}
			t.Fatalf("%s has no end", tt.path)
			return nil
		}
		all := strings.Join(walk("1000"), " ")
		if all == "" {
			t.Errorf("%s lists nothing", tt.path)
		}
		for _, limit := range []string{"1", "2", "7", "25"} {
			if got := strings.Join(walk(limit), " "); got != all {
				t.Errorf("%s in pages of %s = %s, want %s", tt.path, limit, got, all)
			}
		}
	}
}

func TestStrangers(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	for _, tt := range []struct {
		name string
		h    http.Handler
		want int
	}{
		{"unknown", api.New(s, discard()), http.StatusUnauthorized},
		{"somebody", api.As(api.Peer{Who: "mallory"}, api.New(s, discard())), http.StatusForbidden},
		{"administrator", handler(s), http.StatusOK},
	} {
		if status, body := do(t, tt.h, "GET", "/status", ""); status != tt.want {
			t.Errorf("status for %s = %d %s, want %d", tt.name, status, body, tt.want)
		}
	}
}

// TestAudit wants an entry for every act, also for one that was refused, and
// none for a request that makes no sense.
func TestAudit(t *testing.T) {
	t.Parallel()
	s := seeded(t)
	h := handler(s)
	path := "/updates/" + cumulative + "/approvals/All%20Computers"
	do(t, h, "PUT", path, `{"action": "install"}`)
	do(t, h, "PUT", path, `{"action": "explode"}`)
	do(t, h, "PUT", "/updates/"+detectoid+"/approvals/All%20Computers", `{"action": "install"}`)
	do(t, h, "POST", "/imports", `{"paths": ["`+filepath.ToSlash(t.TempDir())+`/missing"]}`)
	entries, err := s.Store.AuditEntries(t.Context(), store.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	for _, e := range entries[:3] {
		io.WriteString(&got, strings.Join([]string{e.Who, e.Via, e.Action, filepath.Base(e.Subject), e.Outcome}, " ")+"\n")
	}
	want := "tester api media.import missing failed\n" +
		"tester api update.approve " + detectoid + " refused\n" +
		"tester api update.approve " + cumulative + " done\n"
	if got.String() != want {
		t.Errorf("audit log:\n%swant\n%s", got.String(), want)
	}
}

// TestImportOrder imports with a fake of what imports: each medium has a report,
// and only an appliance that imports already refuses the request.
func TestImportOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var paths []string
	for _, name := range []string{"fine", "unsigned", "full"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	body, err := json.Marshal(wire.Import{Paths: append(paths, filepath.Join(dir, "missing"))})
	if err != nil {
		t.Fatal(err)
	}
	s := newServices(t)
	s.Import = func(_ context.Context, o api.ImportOrder) (*catalogimport.Report, error) {
		if o.By.Who != "tester" || o.AcceptUnsigned {
			t.Errorf("order = %+v", o)
		}
		o.Progress(catalogimport.Progress{Phase: "metadata"})
		switch filepath.Base(o.Path) {
		case "unsigned":
			return &catalogimport.Report{Source: o.Path, State: "refused"}, &catalogimport.RefusedError{Source: o.Path, Err: catalogimport.ErrUnsigned}
		case "full":
			return &catalogimport.Report{Source: o.Path}, fmt.Errorf("store a: %w", store.ErrDiskFull)
		}
		return &catalogimport.Report{Source: o.Path, State: "applied"}, nil
	}
	status, answer := do(t, handler(s), "POST", "/imports", string(body))
	var got []string
	for d := json.NewDecoder(strings.NewReader(answer)); d.More(); {
		var e wire.ImportEvent
		if err := d.Decode(&e); err != nil {
			t.Fatal(err)
		}
		line := filepath.Base(e.Medium)
		switch {
		case e.Progress != nil:
			line += " " + e.Progress.Phase
		case e.Error != nil:
			line += " " + e.Report.State + " " + string(e.Error.Code)
		default:
			line += " " + e.Report.State
		}
		got = append(got, line)
	}
	want := []string{
		"fine metadata", "fine applied", "unsigned metadata", "unsigned refused refused",
		"full metadata", "full failed disk_full", "missing failed failed",
	}
	if diff := cmp.Diff(want, got); status != http.StatusOK || diff != "" {
		t.Errorf("import = %d, -want +got\n%s", status, diff)
	}

	s.Import = func(context.Context, api.ImportOrder) (*catalogimport.Report, error) { return nil, api.ErrImporting }
	if status, answer := do(t, handler(s), "POST", "/imports", string(body)); status != http.StatusConflict || !strings.Contains(answer, `"busy"`) {
		t.Errorf("import beside another = %d %s", status, answer)
	}
}

// TestNotReady asks before the catalog was read.
func TestNotReady(t *testing.T) {
	t.Parallel()
	s := newServices(t)
	s.Catalog = unread{}
	for _, path := range []string{"/updates", "/catalog/budget"} {
		if status, body := do(t, handler(s), "GET", path, ""); status != http.StatusServiceUnavailable || !strings.Contains(body, `"busy"`) {
			t.Errorf("%s = %d %s", path, status, body)
		}
	}
	if status, body := do(t, handler(s), "GET", "/status", ""); status != http.StatusOK {
		t.Errorf("status = %d %s", status, body)
	}
}

type unread struct{}

func (unread) Current() *catalog.Snapshot { return nil }
