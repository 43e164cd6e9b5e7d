package clientsync_test

import (
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/catalog"
	"sluice/wsus/clientsync"
	"sluice/wsus/clientsync/cookie"
	"sluice/wsus/soap/soaptest"
	"sluice/wsus/update"
	"sluice/wsus/update/samples"
)

// The captures are of a native Windows Update Agent and a real server.
const captures = "wsus/captures/wsus-m0-native/"

// The captured scan is limited to a product, of a family, of a company.
const product = 72571

var (
	familyID  = update.MustParseID("6964aab4-c5b5-43bd-a17d-ffb4346a8e1d")
	productID = update.MustParseID("dd78b8a1-0b20-45c1-add6-4da72e9364cf")
)

var (
	coreText   = regexp.MustCompile(`<ID>(\d+)</ID><Deployment>.*?<IsLeaf>(\w+)</IsLeaf><Xml>([^<]*)</Xml>`)
	identity   = regexp.MustCompile(`^<UpdateIdentity UpdateID="([^"]*)" RevisionNumber="(\d+)" />`)
	someID     = regexp.MustCompile(`UpdateID="([^"]*)"`)
	fragment   = regexp.MustCompile(`<Update><ID>(\d+)</ID><Xml>([^<]*)</Xml></Update>`)
	filePlace  = regexp.MustCompile(`<File Digest="([^"]*)" DigestAlgorithm="SHA1" FileName="([^"]*)"`)
	sealedText = regexp.MustCompile(`(<(?:EncryptedData|CookieData)>)A+=*(</)`)
)

// capturedCores returns the cores that a captured answer delivered, as rows.
func capturedCores(tb testing.TB, name string) (rows []catalog.Row, cores []string) {
	for _, m := range coreText.FindAllStringSubmatch(string(samples.Read(tb, captures+name+"/response.body")), -1) {
		core := html.UnescapeString(m[3])
		id := identity.FindStringSubmatch(core)
		n, _ := strconv.Atoi(m[1])
		number, _ := strconv.Atoi(id[2])
		r := row(n, update.Detectoid)
		r.Always = m[2] == "true" // says nothing of a detectoid: marks it a leaf for the tests
		r.Identity = update.Identity{ID: update.MustParseID(id[1]), Number: int32(number)}
		if strings.Contains(core, `UpdateType="Category"`) {
			r.Type = update.Category
		}
		_, rest, _ := strings.Cut(core, "<Prerequisites>")
		inner, _, _ := strings.Cut(rest, "</Prerequisites>")
		for _, p := range someID.FindAllStringSubmatch(inner, -1) {
			r.Prerequisites = append(r.Prerequisites, update.Clause{Any: []update.ID{update.MustParseID(p[1])}})
		}
		rows, cores = append(rows, r), append(cores, core)
	}
	return rows, cores
}

// capturedDetails fills the details of revisions from a captured answer.
func (w *world) capturedDetails(name string) {
	text := string(samples.Read(w.tb, captures+name+"/response.body"))
	for _, m := range fragment.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1])
		id, xml := update.RevisionID(n), html.UnescapeString(m[2])
		if w.details[id] == nil {
			w.details[id] = &clientsync.Details{DefaultLanguage: "en"}
		}
		d := w.details[id]
		if strings.HasPrefix(xml, "<LocalizedProperties>") {
			d.Localized = append(d.Localized,
				update.LocalizedFragment{Language: "de", XML: []byte("<LocalizedProperties />")},
				update.LocalizedFragment{Language: "en", XML: []byte(xml)})
			continue
		}
		d.Extended = []byte(xml)
		for _, f := range filePlace.FindAllStringSubmatch(xml, -1) {
			digest, err := update.ParseDigest(f[1])
			if err != nil {
				w.tb.Fatal(err)
			}
			d.Files = append(d.Files, update.File{Digest: digest, Name: f[2]})
		}
	}
}

// scanWorld has the three categories of the captured scan and an update of the
// product.
func scanWorld(tb testing.TB) *world {
	w := newWorld(tb)
	w.settings.Host = "REDACTED2"
	for _, name := range []string{"scan/000006", "scan/000007"} {
		rows, cores := capturedCores(tb, name)
		for i := range rows {
			w.add(rows[i], cores[i])
		}
	}
	p := row(product, update.Category)
	p.Identity.ID, p.Category = productID, update.Product
	p.Prerequisites = []update.Clause{{Any: []update.ID{familyID}, IsCategory: true}}
	w.add(p, "<product/>")
	w.software(1, func(r *catalog.Row) {
		r.Prerequisites = []update.Clause{{Any: []update.ID{productID}, IsCategory: true}}
	})
	w.capturedDetails("scan/000010")
	w.serve()
	return w
}

