package agent_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/agent"
	"sluice/wsus/update"
)

func titles(list []agent.Update) []string {
	var out []string
	for _, u := range list {
		out = append(out, u.Title)
	}
	return out
}

func TestScan(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.standard()
	a := s.newAgent(nil)
	r, err := a.Scan(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"GetConfig", "GetAuthorizationCookie", "GetCookie", "RegisterComputer",
		"SyncUpdates", "SyncUpdates", "SyncUpdates", "SyncUpdates", // company, family, product, all that needs it
		"SyncUpdates", "SyncUpdates", // nothing more: the last page had a detectoid that others need; drivers
		"GetExtendedUpdateInfo", "GetExtendedUpdateInfo", "GetExtendedUpdateInfo", // two at a time
	}
	if d := cmp.Diff(want, s.asked); d != "" {
		t.Errorf("calls (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"Bundle", "Single", "Driver"}, titles(r.Needed)); d != "" {
		t.Errorf("needed (-want +got):\n%s", d)
	}
	if got := r.Needed[0]; !slices.Equal(got.Parts, []update.RevisionID{10, 12, 13}) || len(got.Files) != 2 || got.Action != update.Install {
		t.Errorf("bundle: %+v", got)
	}
	if len(r.Installed) != 1 || r.Installed[0].ID.String() != guid(21) {
		t.Errorf("installed: %v", r.Installed)
	}
	if r.Trips != 6 || r.New != 11 || r.Held != 11 || len(r.Remarks) > 0 || len(r.Unknown) > 0 || r.Sent == 0 || r.Received < r.Decoded {
		t.Errorf("result %+v", r)
	}

	s.asked = nil
	if r, err = a.Scan(context.Background()); err != nil || r.New != 0 || r.Trips != 2 {
		t.Fatalf("second scan: %+v, %v", r, err)
	}
	if d := cmp.Diff([]string{"SyncUpdates", "SyncUpdates"}, s.asked); d != "" {
		t.Errorf("calls of a second scan (-want +got):\n%s", d)
	}
	if len(r.Needed) != 3 {
		t.Errorf("a second scan needs %v", titles(r.Needed))
	}
}

func TestScanPages(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.standard()
	s.page = 1
	r, err := s.newAgent(nil).Scan(context.Background())
	if err != nil || r.New != 11 || r.Trips != 11 {
		t.Fatalf("%+v, %v; want 10 pages and a driver pass", r, err)
	}
	r, err = s.newAgent(func(c *agent.Config) { c.Limits.Trips = 5 }).Scan(context.Background())
	if e := (*agent.Error)(nil); !errors.As(err, &e) || e.HResult != 0x80244010 || r.Trips != 5 {
		t.Errorf("at the wall: %v after %d trips", err, r.Trips)
	}
	_, err = s.newAgent(func(c *agent.Config) { c.Limits.Installed = 2 }).Scan(context.Background())
	if e := (*agent.Error)(nil); !errors.As(err, &e) || e.HResult != 0x80070057 {
		t.Errorf("too many installed: %v", err)
	}
}

func TestScanFollowsChanges(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.standard()
	a := s.newAgent(nil)
	if _, err := a.Scan(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.changed = []int{20}
	s.revisions[8].action = update.PreDeploymentCheck
	s.revisions = slices.Delete(s.revisions, 4, 5) // the bundle
	r, err := a.Scan(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if r.Changed == 0 || r.OutOfScope != 1 || r.Needed[0].Title != "Single" || r.Needed[0].Action != update.PreDeploymentCheck {
		t.Errorf("result %+v", r)
	}
	u := &r.Needed[0]
	if _, err := a.Install(context.Background(), u); !strings.Contains(fmt.Sprint(err), "0x80240017") {
		t.Errorf("installing what is not approved: %v", err)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		code string
		want []string // calls between the fault and the repeated SyncUpdates
	}{
		{"InvalidCookie", []string{"GetConfig", "GetAuthorizationCookie", "GetCookie", "RefreshCache"}},
		{"ServerChanged", []string{"GetConfig", "GetAuthorizationCookie", "GetCookie", "RefreshCache"}},
		{"ConfigChanged", []string{"GetConfig", "GetAuthorizationCookie", "GetCookie"}},
		{"CookieExpired", []string{"GetAuthorizationCookie", "GetCookie"}},
		{"RegistrationRequired", []string{"RegisterComputer"}},
		{"FileLocationChanged", []string{"GetFileLocations"}},
	} {
		t.Run(tt.code, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.standard()
			a := s.newAgent(nil)
			if _, err := a.Scan(context.Background()); err != nil {
				t.Fatal(err)
			}
			if tt.code == "ServerChanged" {
				for i := range s.revisions {
					s.revisions[i].id += 500
				}
			}
			s.asked = nil
			s.faults["SyncUpdates"] = []string{tt.code}
			r, err := a.Scan(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			want := append(append([]string{"SyncUpdates"}, tt.want...), "SyncUpdates")
			if d := cmp.Diff(want, s.asked[:len(want)]); d != "" {
				t.Errorf("calls (-want +got):\n%s", d)
			}
			if d := cmp.Diff([]string{"Bundle", "Single", "Driver"}, titles(r.Needed)); d != "" {
				t.Errorf("needed (-want +got):\n%s", d)
			}
		})
	}
	t.Run("for ever", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		s.faults["SyncUpdates"] = slices.Repeat([]string{"InvalidCookie"}, 100)
		a := s.newAgent(nil)
		_, err := a.Scan(context.Background())
		if agent.FaultCode(err) != "InvalidCookie" || len(s.faults["SyncUpdates"]) != 95 {
			t.Errorf("%v with %d faults left", err, len(s.faults["SyncUpdates"]))
		}
		if ev := a.State().Events; len(ev) != 1 || ev[0].EventID != 148 || ev[0].Replacement[0] != "0x80244015" {
			t.Errorf("events %+v", ev)
		}
	})
	t.Run("InternalServerError", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		s.faults["GetCookie"] = []string{"InternalServerError"}
		if _, err := s.newAgent(nil).Scan(context.Background()); agent.FaultCode(err) != "InternalServerError" {
			t.Errorf("%v", err)
		}
	})
}

// TestStrict spoils one answer at a time: the agent must say what a native agent
// would choke on.
func TestStrict(t *testing.T) {
	t.Parallel()
	replace := func(old, new string) func(string) string {
		return func(s string) string {
			if !strings.Contains(s, old) {
				return s
			}
			return strings.Replace(s, old, new, 1)
		}
	}
	for _, tt := range []struct {
		name, op string
		spoil    func(string) string
		hr       uint32
		text     string
	}{
		{"no deployment", "SyncUpdates", func(s string) string {
			from, rest, ok := strings.Cut(s, "<Deployment>")
			if !ok {
				return s
			}
			_, to, _ := strings.Cut(rest, "</Deployment>")
			return from + to
		}, 0x80070057, "no Deployment"},
		{"no properties", "GetConfig", func(s string) string {
			return s[:strings.Index(s, "<Properties>")] + s[strings.Index(s, "</Properties>")+13:]
		}, 0x8024402A, "Properties"},
		{"no plug-in", "GetConfig", replace("SimpleTargeting", "Anonymous"), 0x80244027, "SimpleTargeting"},
		{"bad property", "GetConfig", replace("<Value>2</Value>", "<Value>many</Value>"), 0x80244029, "many"},
		{"wrong order", "SyncUpdates", replace("<ID>1</ID>", "<IsLeaf>false</IsLeaf><ID>1</ID>"), 0x8024400A, "twice or too late"},
		{"unknown element", "SyncUpdates", replace("<Truncated>", "<Surprise/><Truncated>"), 0x8024400A, "Surprise"},
		{"unknown action", "SyncUpdates", replace("Evaluate", "Consider"), 0x80070057, "Consider"},
		{"bad date", "SyncUpdates", replace("2026-10-04", "yesterday"), 0x80070057, "yesterday"},
		{"twice in a page", "SyncUpdates", func(s string) string {
			i, j := strings.Index(s, "<UpdateInfo>"), strings.LastIndex(s, "</UpdateInfo>")
			if i < 0 {
				return s
			}
			return s[:i] + s[i:j+13] + s[i:j+13] + s[j+13:]
		}, 0x80240013, "twice"},
		{"no cookie", "SyncUpdates", replace("NewCookie", "OldCookie"), 0x8024400A, ""},
		{"cookie is no base64", "GetCookie", replace("<EncryptedData>", "<EncryptedData>*"), 0x8024400A, "base64"},
		{"truncated and empty", "SyncUpdates", func(s string) string {
			i, j := strings.Index(s, "<NewUpdates>"), strings.Index(s, "</NewUpdates>")
			if i < 0 {
				return s
			}
			return strings.Replace(s[:i]+s[j+13:], "<Truncated>false", "<Truncated>true", 1)
		}, 0x8024400A, "for ever"},
		{"no id", "SyncUpdates", replace("<ID>1</ID>", ""), 0x8024400A, "no <ID>"},
		{"huge id", "SyncUpdates", replace("<ID>1</ID>", "<ID>99999999999</ID>"), 0x8024400A, "32-bit"},
		{"malformed core", "SyncUpdates", replace("&lt;Properties ", "&lt;Propertees "), 0x80070057, "core fragment"},
		{"wrong response", "RegisterComputer", func(s string) string { return strings.ReplaceAll(s, "RegisterComputerResponse", "Response") }, 0x8024400A, "Response"},
		{"wrong namespace", "GetCookie", replace("ClientWebService\"", "OtherService\""), 0x8024400A, "OtherService"},
		{"not XML", "GetConfig", func(s string) string { return s[:len(s)-5] }, 0x8024400A, "XML"},
		{"document type", "GetConfig", func(s string) string { return "<!DOCTYPE x>" + s }, 0x8024400A, "document type"},
		{"fragment missing", "GetExtendedUpdateInfo", replace("ExtendedProperties", "LocalizedProperties"), 0x8024400A, "fragment"},
		{"location twice", "GetExtendedUpdateInfo", func(s string) string {
			i, j := strings.Index(s, "<FileLocation>"), strings.Index(s, "</FileLocation>")
			if i < 0 {
				return s
			}
			return s[:i] + s[i:j+15] + s[i:]
		}, 0x8024400A, "two locations"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.standard()
			s.spoil[tt.op] = tt.spoil
			_, err := s.newAgent(nil).Scan(context.Background())
			e := (*agent.Error)(nil)
			if !errors.As(err, &e) || e.HResult != tt.hr || e.Op != tt.op || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %v, want %s: 0x%08X ... %s", err, tt.op, tt.hr, tt.text)
			}
		})
	}
}

