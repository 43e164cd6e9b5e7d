package agent

import (
	"strings"
	"testing"

	"sluice/wsus/update"
)

func TestRules(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule   string
		want   truth
		missed int
	}{
		{`<True />`, yes, 0},
		{`<False />`, no, 0},
		{`<And><True /><True /></And>`, yes, 0},
		{`<And><True /><False /><b.WmiQuery /></And>`, no, 0},
		{`<And><b.WmiQuery /><False /></And>`, no, 1},
		{`<And><b.WmiQuery /><True /></And>`, unknown, 1},
		{`<Or><False /><True /></Or>`, yes, 0},
		{`<Or><b.WmiQuery /><True /></Or>`, yes, 1},
		{`<Or><b.WmiQuery /><False /></Or>`, unknown, 1},
		{`<Not><False /></Not>`, yes, 0},
		{`<Not><b.WmiQuery /></Not>`, unknown, 1},
		{`<Not />`, unknown, 1},
		{`<Or />`, no, 0},
	} {
		c, err := ParseCore(`<UpdateIdentity UpdateID="00000000-0000-4000-8000-000000000001" RevisionNumber="1" /><Properties UpdateType="Software" />` +
			`<ApplicabilityRules><IsInstalled>` + tt.rule + `</IsInstalled></ApplicabilityRules>`)
		if err != nil {
			t.Fatal(err)
		}
		missed := 0
		j := &judge{facts: &Table{}, core: c, missed: func(string) { missed++ }}
		if got := j.eval(c.Installed); got != tt.want || missed != tt.missed {
			t.Errorf("%s is %d with %d without an answer, want %d and %d", tt.rule, got, missed, tt.want, tt.missed)
		}
	}
}

func TestParseCoreRefuses(t *testing.T) {
	t.Parallel()
	const (
		id    = `<UpdateIdentity UpdateID="00000000-0000-4000-8000-000000000001" RevisionNumber="1" />`
		props = `<Properties UpdateType="Software" />`
	)
	for name, text := range map[string]string{
		"empty":           ``,
		"no properties":   id,
		"wrong order":     props + id,
		"twice":           id + id + props,
		"unknown type":    id + `<Properties UpdateType="Magic" />`,
		"bad id":          `<UpdateIdentity UpdateID="x" RevisionNumber="1" />` + props,
		"bad number":      `<UpdateIdentity UpdateID="00000000-0000-4000-8000-000000000001" RevisionNumber="x" />` + props,
		"bad eula":        id + `<Properties UpdateType="Software" EulaID="x" />`,
		"unknown element": id + props + `<Files />`,
		"text":            id + props + `x`,
		"declaration":     `<?xml version="1.0"?>` + id + props,
		"not closed":      id + props + `<ApplicabilityRules>`,
		"bad member":      id + props + `<Relationships><BundledUpdates><UpdateIdentity UpdateID="00000000-0000-4000-8000-000000000001" /></BundledUpdates></Relationships>`,
		"odd member":      id + props + `<Relationships><Prerequisites><Other /></Prerequisites></Relationships>`,
		"deep":            id + props + `<ApplicabilityRules><IsInstalled>` + strings.Repeat(`<Not>`, 100) + strings.Repeat(`</Not>`, 100) + `</IsInstalled></ApplicabilityRules>`,
		"bad driver date": id + props + `<ApplicabilityRules><Metadata><d.WindowsDriverMetaData DriverVerDate="x" /></Metadata></ApplicabilityRules>`,
		"bad version":     id + props + `<ApplicabilityRules><Metadata><d.WindowsDriverMetaData DriverVerVersion="1.2.3.4.5" /></Metadata></ApplicabilityRules>`,
	} {
		if c, err := ParseCore(text); err == nil {
			t.Errorf("%s: %+v, want an error", name, c)
		}
	}
}

