package reporting_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/clientsync/cookie"
	"sluice/wsus/reporting"
	"sluice/wsus/soap/xpress"
	"sluice/wsus/update"
	"sluice/wsus/update/samples"
)

var (
	start   = time.Date(2026, 10, 4, 15, 20, 48, 0, time.UTC)
	lineage = update.MustParseID("11111111-2222-3333-4444-555555555555")
)

const clientID = "e1da06a3-5601-43c9-bac3-52d5db701494"

type ring struct{ key cookie.Key }

func (r ring) Current() cookie.Key { return r.key }

func (r ring) ByID(id uint32) (cookie.Key, bool) { return r.key, id == r.key.ID }

// office is a server and what it asks of others.
type office struct {
	tb      testing.TB
	now     time.Time
	box     *cookie.Box
	server  *reporting.Server
	reports []reporting.Report
	err     error // of the next report
}

func newOffice(tb testing.TB) *office {
	o := &office{tb: tb, now: start}
	now := func() time.Time { return o.now }
	o.box = cookie.NewBox(ring{cookie.Key{ID: 1, Secret: bytes.Repeat([]byte{7}, 32)}}, lineage, now)
	o.server = reporting.New(reporting.Config{Cookies: o.box, Computers: o, Sink: o, Now: now}, slog.New(slog.DiscardHandler))
	return o
}

// Known implements reporting.Computers.
func (o *office) Known(device int64) bool { return device == 1 }

// ByClientID implements reporting.Computers.
func (o *office) ByClientID(id string) (int64, bool) { return 1, id == clientID }

// Report implements reporting.Sink.
func (o *office) Report(_ context.Context, device int64, r reporting.Report) error {
	if device != 1 {
		o.tb.Errorf("report of device %d", device)
	}
	if o.err != nil {
		return o.err
	}
	o.reports = append(o.reports, r)
	return nil
}

