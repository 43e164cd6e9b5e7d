package daemon_test

import (
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/catalogimport"
	"sluice/daemon"
	"sluice/daemon/config"
	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/wsus/update"
	"sluice/wsus/update/samples"
)

// The recorded requests of a native Windows Update Agent are played to an
// appliance whose store holds what the recorded server had, under its
// RevisionIDs. The answers must be those of that server, but for the listed
// differences.

// The same of every answer.
var everyAnswer = []difference{
	{"", "header", "Server", "names the product that answers"},
	{"", "header", "X-Aspnet-Version", "names what the recorded server is built on"},
	{"", "header", "X-Powered-By", "names what the recorded server is built on"},
}

var nativeDifferences = append(everyAnswer,
	difference{"", "header", "Content-Encoding", "the recordings are of decoded bodies, without the header; the agent offered xpress"},
	difference{"flow/000001 new cookie", "extra", "SyncUpdatesResponse/SyncUpdatesResult/ChangedUpdates",
		"a cookie that says nothing of an earlier scan: everything held is repeated, so that no device keeps an Install that nobody approves any more"},
	difference{"flow/000001 new cookie", "order", "SyncUpdatesResponse/SyncUpdatesResult/NewUpdates",
		"what others depend on comes first, then by id; the real server follows no order that shows"},
	difference{"flow/000001", "order", "SyncUpdatesResponse/SyncUpdatesResult/NewUpdates", "as with a new cookie"},
	difference{"flow/000015", "order", "GetExtendedUpdateInfoResponse/GetExtendedUpdateInfoResult/Updates",
		"localized fragments are in ascending order of ids as the others; the real server follows no order that shows"},
	difference{"flow/000015", "order", "GetExtendedUpdateInfoResponse/GetExtendedUpdateInfoResult/FileLocations",
		"locations are in the order of the updates; the real server follows no order that shows"},
)

// recordedAt is when the real server answered.
func recordedAt() time.Time { return time.Date(2026, 10, 4, 15, 3, 36, 0, time.UTC) }

func TestReplayNative(t *testing.T) {
	t.Parallel()
	const native = "wsus-m0-native/"
	files := os.DirFS(samples.Path(t, "wsus/captures"))
	r := reconstruct(t, files)
	for _, folder := range []string{"scan/000006", "scan/000007", "flow/000001"} {
		r.cores(native + folder)
	}
	for _, folder := range []string{"scan/000010", "flow/000015"} {
		r.details(native + folder)
	}
	r.holds(native + "flow/000001")
	antivirus := update.Identity{ID: update.MustParseID("8c3fcc84-7410-4a95-8b89-a166a0190486"), Number: 112}
	setup := update.Identity{ID: update.MustParseID("dd78b8a1-0b20-45c1-add6-4da72e9364cf"), Number: 202} // the category of the limited scan
	r.exported(samples.Path(t, "catalog/wsusutil-export/wsus-export-2024-06-19.cab"), antivirus, setup)
	names, err := fs.Glob(files, "wsus-m0-wsusss/docs/*.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		r.document(samples.Read(t, "wsus/captures/"+name))
	}
	r.fragments[dotNet] = &update.Fragments{
		Core:     samples.Read(t, "wsus/captures/wsus-m0-cbs/cbs-dotnet-core-reduced.xml"),
		Extended: samples.Read(t, "wsus/captures/wsus-m0-cbs/cbs-dotnet-extended.xml"),
	}
	c := settings(t)
	seedAppliance(t, c, r.seeds(antivirus)...)
	if r.matched < 10 {
		t.Errorf("only %d revisions were found a document of", r.matched)
	}
	p := newPlayer(t, recording{
		files: files,
		requestHeads: map[string]string{
			"/ClientWebService/client.asmx":                 native + "scan/000001/request.headers",
			"/SimpleAuthWebService/SimpleAuth.asmx":         native + "scan/000002/request.headers",
			"/ReportingWebService/ReportingWebService.asmx": native + "flow/000016/request.headers",
		},
		answerHeads: map[string]string{
			"/ClientWebService/client.asmx":                 native + "scan/000006/response.headers",
			"/SimpleAuthWebService/SimpleAuth.asmx":         native + "flow/000016/response.headers",
			"/ReportingWebService/ReportingWebService.asmx": native + "flow/000016/response.headers",
		},
	}, start(t, openAt(t, c)))
	for _, e := range []exchange{
		{name: "scan/000001"}, // GetConfig
		{name: "scan/000002"}, // GetAuthorizationCookie
		{name: "scan/000003"}, // GetCookie
		{name: "scan/000004"}, // RegisterComputer
		{name: "scan/000005"}, // StartCategoryScan
		{name: "scan/000006"}, // SyncUpdates, limited to a category, first round
		{name: "scan/000007"}, // second round
		{name: "scan/000009"}, // driver pass
		{name: "scan/000010"}, // GetExtendedUpdateInfo of categories
		// SyncUpdates of an agent that holds 1,116 revisions. The scans that gave
		// it those are not among the recordings, so that its cookie is new to us
		// when it comes first, and not when it comes again.
		{name: "flow/000001 new cookie", request: native + "flow/000001", response: native + "flow/000001"},
		{name: "flow/000001"},
		{name: "flow/000014", request: native + "scan/000009"}, // driver pass
		{name: "flow/000015"}, // GetExtendedUpdateInfo of updates with files
		{name: "flow/000016"}, // ReportEventBatch
		{name: "staged/000232", request: "wsus-m0-ours/staged/000232", response: native + "flow/000016"},
	} {
		if e.request == "" {
			e.request = native + e.name
		}
		if e.response == "" {
			e.response = native + e.name
		}
		p.play(e)
	}
	for _, e := range []exchange{
		{name: "wsus-m0/000001", bare: true},
		{name: "wsus-m0/000002", bare: true, request: native + "scan/000002"}, // its request is not among the recordings
		{name: "wsus-m0/000003", bare: true},
		{name: "wsus-m0/000004", bare: true},
		{name: "wsus-m0/000141", bare: true, status: http.StatusInternalServerError, call: tooManyInstalled()},
	} {
		p.play(e)
	}
	p.play(exchange{
		name: "wsus-m0-cbs", bare: true, call: fileLocationsOf("hlQslyYcRtWzeaQ+yJX5fq9Am6I="), response: "wsus-m0/000004",
		answer: strings.NewReplacer("<Expiration>REDACTED<", "<Expiration>2026-10-04T16:03:35Z<", "<EncryptedData>REDACTED<", "<EncryptedData>AAAA<",
			"wsus.lab.invalid:8530", "192.0.2.1:"+p.url.Port()).Replace(string(samples.Read(t, "wsus/captures/wsus-m0-cbs/get-file-locations-response.xml"))),
	})
	for _, e := range p.badCookies(native+"scan/000006", "wsus-m0/000141") {
		p.play(e)
	}
	p.check(nativeDifferences)
}

