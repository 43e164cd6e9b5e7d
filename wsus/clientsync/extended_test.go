package clientsync_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"net/http/httptest"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/catalog"
	"sluice/wsus/clientsync"
	"sluice/wsus/update"
)

func digest(n byte) update.Digest { return update.Digest{19: n} }

// infoWorld has updates 1 to 3; 3 is not offered.
func infoWorld(t *testing.T) *world {
	w := newWorld(t)
	w.software(1)
	w.software(2)
	w.software(3, func(r *catalog.Row) { r.Expired = true })
	w.details[1] = &clientsync.Details{
		Extended: []byte(`<X A="1" />`), DefaultLanguage: "de",
		Localized: []update.LocalizedFragment{{Language: "en", XML: []byte("<en/>")}, {Language: "de", XML: []byte("<de/>")}, {Language: "pt-BR", XML: []byte("<pt/>")}},
		Eula:      []update.LocalizedFragment{{Language: "en", XML: []byte("<eula/>")}},
		Files:     []update.File{{Digest: digest(1), Name: "a & b.exe"}, {Digest: digest(2), Name: "c.cab"}},
	}
	w.details[2] = &clientsync.Details{Extended: []byte(`<Y/>`), DefaultLanguage: "de",
		Localized: []update.LocalizedFragment{{Language: "it", XML: []byte("<it/>")}, {Language: "de", XML: []byte("<de/>")}}, Files: []update.File{{Digest: digest(2), Name: "c.cab"}}}
	w.files[digest(2)] = update.File{Digest: digest(2), Name: "c.cab"}
	w.serve()
	return w
}

func (w *world) info(operation, ids string, types string, locales ...string) reply {
	w.tb.Helper()
	inner := cookieXML("cookie", w.cookie()) + ids + "<infoTypes>"
	for typ := range strings.FieldsSeq(types) {
		inner += "<XmlUpdateFragmentType>" + typ + "</XmlUpdateFragmentType>"
	}
	inner += "</infoTypes>"
	if locales != nil {
		inner += "<locales><string>" + strings.Join(locales, "</string><string>") + "</string></locales>"
	}
	return w.call(operation, inner)
}

// fragments returns ID and Xml of every Update.
func fragments(t *testing.T, r reply) (out []string) {
	t.Helper()
	for _, e := range parse(t, r.body).Find("Update") {
		out = append(out, e.Find("ID")[0].Text+" "+e.Find("Xml")[0].Text)
	}
	return out
}

// places returns digest and URL of every FileLocation.
func places(t *testing.T, r reply) (out []string) {
	t.Helper()
	for _, e := range parse(t, r.body).Find("FileLocation") {
		out = append(out, e.Find("FileDigest")[0].Text+" "+e.Find("Url")[0].Text)
	}
	return out
}

const (
	place1 = "AAAAAAAAAAAAAAAAAAAAAAAAAAE= http://192.0.2.1:8530/Content/01/0000000000000000000000000000000000000001.exe"
	place2 = "AAAAAAAAAAAAAAAAAAAAAAAAAAI= http://192.0.2.1:8530/Content/02/0000000000000000000000000000000000000002.cab"
)

