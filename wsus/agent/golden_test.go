package agent

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/update"
	"sluice/wsus/update/samples"
)

const (
	native  = "wsus/captures/wsus-m0-native/"
	scanDir = native + "scan/"
)

// captured is a recorded request of the native agent, as XML and as bytes.
type captured struct {
	t    *testing.T
	body []byte
	op   *node
}

func capture(t *testing.T, name string) captured {
	t.Helper()
	c := captured{t: t, body: samples.Read(t, name)}
	root, err := parseXML(c.body)
	if err != nil {
		t.Fatal(err)
	}
	c.op = root.kids[0].kids[0]
	return c
}

func (c captured) equals(got []byte) {
	c.t.Helper()
	if !bytes.Equal(got, c.body) {
		i := 0
		for i < min(len(got), len(c.body)) && got[i] == c.body[i] {
			i++
		}
		from := max(0, i-60)
		c.t.Errorf("differs from the native request at byte %d:\n got ...%s\nwant ...%s",
			i, got[from:min(len(got), i+120)], c.body[from:min(len(c.body), i+120)])
	}
}

func (c captured) cookie() Cookie {
	n := c.op.child("cookie")
	return Cookie{Expiration: n.str("Expiration"), Data: n.str("EncryptedData")}
}

func (c captured) sync() *syncRequest {
	p := c.op.child("parameters")
	x := p.child("ProductsParameters")
	r := &syncRequest{
		cookie: c.cookie(), device: x.str("DeviceAttributes"), caller: x.str("CallerAttributes"), products: x.str("Products"),
	}
	var err error
	if r.installed, err = p.revisions("InstalledNonLeafUpdateIDs"); err != nil {
		c.t.Fatal(err)
	}
	if r.other, err = p.revisions("OtherCachedUpdateIDs"); err != nil {
		c.t.Fatal(err)
	}
	for _, f := range p.items("FilterCategoryIds") {
		r.filter = append(r.filter, update.MustParseID(f.str("Id")))
	}
	return r
}

