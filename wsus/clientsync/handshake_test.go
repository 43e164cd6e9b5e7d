package clientsync_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/catalog"
	"sluice/wsus/clientsync"
	"sluice/wsus/clientsync/cookie"
	"sluice/wsus/update"
)

const authSpace = "http://www.microsoft.com/SoftwareDistribution/Server/SimpleAuthWebService"

// authorize calls GetAuthorizationCookie.
func (w *world) authorize(inner string) reply {
	w.tb.Helper()
	return w.post(authPath, envelope(authSpace, "GetAuthorizationCookie", inner))
}

// authCookie returns a good authorization cookie of a device in base64.
func (w *world) authCookie(device int64, change ...func(*cookie.Auth)) string {
	a := cookie.Auth{Device: device, Issued: w.now}
	for _, f := range change {
		f(&a)
	}
	sealed, err := w.box.SealAuth(a)
	if err != nil {
		w.tb.Fatal(err)
	}
	return encode(sealed)
}

// getCookieXML is what GetCookie holds.
func getCookieXML(auth, old string) string {
	s := "<authCookies><AuthorizationCookie><PlugInId>SimpleTargeting</PlugInId><CookieData>" + auth + "</CookieData></AuthorizationCookie></authCookies>"
	if old != "" {
		s += cookieXML("oldCookie", old)
	}
	return s + "<lastChange>2026-10-04T13:17:07.59Z</lastChange><currentTime>2026-10-04T15:03:36Z</currentTime><protocolVersion>2.90</protocolVersion>"
}

var encrypted = regexp.MustCompile(`<EncryptedData>([^<]*)<`)

// opened opens the cookie in an answer.
func (w *world) opened(r reply) cookie.Cookie {
	w.tb.Helper()
	m := encrypted.FindStringSubmatch(r.body)
	if m == nil {
		w.tb.Fatalf("no cookie in %d %.500s", r.status, r.body)
	}
	c, err := w.box.Open(decode(w.tb, m[1]))
	if err != nil {
		w.tb.Fatal(err)
	}
	return c
}

func TestPathsInAnyLetterCase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve()
	body := envelope("http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService", "GetConfig", "<protocolVersion>1.0</protocolVersion>")
	for path, want := range map[string]int{
		"/ClientWebService/client.asmx": 200, "/clientwebservice/CLIENT.ASMX": 200, "/ClientWebService/Client.asmx": 200,
		"/ClientWebService/client.asm": 404, "/ClientWebService/": 404, "/": 404, "/ClientWebService/client.asmx/x": 404,
		"/simpleauthwebservice/simpleauth.asmx": 500, // another namespace there
	} {
		if r := w.post(path, body); r.status != want {
			t.Errorf("%s: %d, want %d", path, r.status, want)
		}
	}
}

func TestGetConfigProtocolVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve()
	for version, want := range map[string]string{
		"1.0": "none", "1.8": "none", "2.90": "none", " 2.0 ": "none", "65535.65535": "none",
		"": "InvalidParameters protocolVersion", "2": "InvalidParameters protocolVersion", "a.b": "InvalidParameters protocolVersion",
		"2.": "InvalidParameters protocolVersion", "1.2.3": "InvalidParameters protocolVersion", "65536.0": "InvalidParameters protocolVersion", "-1.0": "InvalidParameters protocolVersion",
	} {
		if got := w.call("GetConfig", "<protocolVersion>"+version+"</protocolVersion>").fault(); got != want {
			t.Errorf("version %q: %q, want %q", version, got, want)
		}
	}
	if got := w.call("GetConfig", "").fault(); got != "InvalidParameters protocolVersion" {
		t.Errorf("no version: %q", got)
	}
}