func TestStrictHTTP(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, status, head string
		hr                 uint32
	}{
		{"chunked", "200 OK", "Content-Type: text/xml\r\nTransfer-Encoding: chunked", 0x80244009},
		{"no length", "200 OK", "Content-Type: text/xml", 0x80244009},
		{"too long", "200 OK", "Content-Type: text/xml\r\nContent-Length: 999999999999", 0x80244009},
		{"wrong type", "200 OK", "Content-Type: text/html\r\nContent-Length: 1", 0x8024400A},
		{"gzip", "200 OK", "Content-Type: text/xml\r\nContent-Encoding: gzip\r\nContent-Length: 1", 0x80244009},
		{"bad xpress", "200 OK", "Content-Type: text/xml\r\nContent-Encoding: xpress\r\nContent-Length: 1", 0x80244009},
		{"cut", "200 OK", "Content-Type: text/xml\r\nContent-Length: 10", 0x80244009},
		{"forbidden", "403 Forbidden", "Content-Length: 0", 0x80244018},
		{"not found", "404 Not Found", "Content-Length: 0", 0x80244019},
		{"busy", "503 Service Unavailable", "Content-Length: 0", 0x80244022},
		{"teapot", "418 Teapot", "Content-Length: 0", 0x8024402B},
		{"500 of a proxy", "500 Oops", "Content-Type: text/html\r\nContent-Length: 1", 0x8024401F},
		{"long header", "200 OK", "X: " + strings.Repeat("x", 100_000), 0x80244005},
		{"500 without fault", "500 Oops", "Content-Type: text/xml\r\nContent-Length: 1", 0x80244008},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				c, buf, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				fmt.Fprintf(buf, "HTTP/1.1 %s\r\n%s\r\n\r\nx", tt.status, tt.head)
				_ = buf.Flush()
			}))
			defer srv.Close()
			s := &fakeServer{Server: srv, t: t}
			_, err := s.newAgent(nil).Scan(context.Background())
			if e := (*agent.Error)(nil); !errors.As(err, &e) || e.HResult != tt.hr {
				t.Errorf("error %v, want 0x%08X", err, tt.hr)
			}
		})
	}
}