func mustInt(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

func mustTime(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := parseTime(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// nativeMachine is the machine of the captured scan, read from its requests.
func nativeMachine(t *testing.T) Machine {
	t.Helper()
	n := capture(t, scanDir+"000004/request.body").op.child("computerInfo")
	at := func(name string) int { return mustInt(t, n.str(name)) }
	m := Machine{
		Computer: update.Computer{
			ClientID: capture(t, scanDir+"000002/request.body").op.str("clientId"), DNSName: n.str("DnsName"),
			OSMajor: at("OSMajorVersion"), OSMinor: at("OSMinorVersion"), OSBuild: at("OSBuildNumber"),
			ServicePackMajor: at("OSServicePackMajorNumber"), ServicePackMinor: at("OSServicePackMinorNumber"),
			OSLocale: n.str("OSLocale"), Manufacturer: n.str("ComputerManufacturer"), Model: n.str("ComputerModel"),
			BiosVersion: n.str("BiosVersion"), BiosName: n.str("BiosName"), BiosDate: mustTime(t, n.str("BiosReleaseDate")),
			Architecture: n.str("ProcessorArchitecture"), SuiteMask: at("SuiteMask"),
			OldProductType: at("OldProductType"), NewProductType: at("NewProductType"), SystemMetrics: at("SystemMetrics"),
			ClientVersion: [4]int{
				at("ClientVersionMajorNumber"), at("ClientVersionMinorNumber"),
				at("ClientVersionBuildNumber"), at("ClientVersionQfeNumber"),
			},
			OSDescription: n.str("OSDescription"), OEM: n.str("OEM"), DeviceType: n.str("DeviceType"),
			FirmwareVersion: n.str("FirmwareVersion"), MobileOperator: n.str("MobileOperator"),
		},
		Facts:   &Table{Major: 10, Build: 26200},
		Locales: []string{"en-US", "en"}, GeoID: "USA", LocaleID: 1033, Firmware: "EDK II", Sample: 775,
	}
	p := capture(t, scanDir+"000009/request.body").op.child("parameters")
	m.FeatureScoreKey = p.str("FeatureScoreMatchingKey")
	ids, err := p.child("ComputerSpec").guids("HardwareIDs")
	if err != nil {
		t.Fatal(err)
	}
	m.HardwareIDs = ids
	m.Attributes = strings.Split(strings.TrimSuffix(p.child("ProductsParameters").str("DeviceAttributes"), ";"), ";")
	for _, d := range p.items("SystemSpec") {
		m.Devices = append(m.Devices, nativeDevice(t, d))
	}
	return m
}

func nativeDevice(t *testing.T, n *node) Device {
	var d Device
	for _, k := range n.items("HardwareIDs") {
		d.HardwareIDs = append(d.HardwareIDs, k.text)
	}
	for _, k := range n.items("CompatibleIDs") {
		d.CompatibleIDs = append(d.CompatibleIDs, k.text)
	}
	i := n.child("installedDriver")
	d.Driver = Driver{
		MatchingID: i.str("MatchingID"), VerDate: mustTime(t, i.str("DriverVerDate")),
		VerVersion: uint64(mustInt(t, i.str("DriverVerVersion"))), Class: i.str("Class"),
		Manufacturer: i.str("Manufacturer"), Provider: i.str("Provider"), Model: i.str("Model"),
		Rank:                  mustInt(t, i.str("DriverRank")),
		SkipProviderFiltering: i.str("SkipProviderFiltering") == "true", IsGeneric: i.str("IsGeneric") == "true",
	}
	for _, e := range n.items("extensionDrivers") {
		d.Extensions = append(d.Extensions, ExtensionDriver{
			ExtensionID: e.str("ExtensionId"), VerDate: mustTime(t, e.str("DriverVerDate")),
			VerVersion: uint64(mustInt(t, e.str("DriverVerVersion"))), Class: e.str("Class"), Rank: mustInt(t, e.str("DriverRank")),
		})
	}
	if s := n.str("DeviceFlags"); s != "" {
		d.Flags = mustInt(t, s)
	}
	return d
}

func TestNativeHandshakeBytes(t *testing.T) {
	t.Parallel()
	m := nativeMachine(t)
	capture(t, scanDir+"000001/request.body").equals(getConfig())
	capture(t, scanDir+"000002/request.body").equals(getAuthorizationCookie(&m.Computer))
	c := capture(t, scanDir+"000003/request.body")
	auth := c.op.items("authCookies")[0]
	c.equals(getCookie(auth.str("PlugInId"), auth.str("CookieData"), Cookie{}, c.op.str("lastChange"), mustTime(t, c.op.str("currentTime"))))
	c = capture(t, scanDir+"000004/request.body")
	c.equals(registerComputer(c.cookie(), &m.Computer))
	capture(t, scanDir+"000005/request.body").equals(startCategoryScan([]update.ID{update.MustParseID("dd78b8a1-0b20-45c1-add6-4da72e9364cf")}))
}

func TestNativeSyncBytes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{scanDir + "000006", scanDir + "000007", native + "flow/000001"} {
		c := capture(t, name+"/request.body")
		c.equals(syncUpdates(c.sync()))
	}
	m := nativeMachine(t)
	if len(m.Devices) != 70 {
		t.Errorf("%d devices, want 70", len(m.Devices))
	}
	c := capture(t, scanDir+"000009/request.body")
	r := c.sync()
	r.machine = &m
	c.equals(syncUpdates(r))
}

func TestNativeExtendedBytes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{scanDir + "000010", native + "flow/000015"} {
		c := capture(t, name+"/request.body")
		ids, err := c.op.revisions("revisionIDs")
		if err != nil {
			t.Fatal(err)
		}
		c.equals(getExtendedUpdateInfo(c.cookie(), ids, []string{"en-US", "en"},
			c.op.str("deviceAttributes"), c.op.str("GeoId"), c.op.str("callerAttributes")))
	}
}

// nativeEvents reads the events of a captured batch.
func (c captured) events() []update.Event {
	var out []update.Event
	for _, n := range c.op.items("eventBatch") {
		b, x := n.child("BasicData"), n.child("ExtendedData")
		u := b.child("UpdateID")
		e := update.Event{
			InstanceID: update.MustParseID(b.str("EventInstanceID")), ClientID: b.child("TargetID").str("Sid"),
			Time: mustTime(c.t, b.str("TimeAtTarget")), Namespace: mustInt(c.t, b.str("NamespaceID")),
			EventID: mustInt(c.t, b.str("EventID")), Source: mustInt(c.t, b.str("SourceID")),
			Update:      update.Identity{ID: update.MustParseID(u.str("UpdateID")), Number: int32(mustInt(c.t, u.str("RevisionNumber")))},
			Win32Result: int32(mustInt(c.t, b.str("Win32HResult"))), AppName: b.str("AppName"),
		}
		for _, s := range x.items("ReplacementStrings") {
			e.Replacement = append(e.Replacement, s.text)
		}
		for _, s := range x.items("MiscData") {
			e.Misc = append(e.Misc, s.text)
		}
		out = append(out, e)
	}
	return out
}

func TestNativeReportBytes(t *testing.T) {
	t.Parallel()
	m := nativeMachine(t)
	for _, name := range []string{native + "flow/000016", "wsus/captures/wsus-m0-ours/staged/000232"} {
		c := capture(t, name+"/request.body")
		c.equals(reportEventBatch(c.cookie(), mustTime(t, c.op.str("clientTime")), &m, c.events()))
	}
}

// TestNativeMiscData checks that the agent's own events have the MiscData of
// native ones in content and order.
func TestNativeMiscData(t *testing.T) {
	t.Parallel()
	c := capture(t, "wsus/captures/wsus-m0-ours/staged/000232/request.body")
	m := nativeMachine(t)
	m.Sample = 297
	m.Computer.ClientID = c.events()[0].ClientID
	a, err := New(Config{
		Server: "http://192.0.2.1:8530", Machine: m, Caller: "<<PROCESS>>: powershell.exe",
		Now: func() time.Time { return mustTime(t, c.op.str("clientTime")) },
	})
	if err != nil {
		t.Fatal(err)
	}
	u := &Update{
		Identity: c.events()[2].Update, Title: c.events()[2].Replacement[0],
		Parts: []update.RevisionID{1, 2},
	}
	a.queue(eventScanned, update.Identity{}, 0, []string{"1"}, detail{b: 141, attempt: 1, scan: true, evaluated: 170})
	a.queue(eventStatus, update.Identity{}, 0, nil, detail{b: -1, evaluated: -1, needed: []string{"A2FEF9B0-7951-4C2C-A42B-9E351DD1C1FE"}})
	a.queueUpdate(eventDownloadStarted, u, 0, detail{b: -1})
	a.queueUpdate(eventDownloaded, u, 0, detail{b: 223014168})
	a.queueUpdate(eventInstallStarted, u, 0, detail{b: -1, install: true})
	want := c.events()
	for i := range want {
		want[i].InstanceID = a.state.Events[i].InstanceID
	}
	if d := cmp.Diff(want, a.state.Events); d != "" {
		t.Errorf("events (-native +ours):\n%s", d)
	}

	c = capture(t, native+"flow/000016/request.body")
	m.Sample = 775
	a, err = New(Config{Server: "http://192.0.2.1:8530", Machine: m, Caller: "OOBE ZDP"})
	if err != nil {
		t.Fatal(err)
	}
	got := a.misc(detail{b: 3, attempt: 3, scan: true, evaluated: 3, filtered: true})
	if d := cmp.Diff(c.events()[0].Misc, got); d != "" {
		t.Errorf("event 147 of a category scan (-native +ours):\n%s", d)
	}
}

func TestNativeHeaders(t *testing.T) {
	t.Parallel()
	m := nativeMachine(t)
	a, err := New(Config{Server: "http://192.0.2.1:8530", Machine: m})
	if err != nil {
		t.Fatal(err)
	}
	cv := regexp.MustCompile(`MS-CV: [A-Za-z0-9+/]{16}(\.\d+)+`)
	head := func(b []byte) string {
		h, _, _ := strings.Cut(string(b), "\r\n\r\n")
		return cv.ReplaceAllString(h+"\r\n\r\n", "MS-CV: *")
	}
	for _, tt := range []struct {
		name, op string
		s        service
	}{
		{scanDir + "000001", "GetConfig", clientService},
		{scanDir + "000002", "GetAuthorizationCookie", authService},
		{native + "flow/000016", "ReportEventBatch", reportService},
	} {
		body := samples.Read(t, tt.name+"/request.body")
		got, err := a.prepare(tt.s, a.address(tt.s), tt.op, body)
		if err != nil {
			t.Fatal(err)
		}
		want := samples.Read(t, tt.name+"/request.headers")
		if d := cmp.Diff(head(want), head(got.Bytes)); d != "" {
			t.Errorf("%s (-native +ours):\n%s", tt.op, d)
		}
	}
	for name, p := range map[string]piece{"final-range": {204472320, 204745167}, "whole-file-single-range": {0, 918943}} {
		want := samples.Read(t, native+"content-headers/"+name+"/request.headers")
		path := strings.Fields(string(want))[1]
		u, err := a.root.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(head(want), head(contentRequest(u, p, "AAAAAAAAAAAAAAAA.2.0"))); d != "" {
			t.Errorf("%s (-native +ours):\n%s", name, d)
		}
	}
}
