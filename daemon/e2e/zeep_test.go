package e2e_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/daemon/demo"
	"sluice/wsus/update/samples"
)

// python finds a Python that has zeep, or skips the test.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.CommandContext(t.Context(), name, "-c", "import zeep, lxml, requests").Run() == nil {
			return name
		}
	}
	t.Skip("python3-zeep is not installed")
	return ""
}

// seen is what testdata/zeep/client.py prints.
type seen struct {
	Config struct {
		Registration bool
		Plugin       string
		Service      string
		Properties   map[string]string
	}
	Ticket        string
	CookieMinutes int                                   `json:"cookie_minutes"`
	CategoryScan  struct{ Preferred, Unknown []string } `json:"category_scan"`
	Rounds        int
	Drivers       []struct {
		ID       string
		Hardware []string
	}
	Again struct {
		New       int
		Truncated bool
	}
	Updates map[string]struct {
		Revision int
		Type     string
		Action   string
		Leaf     bool
		Assigned bool
		Changed  string
	}
	Printers int
	Refresh  struct{ Asked, Answered, Same int }
	Extended struct {
		Titles     map[string]map[string]string
		Eulas      int
		Files      int
		Locations  int
		OutOfScope int `json:"out_of_scope"`
	}
	Extended2     bool
	Locations     bool
	Download      struct{ Files, Missing int }
	Report        []bool
	InventoryType int `json:"inventory_type"`
	Inventory     bool
	Faults        map[string]string
	Operations    map[string]int
}

// id returns an id of the demonstration media.
func id(n string) string { return "5117ce00-0000-4000-8000-000000000" + n }

// TestIndependentClient has a client that shares no code with sluice drive every
// operation of the WSUS door, by Microsoft's own WSDL.
func TestIndependentClient(t *testing.T) {
	t.Parallel()
	wsdl := samples.Path(t, "../wsdl")
	interpreter := python(t)
	media, err := demo.WriteMedia(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a := newAppliance(t, "")
	a.load(media.Documents)
	a.sluice(0, "updates", "approve", "KB7000103", "--group", "All Computers")
	a.sluice(0, "updates", "approve", "KB7000104", "--group", "All Computers") // its file is missing
	a.sluice(0, "updates", "approve", "KB7000112", "--group", "All Computers")
	a.sluice(0, "updates", "decline", "KB7000105")
	a.start()

	cmd := exec.CommandContext(t.Context(), interpreter, filepath.Join("testdata", "zeep", "client.py"),
		a.wsusTLS, a.authority(), wsdl, id("003"), id("103"))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, &stderr, a.log)
	}
	var got seen
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, &stdout)
	}

	config := got.Config
	if !config.Registration || config.Plugin != "SimpleTargeting" || got.Ticket != "SimpleTargeting" ||
		config.Service != "SimpleAuthWebService/SimpleAuth.asmx" || config.Properties["ProtocolVersion"] != "3.2" || config.Properties["MaxExtendedUpdatesPerRequest"] == "" {
		t.Errorf("handshake: %+v, ticket %q", config, got.Ticket)
	}
	if got.CookieMinutes < 50 || got.CookieMinutes > 70 {
		t.Errorf("the cookie is good for %d minutes, want an hour", got.CookieMinutes)
	}
	if diff := cmp.Diff([]string{id("003")}, got.CategoryScan.Preferred); diff != "" {
		t.Errorf("preferred categories (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"5117ce00-0000-4000-8000-00000000dead"}, got.CategoryScan.Unknown); diff != "" {
		t.Errorf("unknown categories (-want +got):\n%s", diff)
	}
	actions := map[string]string{}
	for update, u := range got.Updates {
		if u.Type == "Software" || u.Type == "Driver" {
			actions[update] = u.Action
		} else if u.Action != "Evaluate" {
			t.Errorf("%s %s has action %s", u.Type, update, u.Action)
		}
		if !u.Assigned || u.Changed == "" || u.Revision == 0 {
			t.Errorf("deployment of %s: %+v", update, u)
		}
		if wantLeaf := u.Type == "Software" || u.Type == "Driver"; u.Leaf && !wantLeaf {
			t.Errorf("%s %s is a leaf", u.Type, update)
		}
	}
	const report = "PreDeploymentCheck"
	if diff := cmp.Diff(map[string]string{
		id("102"): "Bundle", id("103"): "Install", id("104"): report, id("106"): report, id("107"): report,
		id("108"): report, id("109"): report, id("111"): report, id("112"): "Install",
	}, actions); diff != "" {
		t.Errorf("deployments (-want +got):\n%s", diff)
	}
	if len(got.Drivers) != 1 || got.Drivers[0].ID != id("112") || len(got.Drivers[0].Hardware) != 1 {
		t.Errorf("driver pass: %+v", got.Drivers)
	}
	if got.Again.New != 0 || got.Again.Truncated {
		t.Errorf("a scan of nothing new: %+v", got.Again)
	}
	if got.Rounds < 3 {
		t.Errorf("categories came in %d rounds, want one for each level", got.Rounds)
	}
	if got.Printers != 0 {
		t.Errorf("%d printer drivers", got.Printers)
	}
	if r := got.Refresh; r.Asked != len(got.Updates) || r.Same != r.Answered || r.Answered < r.Asked-1 {
		t.Errorf("RefreshCache: %+v of %d", r, len(got.Updates))
	}
	if title := got.Extended.Titles[id("103")]["en"]; title != "2026-03 Cumulative Update for Harbor Server 2026 (KB7000103)" {
		t.Errorf("title of KB7000103: %q", title)
	}
	if e := got.Extended; e.OutOfScope != 0 || e.Files == 0 || e.Locations < e.Files || e.Eulas == 0 {
		t.Errorf("GetExtendedUpdateInfo: %+v", e)
	}
	if !got.Extended2 || !got.Locations {
		t.Errorf("locations of GetExtendedUpdateInfo2 alike: %v, of GetFileLocations: %v", got.Extended2, got.Locations)
	}
	if got.Download.Missing != 1 || got.Download.Files != got.Extended.Files-1 {
		t.Errorf("download: %+v of %d", got.Download, got.Extended.Files)
	}
	if diff := cmp.Diff([]bool{true, true}, got.Report); diff != "" || got.InventoryType != 0 || !got.Inventory {
		t.Errorf("reports: %v, inventory type %d, %v", got.Report, got.InventoryType, got.Inventory)
	}
	if diff := cmp.Diff(map[string]string{
		"broken cookie": "InvalidCookie", "too many installed": "InvalidParameters", "digest of 19 bytes": "InvalidParameters",
		"no ticket": "InvalidAuthorizationCookie", "report with a broken cookie": "InvalidCookie",
	}, got.Faults); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	for _, op := range []string{
		"GetConfig", "GetAuthorizationCookie", "GetCookie", "RegisterComputer", "StartCategoryScan", "SyncUpdates", "SyncPrinterCatalog",
		"RefreshCache", "GetExtendedUpdateInfo", "GetExtendedUpdateInfo2", "GetFileLocations", "ReportEventBatch",
		"GetRequiredInventoryType", "ReportInventory",
	} {
		if got.Operations[op] == 0 {
			t.Errorf("%s was not answered by its schema", op)
		}
	}

	// What it reported is counted once.
	u := decode[struct {
		Computers struct{ Installed int }
	}](t, a.sluice(0, "updates", "show", "--json", "KB7000103"))
	if u.Computers.Installed != 1 {
		t.Errorf("KB7000103 is installed on %d computers, want 1", u.Computers.Installed)
	}
}