// replay posts a captured request with this server's own cookies in it, and
// compares the answer with the captured one.
func (w *world) replay(path, request, response, sealed string) {
	w.tb.Helper()
	body := sealedText.ReplaceAllString(string(samples.Read(w.tb, captures+request+"/request.body")), "${1}"+sealed+"${2}")
	want := samples.Read(w.tb, captures+response+"/response.body")
	for _, header := range [][]string{nil, {"Accept-Encoding", "xpress"}} {
		r := w.post(path, body, header...)
		if r.status != 200 {
			w.tb.Fatalf("%s: %d %.600s", request, r.status, r.body)
		}
		found, err := soaptest.WUSP().Compare(want, []byte(r.body))
		if err != nil {
			w.tb.Fatal(err)
		}
		for _, d := range found {
			if d.What != soaptest.Order { // a real server keeps none that shows
				w.tb.Errorf("%s %v: %v", request, header, d)
			}
		}
		if got, want := r.header.Get("Content-Encoding") == "xpress", header != nil; got != want {
			w.tb.Errorf("%s %v: compressed %v", request, header, got)
		}
	}
}

const (
	clientPath = "/ClientWebService/client.asmx"
	authPath   = "/SimpleAuthWebService/SimpleAuth.asmx"
)

func TestReplayScan(t *testing.T) {
	t.Parallel()
	w := scanWorld(t)
	auth, err := w.box.SealAuth(cookie.Auth{Device: 1, Issued: start})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, path, sealed string }{
		{"scan/000001", clientPath, ""},                                                // GetConfig
		{"scan/000002", authPath, ""},                                                  // GetAuthorizationCookie
		{"scan/000003", clientPath, encode(auth)},                                      // GetCookie
		{"scan/000004", clientPath, w.cookie()},                                        // RegisterComputer
		{"scan/000005", clientPath, ""},                                                // StartCategoryScan
		{"scan/000006", clientPath, w.cookie()},                                        // SyncUpdates, first round
		{"scan/000007", clientPath, w.cookie()},                                        // second round
		{"scan/000009", clientPath, w.cookie()},                                        // driver pass
		{"scan/000010", clientPath, w.cookie(func(c *cookie.Cookie) { c.Told = nil })}, // GetExtendedUpdateInfo
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.tb = t
			w.replay(tt.path, tt.name, tt.name, tt.sealed)
		})
	}
	claim := clientsync.Claim{ClientID: "e1da06a3-5601-43c9-bac3-52d5db701494", DNSName: "REDACTED3", Addr: "192.0.2.1"}
	if diff := cmp.Diff([]clientsync.Claim{claim, claim}, w.claims); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if c := w.computer; c.OSBuild != 26200 || c.ClientVersion != [4]int{1507, 2601, 30012, 0} || c.NewProductType != 48 ||
		c.Architecture != "AMD64" || c.BiosDate.Format("2006-01-02") != "2022-02-02" || c.MobileOperator != "Not Present" {
		t.Errorf("computer %+v", c)
	}
	if len(w.hardware) != 2 || len(w.hardware[0].Devices) != 70 || len(w.hardware[0].ComputerIDs) != 6 {
		t.Errorf("hardware of %d passes", len(w.hardware))
	}
	for _, d := range w.hardware[0].Devices {
		if slices.Contains(d.HardwareIDs, `{6FDE7547-1B65-48ae-B628-80BE62016026}\VIOSerialPort`) && d.Installed != nil {
			t.Errorf("a device without a driver has %+v", d.Installed)
		}
		if slices.Contains(d.HardwareIDs, "HID_DEVICE_SYSTEM_MOUSE") {
			if in := d.Installed; in == nil || in.MatchingID != "HID_DEVICE_SYSTEM_MOUSE" || in.VerVersion != 2814751477597310 || in.Rank != 16715779 {
				t.Errorf("the mouse has %+v", in)
			}
		}
	}
}