func TestGetExtendedUpdateInfo(t *testing.T) {
	t.Parallel()
	w := infoWorld(t)
	core := `1 <UpdateIdentity UpdateID="` + uid(1).String() + `" RevisionNumber="1" /><Properties UpdateType="Software" />`
	ids := func(n ...int) string { return intsXML("revisionIDs", n...) }
	for _, tt := range []struct {
		name      string
		ids       string
		types     string
		locales   []string
		fragments []string
		places    []string
		drop      []int
	}{
		{"extended", ids(2, 1, 2), "Extended", nil, []string{`1 <X A="1" />`, "2 <Y/>"}, []string{place1, place2}, nil},
		{"types one after the other", ids(2, 1), "LocalizedProperties Extended", []string{"en-US", "en"}, []string{`1 <X A="1" />`, "2 <Y/>", "1 <en/>", "2 <de/>"}, []string{place1, place2}, nil},
		{"several languages in the client's order", ids(1), "LocalizedProperties", []string{"PT-br", "EN", "en", "fr"}, []string{"1 <pt/>", "1 <en/>"}, nil, nil},
		{"English as well", ids(1), "LocalizedProperties", []string{"pt-BR", "pt"}, []string{"1 <pt/>", "1 <en/>"}, nil, nil},
		{"English for want of others", ids(1), "LocalizedProperties", []string{"fr"}, []string{"1 <en/>"}, nil, nil},
		{"the revision's own language", ids(2), "LocalizedProperties", []string{"fr"}, []string{"2 <de/>"}, nil, nil},
		{"a EULA", ids(1), "Eula", []string{"fr"}, []string{"1 <eula/>"}, nil, nil},
		{"core", ids(1), "Core", nil, []string{core}, nil, nil},
		{"locations alone", ids(2), "FileUrl", nil, nil, []string{place2}, nil},
		{"what there is not", ids(1), "Published VerificationRule FileDecryption", nil, nil, nil, nil},
		{"what is not offered", ids(3, 99, -1), "Extended", nil, nil, nil, []int{1, 3, 99}},
		{"nothing", "<revisionIDs/>", "Extended", nil, nil, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := w.info("GetExtendedUpdateInfo", tt.ids, tt.types, tt.locales...)
			if r.status != 200 {
				t.Fatalf("%d %s", r.status, r.body)
			}
			if diff := cmp.Diff(tt.fragments, fragments(t, r)); diff != "" {
				t.Errorf("fragments (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.places, places(t, r)); diff != "" {
				t.Errorf("locations (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.drop, r.ints(outOf)); diff != "" {
				t.Errorf("out of scope (-want +got):\n%s", diff)
			}
			for _, list := range []string{"FileLocations", "OutOfScopeRevisionIDs"} {
				if strings.Contains(r.body, "<"+list+"></") {
					t.Errorf("an empty %s is written", list)
				}
			}
		})
	}
}

func TestGetExtendedUpdateInfoFaults(t *testing.T) {
	t.Parallel()
	w := infoWorld(t)
	many := make([]int, 51)
	for _, tt := range []struct {
		name, ids, types string
		locales          []string
		want             string
	}{
		{"50 ids", intsXML("revisionIDs", many[:50]...), "Extended", nil, "none"},
		{"51 ids", intsXML("revisionIDs", many...), "Extended", nil, "InvalidParameters revisionIDs"},
		{"no ids", "", "Extended", nil, "InvalidParameters revisionIDs"},
		{"no types", intsXML("revisionIDs", 1), "", nil, "InvalidParameters infoTypes"},
		{"an unknown type", intsXML("revisionIDs", 1), "Extended Secret", nil, "InvalidParameters infoTypes"},
		{"no locales", intsXML("revisionIDs", 1), "LocalizedProperties", nil, "InvalidParameters locales"},
		{"no locales for a EULA", intsXML("revisionIDs", 1), "Eula", nil, "InvalidParameters locales"},
		{"64 locales", intsXML("revisionIDs", 1), "Eula", strings.Split(strings.Repeat("x,", 63)+"x", ","), "none"},
		{"65 locales", intsXML("revisionIDs", 1), "Eula", strings.Split(strings.Repeat("x,", 64)+"x", ","), "InvalidParameters locales"},
		{"a word for an id", "<revisionIDs><int>x</int></revisionIDs>", "Extended", nil, "InvalidParameters"},
	} {
		if got := w.info("GetExtendedUpdateInfo", tt.ids, tt.types, tt.locales...).fault(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	delete(w.details, 1)
	if got := w.info("GetExtendedUpdateInfo", intsXML("revisionIDs", 1), "Extended").fault(); got != "InternalServerError" {
		t.Errorf("details that are gone: %q", got)
	}
}

func TestGetExtendedUpdateInfo2(t *testing.T) {
	t.Parallel()
	w := infoWorld(t)
	identity := func(n int, number string) string {
		return "<UpdateIdentity><UpdateID>" + uid(n).String() + "</UpdateID><RevisionNumber>" + number + "</RevisionNumber></UpdateIdentity>"
	}
	r := w.info("GetExtendedUpdateInfo2", "<updateIDs>"+identity(2, "1")+identity(1, "1")+identity(2, "1")+identity(1, "9")+identity(3, "1")+"</updateIDs>", "FileUrl FileDecryption Extended")
	if diff := cmp.Diff([]string{`1 <X A="1" />`, "2 <Y/>"}, fragments(t, r)); diff != "" {
		t.Errorf("fragments (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{place1, place2}, places(t, r)); diff != "" {
		t.Errorf("locations (-want +got):\n%s", diff)
	}
	if !strings.Contains(r.body, "<GetExtendedUpdateInfo2Response ") || strings.Contains(r.body, "OutOfScope") {
		t.Errorf("answer %s", r.body)
	}
	for ids, want := range map[string]string{
		"": "InvalidParameters updateIDs",
		"<updateIDs>" + strings.Repeat(identity(1, "1"), 50) + "</updateIDs>":                                    "none",
		"<updateIDs>" + strings.Repeat(identity(1, "1"), 51) + "</updateIDs>":                                    "InvalidParameters updateIDs",
		"<updateIDs><UpdateIdentity><UpdateID>x</UpdateID></UpdateIdentity></updateIDs>":                         "InvalidParameters updateIDs",
		"<updateIDs><UpdateIdentity><RevisionNumber>x</RevisionNumber></UpdateIdentity></updateIDs>":             "InvalidParameters",
		"<updateIDs>" + identity(1, "1") + "</updateIDs><infoTypes/>":                                            "none",
		"<updateIDs><UpdateIdentity xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='1'/></updateIDs>": "InvalidParameters updateIDs",
	} {
		if got := w.info("GetExtendedUpdateInfo2", ids, "FileUrl").fault(); got != want {
			t.Errorf("%.100q: %q, want %q", ids, got, want)
		}
	}
}

func TestGetFileLocations(t *testing.T) {
	t.Parallel()
	w := infoWorld(t)
	call := func(inner string) reply {
		return w.call("GetFileLocations", cookieXML("cookie", w.cookie(told(77)))+inner)
	}
	of := func(digests ...string) string {
		return "<fileDigests><base64Binary>" + strings.Join(digests, "</base64Binary><base64Binary>") + "</base64Binary></fileDigests>"
	}
	one, two := digest(1).Base64(), digest(2).Base64()
	r := call(of(one, two, two))
	if diff := cmp.Diff([]string{place2}, places(t, r)); diff != "" {
		t.Errorf("locations (-want +got):\n%s", diff)
	}
	if c := w.opened(r); c.Told == nil || c.Told.Seq != 77 {
		t.Errorf("the new cookie was told %+v", c.Told)
	}
	for inner, want := range map[string]string{
		"":               "InvalidParameters fileDigests",
		"<fileDigests/>": "none",
		of(one[:24]):     "InvalidParameters fileDigests",
		of(""):           "InvalidParameters fileDigests",
		of("???"):        "InvalidParameters",
		of(strings.Split(strings.Repeat(one+",", 999)+one, ",")...):  "none",
		of(strings.Split(strings.Repeat(one+",", 1000)+one, ",")...): "InvalidParameters fileDigests",
	} {
		if got := call(inner).fault(); got != want {
			t.Errorf("%.100q: %q, want %q", inner, got, want)
		}
	}
}

func TestContentHost(t *testing.T) {
	t.Parallel()
	w := infoWorld(t)
	for _, tt := range []struct {
		host string
		port int
		want string
	}{
		{"wsus.corp:8531", 8530, "http://wsus.corp:8530/"},
		{"WSUS", 80, "http://WSUS/"},
		{"[2001:db8::1]:8531", 8530, "http://[2001:db8::1]:8530/"},
		{"[2001:db8::1]", 80, "http://[2001:db8::1]/"},
		{"", 8530, "http://wsus.example:8530/"},
		{"a b", 8530, "http://wsus.example:8530/"},
		{"x/../y:80", 8530, "http://wsus.example:8530/"},
		{"a:b:c", 8530, "http://wsus.example:8530/"},
		{strings.Repeat("a", 256), 8530, "http://wsus.example:8530/"},
	} {
		w.settings.ContentPort = tt.port
		r := httptest.NewRequest("POST", clientPath, strings.NewReader(envelope("http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService",
			"GetFileLocations", cookieXML("cookie", w.cookie())+"<fileDigests><base64Binary>"+digest(2).Base64()+"</base64Binary></fileDigests>")))
		r.Host = tt.host
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, r)
		if want := "<Url>" + tt.want + "Content/02/"; !strings.Contains(rec.Body.String(), want) {
			t.Errorf("host %q, port %d: %s, want %s", tt.host, tt.port, rec.Body, want)
		}
	}
}

func TestSelfUpdate(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"wuident.cab": {Data: []byte("0123456789")}, "Au/x86/Agent.cab": {Data: []byte("agent")}}
	for _, tt := range []struct {
		name, method, path, rng string
		none                    bool
		status                  int
		body                    string
	}{
		{"a file", "GET", "/SelfUpdate/wuident.cab", "", false, 200, "0123456789"},
		{"another letter case", "GET", "/selfupdate/WUIDENT.CAB", "", false, 200, "0123456789"},
		{"in a folder", "GET", "/selfupdate/AU/x86/agent.cab", "", false, 200, "agent"},
		{"a range", "GET", "/selfupdate/wuident.cab", "bytes=2-4", false, 206, "234"},
		{"head", "HEAD", "/selfupdate/wuident.cab", "", false, 200, ""},
		{"a file that is missing", "GET", "/selfupdate/other.cab", "", false, 404, "404 page not found\n"},
		{"a folder", "GET", "/selfupdate/au", "", false, 404, "404 page not found\n"},
		{"the root", "GET", "/selfupdate/", "", false, 404, "404 page not found\n"},
		{"a way out", "GET", "/selfupdate/../wuident.cab", "", false, 404, "404 page not found\n"},
		{"no files at all", "GET", "/selfupdate/wuident.cab", "", true, 404, "404 page not found\n"},
		{"post", "POST", "/selfupdate/wuident.cab", "", false, 405, "Only GET and HEAD are served here.\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := clientsync.SelfUpdate(files)
			if tt.none {
				h = clientsync.SelfUpdate(nil)
			}
			r := httptest.NewRequest(tt.method, tt.path, nil)
			if tt.rng != "" {
				r.Header.Set("Range", tt.rng)
			}
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			if rec.Code != tt.status || rec.Body.String() != tt.body {
				t.Errorf("%d %q, want %d %q", rec.Code, rec.Body, tt.status, tt.body)
			}
		})
	}
}
