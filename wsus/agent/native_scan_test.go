package agent

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/wsus/update"
	"sluice/wsus/update/samples"
)

// The round of the captured scan that was not kept: it brought the product
// category, a leaf, which the captured GetExtendedUpdateInfo then asks for.
const missingRound = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><SyncUpdatesResponse ` +
	`xmlns="http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService"><SyncUpdatesResult><NewUpdates><UpdateInfo>` +
	`<ID>72571</ID><Deployment><ID>1</ID><Action>Evaluate</Action><IsAssigned>true</IsAssigned><LastChangeTime>2026-10-04</LastChangeTime>` +
	`<AutoSelect>0</AutoSelect><AutoDownload>0</AutoDownload><SupersedenceBehavior>0</SupersedenceBehavior></Deployment><IsLeaf>true</IsLeaf>` +
	`<Xml>&lt;UpdateIdentity UpdateID="dd78b8a1-0b20-45c1-add6-4da72e9364cf" RevisionNumber="100" /&gt;&lt;Properties UpdateType="Category" /&gt;` +
	`&lt;Relationships&gt;&lt;Prerequisites&gt;&lt;AtLeastOne IsCategory="true"&gt;&lt;UpdateIdentity UpdateID="6964aab4-c5b5-43bd-a17d-ffb4346a8e1d" /&gt;` +
	`&lt;/AtLeastOne&gt;&lt;/Prerequisites&gt;&lt;/Relationships&gt;&lt;ApplicabilityRules&gt;&lt;IsInstalled&gt;&lt;False /&gt;&lt;/IsInstalled&gt;` +
	`&lt;/ApplicabilityRules&gt;</Xml></UpdateInfo></NewUpdates><Truncated>false</Truncated><NewCookie><Expiration>2026-10-04T16:03:35.9967236Z</Expiration>` +
	`<EncryptedData>COOKIE</EncryptedData></NewCookie><DriverSyncNotNeeded>true</DriverSyncNotNeeded></SyncUpdatesResult></SyncUpdatesResponse></s:Body></s:Envelope>`

// TestNativeScan plays the server of the captured scan: the agent must ask what
// the native agent asked, byte for byte, in the same order.
func TestNativeScan(t *testing.T) {
	t.Parallel()
	m := nativeMachine(t)
	cookie := capture(t, scanDir+"000006/request.body").cookie()
	steps := []string{"000001", "000002", "000003", "000004", "000005", "000006", "000007", "", "000009", "000010"}
	var asked int
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || asked >= len(steps) {
			t.Errorf("request %d: %v", asked, err)
			http.Error(w, "no more", http.StatusNotFound)
			return
		}
		step := steps[asked]
		asked++
		answer := []byte(strings.Replace(missingRound, "COOKIE", cookie.Data, 1))
		if step != "" {
			answer = samples.Read(t, scanDir+step+"/response.body")
			if want := samples.Read(t, scanDir+step+"/request.body"); !bytes.Equal(body, want) {
				t.Errorf("request %s differs:\n got %.3000s\nwant %.3000s", step, body, want)
			}
		}
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		if r.Header.Get("Accept-Encoding") == "xpress" {
			w.Header().Set("Content-Encoding", "xpress")
			answer = xpress(answer, 16352)
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = w.Write(answer)
	}))
	defer srv.Close()
	a, err := New(Config{
		Server: srv.URL, Machine: m, Caller: "OOBE ZDP",
		Categories: []update.ID{update.MustParseID("dd78b8a1-0b20-45c1-add6-4da72e9364cf")},
		Now:        func() time.Time { return time.Date(2026, 10, 4, 15, 3, 36, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := a.Scan(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if asked != len(steps) || r.Trips != 4 || r.New != 3 || len(r.Remarks) > 0 {
		t.Errorf("%d requests, result %+v", asked, r)
	}
	if h := a.state.held(108231); h == nil || h.Verdict != IsInstalled || h.Extended.Title != "Windows" {
		t.Errorf("revision 108231: %+v", h)
	}
	a.cfg.Transport.CloseIdle()
}

// TestNativeAnswers reads every captured answer of the kinds that the agent
// reads.
func TestNativeAnswers(t *testing.T) {
	t.Parallel()
	op := func(name string) *node {
		t.Helper()
		root, err := parseXML(samples.Read(t, native+name+"/response.body"))
		if err != nil {
			t.Fatal(err)
		}
		return root.kids[0].kids[0]
	}
	for _, name := range []string{"flow/000001", "flow/000014"} {
		info, err := parseSync("SyncUpdates", op(name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, u := range info.added {
			if _, err := ParseCore(u.xml); err != nil {
				t.Errorf("%s: update %d: %v", name, u.id, err)
			}
		}
	}
	r := op("flow/000015").child("GetExtendedUpdateInfoResult")
	urls, err := readLocations(r)
	if err != nil || len(urls) == 0 {
		t.Fatalf("%d locations, %v", len(urls), err)
	}
	var ids []update.RevisionID
	for _, u := range r.items("Updates") {
		id, err := u.number("ID")
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, update.RevisionID(id))
	}
	found, err := readFragments(r, ids)
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for id, f := range found {
		e, err := parseExtended(f.extended, f.localized)
		if err != nil || e.Title == "" {
			t.Errorf("revision %d: %+v, %v", id, e, err)
			continue
		}
		for _, f := range e.Files {
			files++
			if urls[f.Digest] == "" || f.SHA256.IsZero() {
				t.Errorf("revision %d: file %+v", id, f)
			}
		}
	}
	if files == 0 {
		t.Error("no files")
	}
	fault := samples.Read(t, "wsus/captures/wsus-m0/000141/response.body")
	if _, err := parseAnswer("SyncUpdates", clientService.ns, 500, fault); FaultCode(err) != "InvalidParameters" {
		t.Errorf("fault: %v", err)
	}
}

// TestRealCores evaluates real fragments on the presets.
func TestRealCores(t *testing.T) {
	t.Parallel()
	read := func(name string) *Core {
		t.Helper()
		c, err := ParseCore(string(samples.Read(t, "wsus/captures/"+name)))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := read("wsus-m0-cbs/cbs-dotnet-core-reduced.xml")
	if c.Package.Name != "Package_for_DotNetRollup_481" || c.Package.Architecture != "amd64" {
		t.Errorf("package %+v", c.Package)
	}
	id := update.MustParseID("11111111-2222-4333-8444-555555555555")
	for _, tt := range []struct {
		machine Machine
		core    *Core
		want    Verdict
		missed  map[string]int
	}{
		{Windows11(id, "pc"), c, Needed, nil},
		{WindowsServer2022(id, "srv"), read("wsus-m0-cbs/osinstaller-core.xml"), NotApplicable, nil},
		{Windows11(id, "pc"), read("wsus-m0-wsusss/wusp-reference/56309036-4c77-4dd9-951a-99ee9c246a94-r101.core.xml"), IsInstalled, nil},
		{Windows11(id, "pc"), read("wsus-m0-wsusss/wusp-reference/266f6222-c89d-43f2-9f8a-69340271e677-r200.core.xml"), NotApplicable, map[string]int{"b.LicenseDword": 1}},
	} {
		s := &State{Held: []Held{{ID: 1, Core: tt.core, Deployment: &update.Deployment{}}}}
		s.Held[0].Core.Prerequisites = nil // only its rules are in question
		missed := map[string]int{}
		s.evaluate(tt.machine.Facts, &Library{}, missed)
		if s.Held[0].Verdict != tt.want || !maps.Equal(missed, tt.missed) {
			t.Errorf("%s on %s: verdict %d, want %d; no answer for %v", tt.core.Identity, tt.machine.Computer.DNSName, s.Held[0].Verdict, tt.want, missed)
		}
	}
}