func (o *office) cookie(device int64) string {
	sealed, err := o.box.Seal(cookie.Cookie{Device: device, Expires: start.Add(time.Hour)})
	if err != nil {
		o.tb.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(sealed)
}

func (o *office) post(path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	o.server.ServeHTTP(rec, r)
	return rec
}

// call posts an operation with a cookie of a device in front.
func (o *office) call(operation string, device int64, inner string) *httptest.ResponseRecorder {
	return o.post("/reportingwebservice/REPORTINGWEBSERVICE.ASMX", envelope(operation, cookieXML(o.cookie(device))+inner))
}

func envelope(operation, inner string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><` + operation +
		` xmlns="http://www.microsoft.com/SoftwareDistribution">` + inner + `</` + operation + `></s:Body></s:Envelope>`
}

func cookieXML(sealed string) string {
	return `<cookie><Expiration>2026-10-04T16:03:35Z</Expiration><EncryptedData>` + sealed + `</EncryptedData></cookie>`
}

// eventXML is an event; misc and replacement are pieces of its ExtendedData.
func eventXML(instance, id int, at, of string, misc ...string) string {
	b := fmt.Sprintf(`<ReportingEvent><BasicData><TargetID><Sid>%s</Sid></TargetID><SequenceNumber>0</SequenceNumber><TimeAtTarget>%s</TimeAtTarget>`+
		`<EventInstanceID>00000000-0000-0000-0000-%012d</EventInstanceID><NamespaceID>1</NamespaceID><EventID>%d</EventID><SourceID>101</SourceID>`+
		`<UpdateID><UpdateID>%s</UpdateID><RevisionNumber>3</RevisionNumber></UpdateID><Win32HResult>-2145123272</Win32HResult></BasicData><ExtendedData><MiscData>`,
		strings.ToUpper(clientID), at, instance, id, of)
	for _, m := range misc {
		b += "<string>" + m + "</string>"
	}
	return b + `</MiscData></ExtendedData><PrivateData/></ReportingEvent>`
}

const (
	nothing = "00000000-0000-0000-0000-000000000000"
	kb1     = "a2fef9b0-7951-4c2c-a42b-9e351dd1c1fe"
	kb2     = "3ff4ffd6-0358-4592-bb16-14b3d38a2cb0"
)

func batchXML(events ...string) string {
	return "<clientTime>2026-10-04T15:20:47.397Z</clientTime><eventBatch>" + strings.Join(events, "") + "</eventBatch>"
}

func TestReplay(t *testing.T) {
	t.Parallel()
	sealed := regexp.MustCompile(`(<EncryptedData>)A+=*(<)`)
	for _, name := range []string{"wsus-m0-native/flow/000016", "wsus-m0-ours/staged/000232"} {
		for _, encoding := range []string{"", "xpress"} {
			t.Run(name+encoding, func(t *testing.T) {
				t.Parallel()
				o := newOffice(t)
				body := string(samples.Read(t, "wsus/captures/"+name+"/request.body"))
				body = sealed.ReplaceAllString(body, "${1}"+o.cookie(1)+"${2}")
				rec := o.post(reporting.Path, body, "Accept-Encoding", encoding)
				got := rec.Body.Bytes()
				if encoding != "" {
					var err error
					if got, err = xpress.Decode(nil, got, 1<<20); err != nil {
						t.Fatal(err)
					}
				}
				if want := samples.Read(t, "wsus/captures/wsus-m0-native/flow/000016/response.body"); rec.Code != 200 || string(got) != string(want) {
					t.Errorf("%d %s\nwant %s", rec.Code, got, want)
				}
				if len(o.reports) != 1 {
					t.Fatalf("%d reports", len(o.reports))
				}
			})
		}
	}
}

func TestReplayedNativeBatch(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	body := string(samples.Read(t, "wsus/captures/wsus-m0-ours/staged/000232/request.body"))
	body = regexp.MustCompile(`<EncryptedData>[^<]*<`).ReplaceAllString(body, "<EncryptedData>"+o.cookie(1)+"<")
	if rec := o.post(reporting.Path, body); rec.Code != 200 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	r := o.reports[0]
	var ids []int
	for _, e := range r.Events {
		ids = append(ids, e.EventID)
		if e.Namespace != 1 || e.Source != 101 || e.InstanceID.IsZero() || e.Time.IsZero() || len(e.Misc) == 0 {
			t.Errorf("event %+v", e)
		}
	}
	if diff := cmp.Diff([]int{147, 167, 162, 181}, ids); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if r.Status == nil || r.Status.States[update.MustParseID(kb1)] != update.NotInstalled {
		t.Errorf("status %+v", r.Status)
	}
	if len(r.States) != 0 || r.Sent.IsZero() || !r.Received.Equal(start) {
		t.Errorf("report %+v", r)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	id := func(n int) string { return fmt.Sprintf("%08X-0000-0000-0000-000000000000", n) }
	for _, tt := range []struct {
		name string
		misc []string
		want map[string]update.State
	}{
		{"nothing", []string{"G=1507.2601.30012.0"}, map[string]update.State{}},
		{"all lists", []string{"U=" + id(1) + ";" + id(2), "V=" + id(3), "W=" + id(4), "g=" + id(5), "h=" + id(6)},
			map[string]update.State{id(1): update.NotInstalled, id(2): update.NotInstalled, id(3): update.Installed,
				id(4): update.InstalledPendingReboot, id(5): update.Failed, id(6): update.Downloaded}},
		{"needed and downloaded", []string{"h=" + id(1), "U=" + id(1)}, map[string]update.State{id(1): update.Downloaded}},
		{"needed, downloaded and failed", []string{"g=" + id(1), "h=" + id(1), "U=" + id(1)}, map[string]update.State{id(1): update.Failed}},
		{"installed and pending", []string{"W=" + id(1), "V=" + id(1)}, map[string]update.State{id(1): update.InstalledPendingReboot}},
		{"keys in the other case", []string{"u=" + id(1), "v=" + id(2), "w=" + id(3), "G=" + id(4), "H=" + id(5)}, map[string]update.State{}},
		{"a key that begins alike", []string{"UU=" + id(1), "U" + id(1)}, map[string]update.State{}},
		{"lower case ids and empty places", []string{"U=;" + strings.ToLower(id(0xABC)) + ";;" + id(2) + ";"},
			map[string]update.State{id(0xABC): update.NotInstalled, id(2): update.NotInstalled}},
		{"no ids", []string{"U=x;" + nothing + ";" + id(2) + "0"}, map[string]update.State{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			if rec := o.call("ReportEventBatch", 1, batchXML(eventXML(1, 156, "2026-10-04T15:20:00Z", nothing, tt.misc...))); rec.Code != 200 {
				t.Fatalf("%d %s", rec.Code, rec.Body)
			}
			r := o.reports[0]
			got := make(map[string]update.State)
			for id, state := range r.Status.States {
				got[strings.ToUpper(id.String())] = state
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || len(r.Events) != 0 {
				t.Errorf("states (-want +got), %d events:\n%s", len(r.Events), diff)
			}
		})
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	at := func(second int) string { return fmt.Sprintf("2026-10-04T15:20:%02dZ", second) }
	for _, tt := range []struct {
		name   string
		events []string
		want   []string
		status int // second of the status, -1 for none
	}{
		{"failures", []string{eventXML(1, 182, at(1), kb1), eventXML(2, 195, at(2), kb2)}, []string{kb1, kb2}, -1},
		{"at shutdown", []string{eventXML(1, 198, at(1), kb1)}, []string{kb1}, -1},
		{"twice", []string{eventXML(1, 182, at(1), kb1), eventXML(2, 182, at(2), kb1)}, []string{kb1}, -1},
		{"of no update", []string{eventXML(1, 182, at(1), nothing)}, nil, -1},
		{"what changes nothing", []string{eventXML(1, 181, at(1), kb1), eventXML(2, 183, at(2), kb1), eventXML(3, 201, at(3), kb1), eventXML(4, 161, at(4), kb1), eventXML(5, 167, at(5), kb1)}, nil, -1},
		{"before a status", []string{eventXML(1, 182, at(1), kb1), eventXML(2, 156, at(2), nothing)}, nil, 2},
		{"after a status", []string{eventXML(1, 156, at(1), nothing), eventXML(2, 182, at(2), kb1)}, []string{kb1}, 1},
		{"after a status that stands behind", []string{eventXML(1, 182, at(5), kb1), eventXML(2, 156, at(2), nothing)}, []string{kb1}, 2},
		{"the newest status", []string{eventXML(1, 156, at(7), nothing), eventXML(2, 156, at(2), nothing)}, nil, 7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			if rec := o.call("ReportEventBatch", 1, batchXML(tt.events...)); rec.Code != 200 {
				t.Fatalf("%d %s", rec.Code, rec.Body)
			}
			r := o.reports[0]
			var got []string
			for _, s := range r.States {
				got = append(got, s.Update.ID.String())
				if s.State != update.Failed || s.Win32Result != -2145123272 || s.Update.Number != 3 {
					t.Errorf("state %+v", s)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("failed (-want +got):\n%s", diff)
			}
			if second := -1; r.Status != nil {
				if second = r.Status.Time.Second(); second != tt.status {
					t.Errorf("status of second %d, want %d", second, tt.status)
				}
			} else if tt.status >= 0 {
				t.Error("no status")
			}
		})
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	long := strings.Repeat("é", 1000)
	event := eventXML(7, 167, "2026-10-04T15:20:01.5Z", strings.ToUpper(kb1), "C=1", "c=48", "x="+long)
	event = strings.Replace(event, "<ExtendedData>", "<ExtendedData><ReplacementStrings><string>A &amp; B</string></ReplacementStrings>", 1)
	event = strings.Replace(event, "</Win32HResult>", "</Win32HResult><AppName>OOBE</AppName>", 1)
	late := strings.Replace(eventXML(8, 147, "", nothing), "<TimeAtTarget></TimeAtTarget>", "", 1)
	if rec := o.call("ReportEventBatch", 1, batchXML(late, event, event)); rec.Code != 200 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	want := []update.Event{
		{
			InstanceID: update.MustParseID("00000000-0000-0000-0000-000000000007"), ClientID: clientID,
			Time: time.Date(2026, 10, 4, 15, 20, 1, 500_000_000, time.UTC), Namespace: 1, EventID: 167, Source: 101,
			Update: update.Identity{ID: update.MustParseID(kb1), Number: 3}, Win32Result: -2145123272, AppName: "OOBE",
			Replacement: []string{"A & B"}, Misc: []string{"C=1", "c=48", "x=" + long[:1022]},
		},
		{
			InstanceID: update.MustParseID("00000000-0000-0000-0000-000000000008"), ClientID: clientID,
			Time: start, Namespace: 1, EventID: 147, Source: 101, Win32Result: -2145123272,
		},
	}
	if diff := cmp.Diff(want, o.reports[0].Events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestBatchBounds(t *testing.T) {
	t.Parallel()
	events := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, eventXML(i, 147, "2026-10-04T15:20:00Z", nothing))
		}
		return batchXML(all...)
	}
	strs := func(n int) string {
		return batchXML(eventXML(1, 147, "2026-10-04T15:20:00Z", nothing, strings.Split(strings.Repeat("a,", n-1)+"a", ",")...))
	}
	status := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%08X-0000-0000-0000-000000000000;", i+1)
		}
		return batchXML(eventXML(1, 156, "2026-10-04T15:20:00Z", nothing, "U="+b.String()))
	}
	for _, tt := range []struct {
		name, inner string
		want        int
	}{
		{"2,000 events", events(2000), 200}, {"2,001 events", events(2001), 500},
		{"no events", events(0), 200},
		{"256 strings", strs(256), 200}, {"257 strings", strs(257), 500},
		{"50,000 updates", status(50_000), 200}, {"50,001 updates", status(50_001), 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			rec := o.call("ReportEventBatch", 1, tt.inner)
			if rec.Code != tt.want || (tt.want == 500) != strings.Contains(rec.Body.String(), "<ErrorCode>InvalidParameters</ErrorCode><Message>eventBatch</Message>") {
				t.Errorf("%d %.500s, want %d", rec.Code, rec.Body, tt.want)
			}
			if want := tt.want == 200; (len(o.reports) == 1) != want {
				t.Errorf("%d reports", len(o.reports))
			}
		})
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	good := batchXML(eventXML(1, 147, "2026-10-04T15:20:00Z", nothing))
	replace := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for _, tt := range []struct {
		name, operation string
		device          int64
		inner           string
		prepare         func(*office)
		want            string
	}{
		{"no cookie", "ReportEventBatch", -1, good, nil, "InvalidCookie"},
		{"an unknown device", "ReportEventBatch", 2, good, nil, "CookieExpired"},
		{"an old cookie", "ReportEventBatch", 1, good, func(o *office) { o.now = start.Add(2 * time.Hour) }, "CookieExpired"},
		{"no batch", "ReportEventBatch", 1, "", nil, "InvalidParameters eventBatch"},
		{"no basic data", "ReportEventBatch", 1, "<eventBatch><ReportingEvent/></eventBatch>", nil, "InvalidParameters eventBatch"},
		{"a bad instance id", "ReportEventBatch", 1, replace("-0000", "-000x"), nil, "InvalidParameters eventBatch"},
		{"a bad update id", "ReportEventBatch", 1, replace(nothing, "KB1"), nil, "InvalidParameters eventBatch"},
		{"a bad event id", "ReportEventBatch", 1, replace(">147<", ">one<"), nil, "InvalidParameters"},
		{"an event id that is no short", "ReportEventBatch", 1, replace(">147<", ">40000<"), nil, "InvalidParameters"},
		{"a bad time", "ReportEventBatch", 1, replace("2026-10-04T15:20:00Z", "yesterday"), nil, "InvalidParameters"},
		{"a sink that fails", "ReportEventBatch", 1, good, func(o *office) { o.err = errors.New("disk full") }, "InternalServerError"},
		{"an unknown computer", "ReportEventBatch2", -1, "<computerId>me</computerId>" + good, nil, "InvalidParameters computerId"},
		{"no batch of a known computer", "ReportEventBatch2", -1, "<computerId>" + clientID + "</computerId>", nil, "InvalidParameters eventBatch"},
		{"inventory type without cookie", "GetRequiredInventoryType", -1, "", nil, "InvalidCookie"},
		{"inventory without cookie", "ReportInventory", -1, "", nil, "InvalidCookie"},
		{"no inventory", "ReportInventory", 1, "", nil, "InvalidParameters inventory"},
		{"another operation", "Rollup", 1, "", nil, "InvalidParameters operation"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			inner := tt.inner
			if tt.device >= 0 {
				inner = cookieXML(o.cookie(tt.device)) + inner
			}
			if tt.prepare != nil {
				tt.prepare(o)
			}
			rec := o.post(reporting.Path, envelope(tt.operation, inner))
			m := regexp.MustCompile(`<ErrorCode>([^<]*)</ErrorCode><Message>([^<]*)</Message>`).FindStringSubmatch(rec.Body.String())
			if m == nil || rec.Code != 500 {
				t.Fatalf("%d %.500s", rec.Code, rec.Body)
			}
			if got := strings.TrimSpace(m[1] + " " + m[2]); got != tt.want {
				t.Errorf("fault %q, want %q", got, tt.want)
			}
			if len(o.reports) != 0 {
				t.Error("something was reported")
			}
		})
	}
}

func TestOtherOperations(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	batch2 := envelope("ReportEventBatch2", "<computerId> "+strings.ToUpper(clientID)+"</computerId>"+batchXML(eventXML(1, 147, "2026-10-04T15:20:00Z", nothing)))
	for _, tt := range []struct{ body, want string }{
		{batch2, "<ReportEventBatch2Result>true</ReportEventBatch2Result>"},
		{envelope("GetRequiredInventoryType", cookieXML(o.cookie(1))+"<rulesId>"+nothing+"</rulesId><rulesVersion>1.0</rulesVersion>"),
			"<GetRequiredInventoryTypeResult>0</GetRequiredInventoryTypeResult>"},
		{envelope("ReportInventory", cookieXML(o.cookie(1))+"<clientTime>2026-10-04T15:20:00Z</clientTime><inventory><IsCompressed>false</IsCompressed><RawXml>x</RawXml></inventory>"),
			"<ReportInventoryResult>true</ReportInventoryResult>"},
	} {
		if rec := o.post(reporting.Path, tt.body); rec.Code != 200 || !strings.Contains(rec.Body.String(), tt.want) {
			t.Errorf("%d %s, want %s", rec.Code, rec.Body, tt.want)
		}
	}
	if len(o.reports) != 1 || len(o.reports[0].Events) != 1 {
		t.Errorf("reports %+v", o.reports)
	}
	if rec := o.post("/ReportingWebService/WebService.asmx", batch2); rec.Code != 404 {
		t.Errorf("another path: %d", rec.Code)
	}
}

// TestOldClients sends the example requests of the specification, of clients
// from 2006.
func TestOldClients(t *testing.T) {
	t.Parallel()
	sealed := regexp.MustCompile(`(?s)(<EncryptedData>)[^<]*(</)`)
	for name, want := range map[string][]int{
		"12-ReportEventBatch-Request-EventID-148.xml":             {148, 148},
		"13-ReportEventBatch-Request-EventID-147-156.xml":         {147},
		"14-ReportEventBatch-Request-EventID-183-202-147-156.xml": {183, 202, 147},
	} {
		o := newOffice(t)
		body := sealed.ReplaceAllString(string(samples.Read(t, "wsus/spec-examples/wusp/"+name)), "${1}"+o.cookie(1)+"${2}")
		if rec := o.post(reporting.Path, body); rec.Code != 200 {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
			continue
		}
		var got []int
		for _, e := range o.reports[0].Events {
			got = append(got, e.EventID)
		}
		if diff := cmp.Diff(want, got); diff != "" || (o.reports[0].Status != nil) != strings.Contains(name, "156") {
			t.Errorf("%s: status %v, events (-want +got):\n%s", name, o.reports[0].Status, diff)
		}
	}
}

func TestLongEventsAreCut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	long := make([]string, 256)
	for i := range long {
		long[i] = "k=" + strings.Repeat("x", 2000)
	}
	if rec := o.call("ReportEventBatch", 1, batchXML(eventXML(1, 162, "2026-10-04T15:20:00Z", kb1, long...))); rec.Code != 200 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	if kept := len(strings.Join(o.reports[0].Events[0].Misc, "")); kept == 0 || kept > 4<<10 {
		t.Errorf("%d bytes of strings are kept, want at most 4 KiB", kept)
	}
}