func TestGetAuthorizationCookie(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("g;", 64)
	for _, tt := range []struct {
		name, inner, want string
		claim             clientsync.Claim
	}{
		{"target groups", "<clientId> ABC </clientId><targetGroupName>Pilot; Ring 1;;</targetGroupName><dnsName>pc.example</dnsName>", "none",
			clientsync.Claim{ClientID: "abc", DNSName: "pc.example", Groups: []string{"Pilot", "Ring 1"}, Addr: "192.0.2.1"}},
		{"an empty group name", "<clientId>abc</clientId><targetGroupName> </targetGroupName><dnsName>pc</dnsName>", "none",
			clientsync.Claim{ClientID: "abc", DNSName: "pc", Addr: "192.0.2.1"}},
		{"no client id", "<dnsName>pc</dnsName>", "InvalidParameters clientId", clientsync.Claim{}},
		{"no name", "<clientId>abc</clientId>", "InvalidParameters dnsName", clientsync.Claim{}},
		{"a name with a line break", "<clientId>abc</clientId><dnsName>p&#10;c</dnsName>", "InvalidParameters dnsName", clientsync.Claim{}},
		{"the longest id", "<clientId>" + strings.Repeat("x", 255) + "</clientId><dnsName>pc</dnsName>", "none",
			clientsync.Claim{ClientID: strings.Repeat("x", 255), DNSName: "pc", Addr: "192.0.2.1"}},
		{"one longer", "<clientId>" + strings.Repeat("x", 256) + "</clientId><dnsName>pc</dnsName>", "InvalidParameters clientId", clientsync.Claim{}},
		{"64 groups", "<clientId>abc</clientId><targetGroupName>" + many + "</targetGroupName><dnsName>pc</dnsName>", "none",
			clientsync.Claim{ClientID: "abc", DNSName: "pc", Groups: strings.Split(many[:len(many)-1], ";"), Addr: "192.0.2.1"}},
		{"65 groups", "<clientId>abc</clientId><targetGroupName>" + many + "g</targetGroupName><dnsName>pc</dnsName>", "InvalidParameters targetGroupName", clientsync.Claim{}},
		{"long names", "<clientId>abc</clientId><targetGroupName>" + strings.Repeat(strings.Repeat("g", 1000)+";", 5) + "</targetGroupName><dnsName>pc</dnsName>", "InvalidParameters targetGroupName", clientsync.Claim{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.serve()
			if got := w.authorize(tt.inner).fault(); got != tt.want {
				t.Fatalf("fault %q, want %q", got, tt.want)
			}
			if tt.want != "none" {
				return
			}
			if diff := cmp.Diff([]clientsync.Claim{tt.claim}, w.claims); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
		})
	}
	for refuse, want := range map[error]string{clientsync.ErrRefused: "InvalidParameters clientId", clientsync.ErrTooMany: "ServerBusy"} {
		w := newWorld(t)
		w.refuse = refuse
		w.serve()
		if got := w.authorize("<clientId>abc</clientId><dnsName>pc</dnsName>").fault(); got != want {
			t.Errorf("refused because of %v: %q, want %q", refuse, got, want)
		}
	}
}

func TestGetCookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.devices["other"] = 2
	w.seats[2] = clientsync.Seat{Device: 2}
	w.serve()
	told := &cookie.Told{Plan: catalog.PlanKey{GroupSet: 3}, Seq: 42}
	with := func(c *cookie.Cookie) { c.Told = told }
	strange := cookie.NewBox(ring{cookie.Key{ID: 1, Secret: make([]byte, 32)}}, lineage, time.Now)
	elsewhere := cookie.NewBox(ring{cookie.Key{ID: 1, Secret: []byte(strings.Repeat("\a", 32))}}, update.AllComputers, func() time.Time { return start })
	seal := func(b *cookie.Box) string {
		sealed, err := b.Seal(cookie.Cookie{Device: 1, Expires: start.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return encode(sealed)
	}
	auth := w.authCookie(1)
	old := w.cookie(with)
	for _, tt := range []struct {
		name, inner, want string
		told              *cookie.Told
	}{
		{"a first contact", strings.Replace(getCookieXML(auth, ""), "<lastChange>", "<oldCookie><Expiration>2026-10-04T15:03:36Z</Expiration></oldCookie><lastChange>", 1), "none", nil},
		{"no old cookie", getCookieXML(auth, ""), "none", nil},
		{"a valid old cookie", getCookieXML(auth, old), "none", told},
		{"an expired old cookie", getCookieXML(auth, w.cookie(with, func(c *cookie.Cookie) { c.Expires = start.Add(-time.Hour) })), "none", told},
		{"an old cookie of another computer", getCookieXML(w.authCookie(2), old), "none", nil},
		{"an old cookie of another server", getCookieXML(auth, encode(make([]byte, 224))), "InvalidCookie", nil},
		{"an old cookie by an unknown key", getCookieXML(auth, seal(strange)), "InvalidCookie", nil},
		{"an old cookie from before a restore", getCookieXML(auth, seal(elsewhere)), "ServerChanged", nil},
		{"an authorization cookie as the old cookie", getCookieXML(auth, auth), "InvalidCookie", nil},
		{"no authorization cookie", strings.Replace(getCookieXML(auth, ""), "AuthorizationCookie", "x", 2), "InvalidAuthorizationCookie", nil},
		{"two authorization cookies", strings.Replace(getCookieXML(auth, ""), "<AuthorizationCookie>", "<AuthorizationCookie/><AuthorizationCookie>", 1), "InvalidAuthorizationCookie", nil},
		{"a cookie as the authorization cookie", getCookieXML(old, ""), "InvalidAuthorizationCookie", nil},
		{"an old authorization cookie", getCookieXML(w.authCookie(1, func(a *cookie.Auth) { a.Issued = start.Add(-cookie.AuthLifetime) }), ""), "InvalidAuthorizationCookie", nil},
		{"an authorization cookie of who is gone", getCookieXML(w.authCookie(9), ""), "InvalidAuthorizationCookie", nil},
		{"an empty authorization cookie", getCookieXML("", ""), "InvalidAuthorizationCookie", nil},
		{"another configuration", strings.Replace(getCookieXML(auth, ""), "13:17:07.59Z", "13:17:07.60Z", 1), "ConfigChanged", nil},
		{"the same instant in another zone", strings.Replace(getCookieXML(auth, ""), "13:17:07.59Z", "15:17:07.590+02:00", 1), "none", nil},
		{"no configuration", strings.Replace(getCookieXML(auth, ""), "2026-10-04T13:17:07.59Z", "", 1), "ConfigChanged", nil},
		{"a time that is none", strings.Replace(getCookieXML(auth, ""), "2026-10-04T13:17:07.59Z", "now", 1), "InvalidParameters", nil},
		{"a bad version", strings.Replace(getCookieXML(auth, ""), "2.90", "x", 1), "InvalidParameters protocolVersion", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := w.call("GetCookie", tt.inner)
			if got := r.fault(); got != tt.want {
				t.Fatalf("fault %q, want %q", got, tt.want)
			}
			if tt.want != "none" {
				return
			}
			c := w.opened(r)
			if diff := cmp.Diff(tt.told, c.Told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			if !c.Expires.Equal(start.Add(time.Hour)) || !c.Config.Equal(changed) || c.Protocol != (cookie.Protocol{Major: 2, Minor: 90}) {
				t.Errorf("cookie %+v", c)
			}
			if !strings.Contains(r.body, "<Expiration>2026-10-04T16:03:35Z</Expiration>") {
				t.Errorf("answer %s", r.body)
			}
		})
	}
}

func TestRegisterComputer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seats[1] = clientsync.Seat{Device: 1}
	w.serve()
	for _, tt := range []struct{ name, inner, want string }{
		{"nothing about the computer", cookieXML("cookie", w.cookie()), "InvalidParameters computerInfo"},
		{"no cookie", "<computerInfo/>", "InvalidCookie"},
		{"a number that is none", cookieXML("cookie", w.cookie()) + "<computerInfo><OSMajorVersion>ten</OSMajorVersion></computerInfo>", "InvalidParameters"},
		{"a short that is none", cookieXML("cookie", w.cookie()) + "<computerInfo><SuiteMask>70000</SuiteMask></computerInfo>", "InvalidParameters"},
		{"a model of 1,025 bytes", cookieXML("cookie", w.cookie()) + "<computerInfo><ComputerModel>" + strings.Repeat("m", 1025) + "</ComputerModel></computerInfo>", "InvalidParameters computerInfo"},
	} {
		if got := w.call("RegisterComputer", tt.inner).fault(); got != tt.want {
			t.Errorf("%s: fault %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := w.sync(w.cookie(), "").fault(); got != "RegistrationRequired" {
		t.Errorf("a scan before registration: %q", got)
	}
	// Sparse, with a time that has no zone, a nil and something unknown.
	inner := cookieXML("cookie", w.cookie()) + `<computerInfo><DnsName>pc.example</DnsName><OSMajorVersion>10</OSMajorVersion><Tomorrow>x</Tomorrow>` +
		`<ComputerModel xmlns:a="http://www.w3.org/2001/XMLSchema-instance" a:nil="true"/><BiosReleaseDate>2022-02-02T00:00:00</BiosReleaseDate></computerInfo>`
	if r := w.call("RegisterComputer", inner); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	want := update.Computer{DNSName: "pc.example", OSMajor: 10, BiosDate: time.Date(2022, 2, 2, 0, 0, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, w.computer); diff != "" {
		t.Errorf("computer (-want +got):\n%s", diff)
	}
	if got := w.sync(w.cookie(), "").fault(); got != "none" {
		t.Errorf("a scan after registration: %q", got)
	}
}

func TestStartCategoryScan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	of := func(typ update.CategoryType) func(*catalog.Row) {
		return func(r *catalog.Row) { category(r); r.Category = typ }
	}
	w.software(1, of(update.Product))
	w.software(2, of(update.Product))
	w.software(3, of(update.Classification))
	w.software(4, of(update.ProductFamily))
	w.software(5) // no category
	w.software(6, of(update.Product))
	w.rules.Declined = []update.ID{uid(6)}
	w.serve()
	type pair [2]int // group, category
	request := func(pairs ...pair) string {
		var b strings.Builder
		b.WriteString("<requestedCategories>")
		for _, p := range pairs {
			b.WriteString("<CategoryRelationship><IndexOfAndGroup>" + itoa(p[0]) + "</IndexOfAndGroup><CategoryId>" + strings.ToUpper(uid(p[1]).String()) + "</CategoryId></CategoryRelationship>")
		}
		return b.String() + "</requestedCategories>"
	}
	many := make([]pair, 200)
	for i := range many {
		many[i] = pair{i, 1}
	}
	for _, tt := range []struct {
		name               string
		inner              string
		preferred, unknown []int
		fault              string
	}{
		{"a product", request(pair{0, 1}), []int{1}, nil, "none"},
		{"two groups", request(pair{0, 1}, pair{1, 2}), []int{1, 2}, nil, "none"},
		{"a product twice", request(pair{0, 1}, pair{1, 1}), []int{1}, nil, "none"},
		{"a product and a classification", request(pair{0, 3}, pair{0, 1}), []int{1}, nil, "none"},
		{"an unknown one takes its group along", request(pair{0, 1}, pair{1, 2}, pair{1, 9}), []int{1}, []int{9}, "none"},
		{"an unknown one first", request(pair{1, 9}, pair{1, 2}), nil, []int{9}, "none"},
		{"what is no category", request(pair{0, 5}), nil, []int{5}, "none"},
		{"a declined one", request(pair{0, 6}), nil, []int{6}, "none"},
		{"a family ends it", request(pair{0, 1}, pair{1, 4}, pair{2, 2}, pair{3, 9}), nil, []int{9}, "none"},
		{"a classification alone ends it", request(pair{0, 1}, pair{1, 3}), nil, nil, "none"},
		{"two products end it", request(pair{0, 1}, pair{0, 2}), nil, nil, "none"},
		{"three end it", request(pair{0, 1}, pair{0, 3}, pair{0, 2}), nil, nil, "none"},
		{"nothing", request(), nil, nil, "none"},
		{"no list", "", nil, nil, "InvalidParameters requestedCategories"},
		{"no id", "<requestedCategories><CategoryRelationship><CategoryId>x</CategoryId></CategoryRelationship></requestedCategories>", nil, nil, "InvalidParameters requestedCategories"},
		{"199", request(many[:199]...), []int{1}, nil, "none"},
		{"200", request(many...), nil, nil, "InvalidParameters requestedCategories"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := w.call("StartCategoryScan", tt.inner)
			if got := r.fault(); got != tt.fault {
				t.Fatalf("fault %q, want %q", got, tt.fault)
			}
			list := func(name string) (out []int) {
				_, rest, _ := strings.Cut(r.body, "<"+name+">")
				inner, _, _ := strings.Cut(rest, "</"+name+">")
				for n := 1; n < 10; n++ {
					if strings.Contains(inner, "<guid>"+uid(n).String()+"</guid>") {
						out = append(out, n)
					}
				}
				return out
			}
			if diff := cmp.Diff(tt.preferred, list("preferredCategoryIds")); diff != "" {
				t.Errorf("preferred (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.unknown, list("requestedCategoryIdsInError")); diff != "" {
				t.Errorf("in error (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCookieFaults sends every kind of bad cookie to every operation that takes
// one.
func TestCookieFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve()
	good := w.cookie()
	flipped := decode(t, good)
	flipped[len(flipped)/2] ^= 1
	other := cookie.NewBox(ring{cookie.Key{ID: 1, Secret: []byte(strings.Repeat("\a", 32))}}, update.AllComputers, func() time.Time { return start })
	restored, err := other.Seal(cookie.Cookie{Device: 1, Expires: start.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for operation, inner := range map[string]string{
		"RegisterComputer":       "<computerInfo/>",
		"SyncUpdates":            "<parameters/>",
		"SyncPrinterCatalog":     "",
		"RefreshCache":           "<globalIDs/>",
		"GetExtendedUpdateInfo":  "<revisionIDs/><infoTypes><XmlUpdateFragmentType>Extended</XmlUpdateFragmentType></infoTypes>",
		"GetExtendedUpdateInfo2": "<updateIDs/><infoTypes><XmlUpdateFragmentType>FileUrl</XmlUpdateFragmentType></infoTypes>",
		"GetFileLocations":       "<fileDigests/>",
	} {
		for _, tt := range []struct{ name, cookie, want string }{
			{"good", cookieXML("cookie", good), "none"},
			{"absent", "", "InvalidCookie"},
			{"only a time", "<cookie><Expiration>2026-10-04T16:03:35Z</Expiration></cookie>", "InvalidCookie"},
			{"empty", "<cookie/>", "InvalidCookie"},
			{"flipped", cookieXML("cookie", encode(flipped)), "InvalidCookie"},
			{"an authorization cookie", cookieXML("cookie", w.authCookie(1)), "InvalidCookie"},
			{"expired", cookieXML("cookie", w.cookie(func(c *cookie.Cookie) { c.Expires = start })), "CookieExpired"},
			{"from before a restore", cookieXML("cookie", encode(restored)), "ServerChanged"},
			{"of a computer that is gone", cookieXML("cookie", w.cookie(func(c *cookie.Cookie) { c.Device = 77 })), "CookieExpired"},
		} {
			if got := w.call(operation, tt.cookie+inner).fault(); got != tt.want {
				t.Errorf("%s with a cookie that is %s: %q, want %q", operation, tt.name, got, tt.want)
			}
		}
	}
	stale := cookieXML("cookie", w.cookie(func(c *cookie.Cookie) { c.Config = changed.Add(-time.Second) }))
	for operation, want := range map[string]string{"SyncUpdates": "ConfigChanged", "SyncPrinterCatalog": "ConfigChanged"} {
		if got := w.call(operation, stale+"<parameters/>").fault(); got != want {
			t.Errorf("%s after a change of the configuration: %q, want %q", operation, got, want)
		}
	}
	if got := w.sync("!!!", "").fault(); got != "InvalidCookie" {
		t.Errorf("a cookie that is no base64: %q", got)
	}
}

func TestUnknownPlanIsTheServersFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seats[1] = clientsync.Seat{Device: 1, Registered: true, Plan: catalog.PlanKey{GroupSet: 99}}
	w.serve()
	if got := w.sync(w.cookie(), "").fault(); got != "InternalServerError" {
		t.Errorf("fault %q", got)
	}
}