func TestCircularUpdatesEnd(t *testing.T) {
	t.Parallel()
	// Two bundles that hold each other, and a prerequisite of oneself.
	id := func(n byte) update.ID { return update.ID{15: n} }
	s := &State{}
	for n := byte(1); n <= 2; n++ {
		s.insert(Held{ID: update.RevisionID(n), Deployment: &update.Deployment{}, Core: &Core{
			Identity: update.Identity{ID: id(n)}, Type: update.Software, Deployable: true,
			Bundles:       [][]update.Identity{{{ID: id(3 - n)}}},
			Prerequisites: []update.Clause{{Any: []update.ID{id(n)}}},
		}})
	}
	s.evaluate(&Table{}, &Library{}, map[string]int{})
	for _, h := range s.Held {
		if h.Verdict != NotApplicable {
			t.Errorf("%d: verdict %d", h.ID, h.Verdict)
		}
	}
	m := s.members()
	if got := m.parts(&s.Held[0]); len(got) != 1 {
		t.Errorf("parts %v", got)
	}
}

func TestParseExtended(t *testing.T) {
	t.Parallel()
	const file = `<File Digest="h/W9BGlYUAaqXTp30cZi/SiV3c0=" FileName="a" Size="5"`
	for name, text := range map[string]string{
		"no digest":  `<Files><File FileName="a" Size="1" /></Files>`,
		"no size":    `<Files><File Digest="h/W9BGlYUAaqXTp30cZi/SiV3c0=" FileName="a" /></Files>`,
		"bad date":   `<Files>` + file + ` Modified="x" /></Files>`,
		"bad sha256": `<Files>` + file + `><AdditionalDigest Algorithm="SHA256">x</AdditionalDigest></File></Files>`,
		"cut":        `<Files>` + file + `>`,
		"directive":  `<!DOCTYPE x>`,
		"deep":       strings.Repeat(`<a>`, 100),
	} {
		if e, err := parseExtended(text, ""); err == nil {
			t.Errorf("%s: %+v, want an error", name, e)
		}
	}
	e, err := parseExtended(`<ExtendedProperties Handler="h"><UninstallationBehavior /></ExtendedProperties><Files>`+file+` PatchingType="Express" />`+file+` /></Files>`,
		`<LocalizedProperties><Language>en</Language><Title>T &amp; U</Title><Description>D</Description></LocalizedProperties>`)
	if err != nil || e.Title != "T & U" || e.Description != "D" || !e.CanUninstall || len(payload(e.Files)) != 1 {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := parseExtended("", "<Title>"); err == nil {
		t.Error("a localized fragment that is cut")
	}
}

func TestAttributesNameTheServer(t *testing.T) {
	t.Parallel()
	m := Machine{Attributes: []string{"App=x", "VBSState=0"}}
	if got, want := m.attributes("http://s"), "App=x;UpdateServiceUrl=http://s;VBSState=0;"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	m.Attributes = []string{"UpdateServiceUrl=http://other"}
	if got, want := m.attributes("http://s"), "UpdateServiceUrl=http://other;"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAllowedEvents(t *testing.T) {
	t.Parallel()
	a, err := New(Config{Server: "http://s", Machine: Windows11(update.ID{1}, "pc")})
	if err != nil {
		t.Fatal(err)
	}
	a.state.Config = &ServerConfig{AllowedEvents: []int{eventStatus}}
	a.queueScan(&ScanResult{}, nil)
	if len(a.state.Events) != 1 || a.state.Events[0].EventID != eventStatus {
		t.Errorf("%+v", a.state.Events)
	}
}

func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	a, err := New(Config{Server: "http://s", Machine: Windows11(update.ID{1}, "pc")})
	if err != nil {
		t.Fatal(err)
	}
	for range maxQueued + 5 {
		a.queue(eventRebooted, update.Identity{}, 0, nil, detail{b: -1, evaluated: -1})
	}
	a.QueueStatus()
	if n := len(a.state.Events); n != maxQueued || a.state.Events[n-1].EventID != eventStatus {
		t.Errorf("%d events wait", n)
	}
}

func TestParseDeployment(t *testing.T) {
	t.Parallel()
	const id, action, rest = `<ID>7</ID>`, `<Action>Install</Action>`, `<IsAssigned>true</IsAssigned><LastChangeTime>2026-10-04</LastChangeTime>`
	for _, tt := range []struct {
		name, in string
		ok       bool
	}{
		{"as captured", id + action + rest + `<AutoSelect>0</AutoSelect><AutoDownload>0</AutoDownload><SupersedenceBehavior>0</SupersedenceBehavior>`, true},
		{"deadline and hardware", id + action + `<Deadline>2026-10-05T10:00:00Z</Deadline>` + rest + `<HardwareIds><string>PCI\A</string></HardwareIds>`, true},
		{"no id", action + rest, false},
		{"no action", id + rest, false},
		{"bad deadline", id + action + `<Deadline>soon</Deadline>` + rest, false},
		{"deadline too late", id + action + rest + `<Deadline>2026-10-05T10:00:00Z</Deadline>`, false},
		{"not assigned", id + action + `<LastChangeTime>2026-10-04</LastChangeTime>`, false},
		{"assigned to maybe", id + action + `<IsAssigned>maybe</IsAssigned><LastChangeTime>2026-10-04</LastChangeTime>`, false},
		{"no date", id + action + `<IsAssigned>true</IsAssigned>`, false},
	} {
		n, err := parseXML([]byte(`<Deployment>` + tt.in + `</Deployment>`))
		if err != nil {
			t.Fatal(err)
		}
		d, err := parseDeployment(n)
		if (err == nil) != tt.ok || tt.ok && (d.ID != 7 || d.Action != update.Install || d.Changed.Day() != 4) {
			t.Errorf("%s: %+v, %v", tt.name, d, err)
		}
		if tt.name == "deadline and hardware" && (d.Deadline.Hour() != 10 || len(d.HardwareID) != 1) {
			t.Errorf("%+v", d)
		}
	}
	if _, err := parseDeployment(nil); err == nil {
		t.Error("none is accepted")
	}
}

func FuzzParseXML(f *testing.F) {
	f.Add([]byte(`<a xmlns="x"><b>1</b><c/></a>`))
	f.Add([]byte(missingRound))
	f.Add([]byte(`<a><![CDATA[x]]><![CDATA[y]]></a>`))
	f.Fuzz(func(_ *testing.T, b []byte) {
		n, err := parseXML(b)
		if err != nil {
			return
		}
		_, _ = parseConfig(n)
		_, _ = parseCookie(n)
		_, _ = readSync(n)
		_, _ = readLocations(n)
		_, _ = readFragments(n, nil)
		_, _ = parseRefreshed(n, nil, &Library{})
	})
}

func FuzzParseAnswer(f *testing.F) {
	f.Add(200, []byte(missingRound))
	f.Add(500, []byte(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><detail><ErrorCode>x</ErrorCode></detail></s:Fault></s:Body></s:Envelope>`))
	f.Fuzz(func(_ *testing.T, status int, b []byte) {
		if n, err := parseAnswer("SyncUpdates", clientService.ns, status, b); err == nil {
			_, _ = parseSync("SyncUpdates", n)
		}
	})
}

func FuzzParseCore(f *testing.F) {
	f.Add(`<UpdateIdentity UpdateID="00000000-0000-4000-8000-000000000001" RevisionNumber="1" /><Properties UpdateType="Driver" />` +
		`<Relationships><BundledUpdates><UpdateIdentity UpdateID="00000000-0000-4000-8000-000000000002" RevisionNumber="1" /></BundledUpdates></Relationships>` +
		`<ApplicabilityRules><IsInstalled><b.RegDword Key="HKEY_LOCAL_MACHINE" Subkey="x" Value="y" Comparison="EqualTo" Data="1" /></IsInstalled>` +
		`<Metadata><d.WindowsDriverMetaData HardwareID="x" DriverVerDate="2020-01-01" DriverVerVersion="1.2.3.4" /></Metadata></ApplicabilityRules>`)
	m := Windows11(update.ID{1}, "pc")
	f.Fuzz(func(_ *testing.T, text string) {
		c, err := ParseCore(text)
		if err != nil {
			return
		}
		s := &State{Held: []Held{{ID: 1, Core: c, Deployment: &update.Deployment{}}}}
		s.evaluate(m.Facts, &Library{}, map[string]int{})
	})
}

func FuzzParseExtended(f *testing.F) {
	f.Add(`<ExtendedProperties /><Files><File Digest="h/W9BGlYUAaqXTp30cZi/SiV3c0=" FileName="a" Size="5" /></Files>`, `<LocalizedProperties><Title>x</Title></LocalizedProperties>`)
	f.Fuzz(func(_ *testing.T, extended, localized string) { _, _ = parseExtended(extended, localized) })
}