// TestReplayDeltaScan is a scan of a client that holds 1,116 revisions.
func TestReplayDeltaScan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rows, cores := capturedCores(t, "flow/000001")
	wanted := make(map[update.ID]bool) // what the new ones need
	clauses := catalog.Row{}
	for i := range rows {
		for _, c := range rows[i].Prerequisites {
			wanted[c.Any[0]] = true
		}
		if leaf := rows[i].Always; leaf {
			clauses.Bundles = append(clauses.Bundles, []update.Identity{rows[i].Identity})
			continue
		}
		clauses.Prerequisites = append(clauses.Prerequisites, update.Clause{Any: []update.ID{rows[i].Identity.ID}})
	}
	request := string(samples.Read(t, captures+"flow/000001/request.body"))
	list := func(name string) []int {
		_, rest, _ := strings.Cut(request, "<"+name+">")
		inner, _, _ := strings.Cut(rest, "</"+name+">")
		var ids []int
		for _, s := range number.FindAllString(inner, -1) {
			n, _ := strconv.Atoi(s)
			ids = append(ids, n)
		}
		return ids
	}
	installed, other := list("InstalledNonLeafUpdateIDs"), list("OtherCachedUpdateIDs")
	if len(installed) != 87 || len(other) != 1029 {
		t.Fatalf("the request holds %d and %d", len(installed), len(other))
	}
	for i, id := range installed {
		r := row(id, update.Category)
		if i < len(wanted) {
			r.Identity.ID = slices.SortedFunc(maps(wanted), func(a, b update.ID) int { return strings.Compare(a.String(), b.String()) })[i]
		}
		w.add(r, "<held/>")
	}
	for _, id := range other {
		w.software(id)
	}
	for i := range rows {
		w.add(rows[i], cores[i])
	}
	// Something that needs the new ones, and is not needed itself, keeps them in
	// scope. What is a leaf is a member of it instead.
	w.software(1<<20, func(r *catalog.Row) {
		r.Bundles = clauses.Bundles
		r.Prerequisites = append(clauses.Prerequisites, update.Clause{Any: []update.ID{uid(1 << 21)}})
	})
	w.serve()
	told := func(c *cookie.Cookie) { c.Told = &cookie.Told{Seq: w.seq} }
	w.replay(clientPath, "flow/000001", "flow/000001", w.cookie(told))
}

func maps(m map[update.ID]bool) func(func(update.ID) bool) {
	return func(yield func(update.ID) bool) {
		for id := range m {
			if !yield(id) {
				return
			}
		}
	}
}

// TestReplayExtendedInfo compares the fragments and locations of 18 revisions. A
// real server writes the localized fragments and the locations in an order of
// its own; ours are in ascending order.
func TestReplayExtendedInfo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.capturedDetails("flow/000015")
	for id := range w.details {
		w.software(int(id))
	}
	w.serve()
	w.replay(clientPath, "flow/000015", "flow/000015", w.cookie())
}

func TestReplayInvalidParameters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve()
	ids := make([]int, 401)
	r := w.sync(w.cookie(), intsXML("InstalledNonLeafUpdateIDs", ids...))
	faultID := regexp.MustCompile(`<ID>[^<]*</ID>`)
	method := `"http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService/SyncUpdates"`
	want := faultID.ReplaceAllString(string(samples.Read(t, "wsus/captures/wsus-m0/000141/response.body")), "<ID/>")
	if got := faultID.ReplaceAllString(r.body, "<ID/>"); got != want || !strings.Contains(got, method) {
		t.Errorf("fault\n got %s\nwant %s", got, want)
	}
	if r.status != 500 {
		t.Errorf("status %d", r.status)
	}
}

// TestOldClients sends the example requests of the specification, of clients
// from 2006, and those of a third-party client. They write things that a current
// one does not: nil lists, array types, no zones, line breaks in a cookie.
func TestOldClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve()
	auth := w.authCookie(1)
	envelopes := regexp.MustCompile(`(?s)<soap:Envelope .*?</soap:Envelope>`)
	sealed := regexp.MustCompile(`(?s)(<EncryptedData>)[^<]*(</)`)
	sealedAuth := regexp.MustCompile(`(?s)(<CookieData>)[^<]*(</)`)
	for name, want := range map[string][]string{
		"spec-examples/wusp/00-GetConfig-Request.xml":                         {"none"},
		"spec-examples/wusp/04-GetCookie-Request.xml":                         {"ConfigChanged"}, // of 2006
		"spec-examples/wusp/08-RegisterComputer-Request.txt":                  {"none"},
		"spec-examples/wusp/11-SyncUpdates-Request-Very-First-from-WinXP.txt": {"none", "none", "none", "none"},
		"spec-examples/wusp/10-GetFileLocations-Request.txt":                  {"none"},
		"captures/wsus-m0/000001/request.body":                                {"none"},
		"captures/wsus-m0/000003/request.body":                                {"none"},
		"captures/wsus-m0/000004/request.body":                                {"none"},
	} {
		text := string(samples.Read(t, "wsus/"+name))
		var got []string
		for _, envelope := range envelopes.FindAllString(text, -1) {
			envelope = sealed.ReplaceAllString(envelope, "${1}"+strings.Replace(w.cookie(protocol(1, 0)), "A", " A", 3)+"\n${2}")
			envelope = sealedAuth.ReplaceAllString(envelope, "${1}"+auth+"${2}")
			got = append(got, w.post(clientPath, envelope).fault())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
