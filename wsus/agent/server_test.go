package agent_test

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/wsus/agent"
	"sluice/wsus/update"
)

// revision is what the fake server offers.
type revision struct {
	id       int
	core     string
	extended string
	title    string
	leaf     bool
	action   update.Action
}

// fakeServer is an update server that is just able enough for an agent. Tests
// spoil its answers through hooks.
type fakeServer struct {
	*httptest.Server
	t testing.TB

	mu        sync.Mutex
	revisions []revision
	page      int // NewUpdates in one answer; 0: all
	changed   []int
	faults    map[string][]string                 // operation -> codes to answer first
	spoil     map[string]func(body string) string // changes an answer's text
	header    func(op string, h http.Header)
	files     map[string][]byte // base name of the URL
	serveFile func(w http.ResponseWriter, r *http.Request, content []byte)
	asked     []string // operations in order
	bodies    map[string]string
	cookies   int
	answers   map[string]string // operation -> content of its response, instead of the usual one
}

func newServer(t testing.TB) *fakeServer {
	s := &fakeServer{
		t: t, faults: map[string][]string{}, spoil: map[string]func(string) string{},
		files: map[string][]byte{}, bodies: map[string]string{},
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

var opElement = regexp.MustCompile(`<s:Body><(\w+) xmlns="([^"]+)">`)

func (s *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.HasPrefix(r.URL.Path, "/Content/") {
		s.content(w, r)
		return
	}
	b, err := io.ReadAll(r.Body)
	m := opElement.FindStringSubmatch(string(b))
	if err != nil || m == nil {
		http.Error(w, "no operation", http.StatusBadRequest)
		return
	}
	op, ns := m[1], m[2]
	if want := `"` + strings.TrimSuffix(ns, "/") + "/" + op + `"`; r.Header.Get("SOAPAction") != want {
		s.t.Errorf("SOAPAction %s, want %s", r.Header.Get("SOAPAction"), want)
	}
	s.asked = append(s.asked, op)
	s.bodies[op] = string(b)
	status, answer := http.StatusOK, ""
	if codes := s.faults[op]; len(codes) > 0 {
		status = http.StatusInternalServerError
		s.faults[op] = codes[1:]
		answer = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Client</faultcode>` +
			`<faultstring>Fault occurred</faultstring><detail><ErrorCode>` + codes[0] + `</ErrorCode><Message/><ID>x</ID></detail></s:Fault></s:Body></s:Envelope>`
	} else {
		answer = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><` + op + `Response xmlns="` + ns + `">` +
			s.answer(op, string(b)) + `</` + op + `Response></s:Body></s:Envelope>`
	}
	if f := s.spoil[op]; f != nil {
		answer = f(answer)
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	if s.header != nil {
		s.header(op, w.Header())
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

func (s *fakeServer) cookie(name string) string {
	s.cookies++
	data := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "cookie %d", s.cookies))
	return `<` + name + `><Expiration>2030-01-01T00:00:00Z</Expiration><EncryptedData>` + data + `</EncryptedData></` + name + `>`
}

func (s *fakeServer) answer(op, body string) string {
	if text, ok := s.answers[op]; ok {
		return text
	}
	switch op {
	case "GetConfig":
		return `<GetConfigResult><LastChange>2026-10-04T13:17:07.59Z</LastChange><IsRegistrationRequired>true</IsRegistrationRequired>` +
			`<AuthInfo><AuthPlugInInfo><PlugInID>SimpleTargeting</PlugInID><ServiceUrl>SimpleAuthWebService/SimpleAuth.asmx</ServiceUrl>` +
			`<Parameter/></AuthPlugInInfo></AuthInfo><Properties><ConfigurationProperty><Name>MaxExtendedUpdatesPerRequest</Name><Value>2</Value>` +
			`</ConfigurationProperty><ConfigurationProperty><Name>ProtocolVersion</Name><Value>3.2</Value></ConfigurationProperty></Properties></GetConfigResult>`
	case "GetAuthorizationCookie":
		return `<GetAuthorizationCookieResult><PlugInId>SimpleTargeting</PlugInId><CookieData>AAAA</CookieData></GetAuthorizationCookieResult>`
	case "GetCookie":
		return s.cookie("GetCookieResult")
	case "RegisterComputer":
		return ""
	case "SyncUpdates":
		return s.sync("SyncUpdatesResult", body)
	case "SyncPrinterCatalog":
		return `<SyncPrinterCatalogResult><Truncated>false</Truncated>` + s.cookie("NewCookie") + `</SyncPrinterCatalogResult>`
	case "RefreshCache":
		return s.refresh(body)
	case "GetExtendedUpdateInfo":
		return s.extended(body)
	case "GetExtendedUpdateInfo2":
		return `<GetExtendedUpdateInfo2Result>` + s.locations(s.fileNames()) + `</GetExtendedUpdateInfo2Result>`
	case "GetFileLocations":
		return `<GetFileLocationsResult>` + s.locations(s.fileNames()) + s.cookie("NewCookie") + `</GetFileLocationsResult>`
	case "GetRequiredInventoryType":
		return `<GetRequiredInventoryTypeResult>0</GetRequiredInventoryTypeResult>`
	case "ReportEventBatch", "ReportInventory":
		return `<` + op + `Result>true</` + op + `Result>`
	}
	s.t.Errorf("unexpected operation %s", op)
	return ""
}

// list returns the integers of a list in a request.
func list(body, name string) map[int]bool {
	out := map[int]bool{}
	_, rest, ok := strings.Cut(body, "<"+name+">")
	if !ok {
		return out
	}
	rest, _, _ = strings.Cut(rest, "</"+name+">")
	for _, m := range regexp.MustCompile(`<int>(\d+)</int>`).FindAllStringSubmatch(rest, -1) {
		n, _ := strconv.Atoi(m[1])
		out[n] = true
	}
	return out
}

func (s *fakeServer) deployment(r revision) string {
	return fmt.Sprintf(`<Deployment><ID>%d</ID><Action>%s</Action><IsAssigned>true</IsAssigned><LastChangeTime>2026-10-04</LastChangeTime>`+
		`<AutoSelect>0</AutoSelect><AutoDownload>0</AutoDownload><SupersedenceBehavior>0</SupersedenceBehavior></Deployment>`, r.id+1000, r.action)
}

func (s *fakeServer) sync(result, body string) string {
	installed, other, drivers := list(body, "InstalledNonLeafUpdateIDs"), list(body, "OtherCachedUpdateIDs"), list(body, "CachedDriverIDs")
	driverPass := strings.Contains(body, "<SkipSoftwareSync>true<")
	have := map[update.ID]bool{}
	for _, r := range s.revisions {
		if installed[r.id] {
			have[mustCore(s.t, r.core).ID] = true
		}
	}
	var added, changed, gone strings.Builder
	n, truncated := 0, false
	needed := map[int]bool{}
	for _, r := range s.revisions {
		c := mustCore(s.t, r.core)
		if (c.Type == update.Driver) != driverPass || !satisfied(c, have) {
			continue
		}
		needed[r.id] = true
		info := fmt.Sprintf(`<UpdateInfo><ID>%d</ID>%s<IsLeaf>%t</IsLeaf>`, r.id, s.deployment(r), r.leaf)
		if installed[r.id] || other[r.id] || drivers[r.id] {
			if slices.Contains(s.changed, r.id) {
				changed.WriteString(info + `</UpdateInfo>`)
			}
			continue
		}
		if n++; s.page > 0 && n > s.page {
			truncated = true
			break
		}
		added.WriteString(info + `<Xml>` + html.EscapeString(r.core) + `</Xml></UpdateInfo>`)
	}
	if !truncated && !driverPass {
		for _, ids := range []map[int]bool{installed, other} {
			for id := range ids {
				if !needed[id] {
					fmt.Fprintf(&gone, "<int>%d</int>", id)
				}
			}
		}
	}
	wrap := func(name, text string) string {
		if text == "" {
			return ""
		}
		return "<" + name + ">" + text + "</" + name + ">"
	}
	return `<` + result + `>` + wrap("NewUpdates", added.String()) + wrap("OutOfScopeRevisionIDs", gone.String()) +
		wrap("ChangedUpdates", changed.String()) + fmt.Sprintf(`<Truncated>%t</Truncated>`, truncated) +
		s.cookie("NewCookie") + `<DriverSyncNotNeeded>false</DriverSyncNotNeeded></` + result + `>`
}

func satisfied(c *agent.Core, have map[update.ID]bool) bool {
	for _, clause := range c.Prerequisites {
		if !slices.ContainsFunc(clause.Any, func(id update.ID) bool { return have[id] }) {
			return false
		}
	}
	return true
}

func mustCore(t testing.TB, text string) *agent.Core {
	c, err := agent.ParseCore(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (s *fakeServer) refresh(body string) string {
	var b strings.Builder
	for _, r := range s.revisions {
		c := mustCore(s.t, r.core)
		if r.action != update.Bundle && strings.Contains(body, c.ID.String()) {
			fmt.Fprintf(&b, `<RefreshCacheResult><RevisionID>%d</RevisionID><GlobalID><UpdateID>%s</UpdateID><RevisionNumber>%d</RevisionNumber></GlobalID>`+
				`<IsLeaf>%t</IsLeaf>%s</RefreshCacheResult>`, r.id, c.ID, c.Number, r.leaf, s.deployment(r))
		}
	}
	return `<RefreshCacheResult>` + b.String() + `</RefreshCacheResult>`
}

func (s *fakeServer) extended(body string) string {
	ids := list(body, "revisionIDs")
	var first, second strings.Builder
	var names []string
	for _, r := range s.revisions {
		if !ids[r.id] {
			continue
		}
		fmt.Fprintf(&first, `<Update><ID>%d</ID><Xml>%s</Xml></Update>`, r.id, html.EscapeString(r.extended))
		fmt.Fprintf(&second, `<Update><ID>%d</ID><Xml>%s</Xml></Update>`, r.id,
			html.EscapeString(`<LocalizedProperties><Language>en</Language><Title>`+r.title+`</Title></LocalizedProperties>`))
		for name, content := range s.files {
			sum := sha1.Sum(content)
			if strings.Contains(r.extended, base64.StdEncoding.EncodeToString(sum[:])) {
				names = append(names, name)
			}
		}
	}
	return `<GetExtendedUpdateInfoResult><Updates>` + first.String() + second.String() + `</Updates>` + s.locations(names) + `</GetExtendedUpdateInfoResult>`
}

func (s *fakeServer) fileNames() []string {
	var names []string
	for name := range s.files {
		names = append(names, name)
	}
	return names
}

func (s *fakeServer) locations(names []string) string {
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range slices.Compact(names) {
		sum := sha1.Sum(s.files[name])
		fmt.Fprintf(&b, `<FileLocation><FileDigest>%s</FileDigest><Url>%s/Content/00/%s</Url></FileLocation>`,
			base64.StdEncoding.EncodeToString(sum[:]), s.URL, name)
	}
	return `<FileLocations>` + b.String() + `</FileLocations>`
}

func (s *fakeServer) content(w http.ResponseWriter, r *http.Request) {
	content, ok := s.files[path.Base(r.URL.Path)]
	switch {
	case !ok:
		http.NotFound(w, r)
	case s.serveFile != nil:
		s.serveFile(w, r, content)
	default:
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(content)))
	}
}

// addFile gives the server a file and returns its File element.
func (s *fakeServer) addFile(name string, content []byte) string {
	s.files[name] = content
	d1, d2 := sha1.Sum(content), sha256.Sum256(content)
	return fmt.Sprintf(`<File Digest="%s" DigestAlgorithm="SHA1" FileName="%s" Size="%d" Modified="2026-10-03T15:47:53Z">`+
		`<AdditionalDigest Algorithm="SHA256">%s</AdditionalDigest></File>`,
		base64.StdEncoding.EncodeToString(d1[:]), name, len(content), base64.StdEncoding.EncodeToString(d2[:]))
}

// guid makes an update id from a number.
func guid(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// coreOf writes a core fragment of revision 1 of update n.
func coreOf(n int, kind, properties string, prerequisites [][]int, bundles [][]int, rules string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<UpdateIdentity UpdateID="%s" RevisionNumber="1" /><Properties UpdateType="%s"%s />`, guid(n), kind, properties)
	if len(prerequisites)+len(bundles) > 0 {
		b.WriteString(`<Relationships>`)
		group := func(list string, groups [][]int, number string) {
			if len(groups) == 0 {
				return
			}
			b.WriteString(`<` + list + `>`)
			for _, g := range groups {
				b.WriteString(`<AtLeastOne>`)
				for _, n := range g {
					fmt.Fprintf(&b, `<UpdateIdentity UpdateID="%s"%s />`, guid(n), number)
				}
				b.WriteString(`</AtLeastOne>`)
			}
			b.WriteString(`</` + list + `>`)
		}
		group("Prerequisites", prerequisites, "")
		group("BundledUpdates", bundles, ` RevisionNumber="1"`)
		b.WriteString(`</Relationships>`)
	}
	if rules != "" {
		b.WriteString(`<ApplicabilityRules>` + rules + `</ApplicabilityRules>`)
	}
	return b.String()
}

const (
	isTrue      = `<IsInstalled><True /></IsInstalled>`
	isFalse     = `<IsInstalled><False /></IsInstalled>`
	installable = `<IsInstalled><False /></IsInstalled><IsInstallable><b.WindowsVersion Comparison="GreaterThanOrEqualTo" MajorVersion="10" MinorVersion="0" /></IsInstallable>`
)

// standard fills the server with three levels of categories, a bundle of two
// groups, an update without a bundle, a hidden alternative and a driver.
func (s *fakeServer) standard() {
	file1 := s.addFile("one.cab", []byte(strings.Repeat("first payload ", 10_000)))
	file2 := s.addFile("two.exe", []byte("second payload"))
	extended := func(file, behavior string) string {
		return `<ExtendedProperties DefaultPropertiesLanguage="en" Handler="x"><InstallationBehavior RebootBehavior="` + behavior +
			`" /></ExtendedProperties>` + file
	}
	s.revisions = []revision{
		{1, coreOf(1, "Category", "", nil, nil, isTrue), extended("", ""), "Company", false, update.Evaluate},
		{2, coreOf(2, "Category", "", [][]int{{1}}, nil, isTrue), extended("", ""), "Family", false, update.Evaluate},
		{3, coreOf(3, "Category", "", [][]int{{2}}, nil, isTrue), extended("", ""), "Product", false, update.Evaluate},
		{4, coreOf(4, "Detectoid", "", [][]int{{3}}, nil, isFalse), extended("", ""), "Detectoid", false, update.Evaluate},
		{10, coreOf(10, "Software", ` ExplicitlyDeployable="true"`, [][]int{{3}}, [][]int{{11, 12}, {13}}, ""), extended("", ""), "Bundle", true, update.Install},
		{11, coreOf(11, "Software", "", [][]int{{3}}, nil, isFalse+`<IsInstallable><False /></IsInstallable>`), extended("", ""), "Wrong part", true, update.Bundle},
		{12, coreOf(12, "Software", "", [][]int{{3}}, nil, installable), extended(`<Files>`+file1+`</Files>`, "AlwaysRequiresReboot"), "Right part", true, update.Bundle},
		{13, coreOf(13, "Software", "", [][]int{{3}}, nil, installable), extended(`<Files>`+file2+`</Files>`, ""), "Other part", true, update.Bundle},
		{20, coreOf(20, "Software", ` ExplicitlyDeployable="true"`, [][]int{{3}}, nil, installable), extended(`<Files>`+file2+`</Files>`, "NeverReboots"), "Single", true, update.Install},
		{21, coreOf(21, "Software", ` ExplicitlyDeployable="true"`, [][]int{{3}}, nil, isTrue), extended("", ""), "Had before", true, update.PreDeploymentCheck},
		{22, coreOf(22, "Software", ` ExplicitlyDeployable="true"`, [][]int{{4}}, nil, isTrue), extended("", ""), "Never offered", true, update.Install},
		{30, coreOf(30, "Driver", ` ExplicitlyDeployable="true"`, [][]int{{3}}, nil,
			`<IsInstalled><d.WindowsDriverInstalled /></IsInstalled><IsInstallable><d.WindowsDriverInstallable /></IsInstallable>`+
				`<Metadata><d.WindowsDriverMetaData HardwareID="STORAGE\Volume" DriverVerDate="2026-01-01" DriverVerVersion="10.0.1.2" Class="x" /></Metadata>`),
			extended("", ""), "Driver", true, update.PreDeploymentCheck},
	}
}

// newAgent returns a Windows 11 agent of the server, changed by edit.
func (s *fakeServer) newAgent(edit func(*agent.Config)) *agent.Agent {
	s.t.Helper()
	tr := &agent.Transport{}
	s.t.Cleanup(tr.CloseIdle)
	cfg := agent.Config{
		Server: s.URL, Machine: agent.Windows11(update.MustParseID("e1da06a3-5601-43c9-bac3-52d5db701494"), "pc.example"),
		Transport: tr, Now: func() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) },
	}
	if edit != nil {
		edit(&cfg)
	}
	a, err := agent.New(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}