// exported adds documents of an export of wsusutil: those of the recorded cores,
// and the wanted ones.
func (r *reconstruction) exported(path string, wanted ...update.Identity) {
	for _, f := range r.fragments {
		if id, ok := identityOf(f.Core); ok {
			wanted = append(wanted, id)
		}
	}
	ctx := r.tb.Context()
	src, err := catalogimport.Open(ctx, path, "", catalogimport.DefaultLimits())
	if err != nil {
		r.tb.Fatal(err)
	}
	defer src.Close()
	for it, err := range src.Items(ctx) {
		if err != nil {
			r.tb.Fatal(err)
		}
		if slices.Contains(wanted, it.Expect) {
			r.document(it.Document)
		}
	}
}

// seedAppliance makes the data folder of an appliance, with revisions in it.
func seedAppliance(tb testing.TB, c *config.Config, revisions ...storetest.SeedRevision) {
	tb.Helper()
	c.PublicHost, c.WSUS.PlainMetadata = "REDACTED2", true // as the recordings name the server
	o := storetest.Options(tb, c.DataDir)
	o.Now = recordedAt
	s, err := store.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	storetest.Seed(tb, s, revisions...)
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
}

// openAt opens an appliance at the time of the recordings.
func openAt(tb testing.TB, c *config.Config) *daemon.Appliance {
	tb.Helper()
	a, err := daemon.Open(tb.Context(), daemon.Options{
		Config: c, Log: slog.New(slog.NewTextHandler(tb.Output(), nil)), Now: recordedAt, Version: "test", Hostname: "test",
	})
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// approve approves an update for all computers.
func approve(tb testing.TB, a *daemon.Appliance, id string) store.Approval {
	tb.Helper()
	made, err := a.Services().Store.Approve(tb.Context(), store.Entry{Who: "test", Via: "cli"}, update.Approval{
		Update: update.MustParseID(id), Group: update.AllComputers, Action: update.Install,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return made
}

// dotNet is an update of which the recordings do not tell the RevisionID.
const dotNet = 1<<24 + 2

// fileLocationsOf asks for a file as the third-party client does.
func fileLocationsOf(digest string) string {
	return `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>` +
		`<GetFileLocations xmlns="http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService">` +
		`<cookie><Expiration>2026-10-04T16:03:35Z</Expiration><EncryptedData>AAAA</EncryptedData></cookie>` +
		`<fileDigests><base64Binary>` + digest + `</base64Binary></fileDigests></GetFileLocations></soap:Body></soap:Envelope>`
}

// tooManyInstalled is a scan that names one more than the 400 revisions that are
// taken.
func tooManyInstalled() string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` +
		`<SyncUpdates xmlns="http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService">` +
		`<cookie><Expiration>2026-10-04T16:03:35Z</Expiration><EncryptedData>AAAA</EncryptedData></cookie>` +
		`<parameters><ExpressQuery>false</ExpressQuery><InstalledNonLeafUpdateIDs>` + strings.Repeat("<int>16</int>", 401) +
		`</InstalledNonLeafUpdateIDs><SkipSoftwareSync>false</SkipSoftwareSync></parameters></SyncUpdates></s:Body></s:Envelope>`
}

// badCookies are scans with cookies that are not good. The recorded server was
// not seen to refuse one of a client: the fault is that of another refusal, with
// another code.
func (p *player) badCookies(request, fault string) (list []exchange) {
	p.tb.Helper()
	answer := strings.NewReplacer(">InvalidParameters<", ">InvalidCookie<", ">parameters.InstalledNonLeafUpdateIDs<", "><").
		Replace(string(p.file(fault + "/response.body")))
	flip := []byte(p.cookie)
	if flip[40]++; !base64Letter(flip[40]) {
		flip[40] = 'A'
	}
	for name, cookie := range map[string]string{
		"cookie of another server": strings.Repeat("A", len(p.cookie)),
		"cookie that was cut":      p.cookie[:len(p.cookie)/8*4],
		"cookie with a bit turned": string(flip),
	} {
		list = append(list, exchange{name: name, request: request, response: fault, answer: answer, cookie: cookie, status: http.StatusInternalServerError})
	}
	return list
}

func base64Letter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