func TestScanStops(t *testing.T) {
	t.Parallel()
	stuck := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stuck }))
	defer srv.Close()
	defer close(stuck)
	s := &fakeServer{Server: srv, t: t}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.newAgent(nil).Scan(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the context's", err)
	}
}

func TestConnectionRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.Close()
	_, err := s.newAgent(nil).Scan(context.Background())
	if e := (*agent.Error)(nil); !errors.As(err, &e) || e.HResult != 0x80244004 {
		t.Errorf("error %v", err)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.standard()
	s.Server.Close()
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // the refused handshake is meant
	s.StartTLS()
	t.Cleanup(s.Server.Close)
	if _, err := s.newAgent(nil).Scan(context.Background()); !strings.Contains(fmt.Sprint(err), "certificate") {
		t.Errorf("unknown authority: %v", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	tr := &agent.Transport{TLS: &tls.Config{RootCAs: roots}}
	t.Cleanup(tr.CloseIdle)
	r, err := s.newAgent(func(c *agent.Config) { c.Transport = tr }).Scan(context.Background())
	if err != nil || len(r.Needed) != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestStateSurvives(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.standard()
	a := s.newAgent(nil)
	if _, err := a.Scan(context.Background()); err != nil {
		t.Fatal(err)
	}
	saved, err := json.Marshal(a.State())
	if err != nil {
		t.Fatal(err)
	}
	st := &agent.State{}
	if err := json.Unmarshal(saved, st); err != nil {
		t.Fatal(err)
	}
	s.asked = nil
	b := s.newAgent(func(c *agent.Config) { c.State = st })
	r, err := b.Scan(context.Background())
	if err != nil || len(s.asked) != 2 || len(r.Needed) != 3 || r.Needed[1].Title != "Single" || len(r.Needed[1].Files) != 1 {
		t.Errorf("after loading: %v, %+v, %v", s.asked, r, err)
	}
	again, err := json.Marshal(st.Clone())
	if err != nil || !bytes.Contains(again, []byte(`"Single"`)) {
		t.Errorf("saved again: %v", err)
	}
	bad := &agent.State{Held: make([]agent.Held, 1)}
	if _, err := agent.New(agent.Config{Server: s.URL, Machine: agent.Windows7(update.MustParseID(guid(1)), "x"), State: bad}); err == nil {
		t.Error("an incomplete state is accepted")
	}
}

func TestLostCookieKeepsNoInstall(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.standard()
	a := s.newAgent(nil)
	if _, err := a.Scan(context.Background()); err != nil {
		t.Fatal(err)
	}
	a.State().Cookie = agent.Cookie{}
	s.revisions[8].action = update.PreDeploymentCheck
	s.changed = []int{20}
	r, err := a.Scan(context.Background())
	if err != nil || r.Needed[1].Action != update.PreDeploymentCheck {
		t.Errorf("%+v, %v", r.Needed, err)
	}
}

func TestCategoryScan(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.standard()
	known, stranger := update.MustParseID(guid(3)), update.MustParseID(guid(77))
	answer := "<preferredCategoryIds><guid>" + known.String() + "</guid></preferredCategoryIds>" +
		"<requestedCategoryIdsInError><guid>" + stranger.String() + "</guid></requestedCategoryIdsInError>"
	s.answers = map[string]string{"StartCategoryScan": answer}
	limited := func(c *agent.Config) { c.Categories = []update.ID{known, stranger}; c.SkipDrivers = true }
	r, err := s.newAgent(limited).Scan(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Remarks) != 1 || !strings.Contains(r.Remarks[0], stranger.String()) || r.Trips != 5 {
		t.Errorf("%d trips, remarks %v", r.Trips, r.Remarks)
	}
	if !strings.Contains(s.bodies["SyncUpdates"], "<FilterCategoryIds><CategoryIdentifier><Id>"+known.String()+"</Id></CategoryIdentifier></FilterCategoryIds>") {
		t.Error("the scan is not limited")
	}
	s.spoil["GetConfig"] = func(s string) string { return strings.Replace(s, "3.2", "3.0", 1) }
	_, err = s.newAgent(limited).Scan(context.Background())
	if e := (*agent.Error)(nil); !errors.As(err, &e) || e.HResult != 0x80240436 {
		t.Errorf("a server without category scans: %v", err)
	}
	delete(s.spoil, "GetConfig")
	s.answers["StartCategoryScan"] = "<preferredCategoryIds><guid>x</guid></preferredCategoryIds>"
	if _, err = s.newAgent(limited).Scan(context.Background()); err == nil {
		t.Error("a category that is no GUID")
	}
}

func TestRemarks(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.standard()
	s.spoil["SyncUpdates"] = func(s string) string {
		s = strings.Replace(s, "<Truncated>", "<OutOfScopeRevisionIDs><int>4242</int></OutOfScopeRevisionIDs><Truncated>", 1)
		return strings.Replace(s, "<DriverSyncNotNeeded>false</DriverSyncNotNeeded>",
			"<DeployedOutOfScopeRevisionIds><int>4243</int></DeployedOutOfScopeRevisionIds>", 1)
	}
	r, err := s.newAgent(nil).Scan(context.Background())
	all := strings.Join(r.Remarks, "\n")
	if err != nil || !strings.Contains(all, "4242") || !strings.Contains(all, "4243") || strings.Count(all, "DriverSyncNotNeeded") != 1 {
		t.Errorf("%s, %v", all, err)
	}
}

func TestWrongPass(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.standard()
	s.spoil["SyncUpdates"] = func(s string) string {
		return strings.Replace(s, "UpdateType=&#34;Category", "UpdateType=&#34;Driver", 1)
	}
	_, err := s.newAgent(nil).Scan(context.Background())
	if e := (*agent.Error)(nil); !errors.As(err, &e) || e.HResult != 0x80070057 {
		t.Errorf("a driver in a software round: %v", err)
	}
}

// TestUnknownRules checks that a rule without an answer makes nothing installed
// or needed, and is named.
func TestUnknownRules(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.revisions = []revision{{
		5, coreOf(5, "Software", ` ExplicitlyDeployable="true"`, nil, nil,
			`<IsInstalled><Not><b.WmiQuery WqlQuery="x" /></Not></IsInstalled><IsInstallable><Not><b.WmiQuery WqlQuery="x" /></Not></IsInstallable>`),
		"<ExtendedProperties />", "x", true, update.Install,
	}}
	r, err := s.newAgent(nil).Scan(context.Background())
	if err != nil || len(r.Needed)+len(r.Installed) != 0 || r.Unknown["b.WmiQuery"] != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestErrorWords(t *testing.T) {
	t.Parallel()
	for hr, want := range map[uint32]string{
		0x80070057: "invalid argument", 0x80244010: "round trips", 0x8024402A: "missing configuration", 0x80190194: "HTTP status 404",
		0x8024401A: "HTTP error", 0x12345678: "unexpected",
	} {
		e := &agent.Error{HResult: hr, Op: "GetConfig", Detail: "detail", Err: errors.New("cause")}
		if s := e.Error(); !strings.Contains(s, want) || !strings.HasSuffix(s, "detail: cause") || !strings.HasPrefix(s, "GetConfig: 0x") {
			t.Errorf("%s, want %q in it", s, want)
		}
	}
}
