package synth

import (
	"fmt"
	"strconv"
	"time"

	"sluice/wsus/update"
)

// The products of the demonstration set.
var (
	demoServer  = demoProduct{"Harbor Server 2026", "harbor-server", serverNode, serverDetectoid}
	demoDesktop = demoProduct{"Harbor Desktop 2026", "harbor-desktop", desktopNode, desktopDetectoid}
)

type demoProduct struct {
	name, file      string
	node, detectoid int
}

// demoUpdate is what the updates of the demonstration set differ in.
type demoUpdate struct {
	number         int // of the update; its KB article is 7,000,000 more
	product        demoProduct
	classification int // index of classifications
	subject        string
	german         string
	severity       string
	created        time.Time
	description    string
}

// updates adds the twelve updates.
func (d *demo) updates() {
	february := demoUpdate{
		101, demoServer, 0, "Cumulative Update", "Kumulatives Update", "Important", demoDay(time.February, 10),
		"Closes a hole in the quay gate and makes the ledger close faster.",
	}
	d.command(february, 24<<10)
	d.bundle(february)
	d.command(demoUpdate{
		104, demoServer, 1, "Reliability Update", "Zuverlässigkeitsupdate", "", demoDay(time.March, 17),
		"Keeps the berth plan from being printed upside down.",
	}, 8<<10)
	d.command(demoUpdate{
		105, demoServer, 2, "Time Zone Update", "Zeitzonenupdate", "", demoDay(time.March, 24),
		"Follows the change of summer time at the northern quays.",
	}, 4<<10)
	d.command(demoUpdate{
		106, demoServer, 4, "Tide Tables Definition Update", "Definitionsupdate der Gezeitentafeln", "", demoDay(time.April, 1),
		"Adds the tides of April.",
	}, 2<<10)
	d.licensed()
	d.command(demoUpdate{
		108, demoDesktop, 0, "Security Update", "Sicherheitsupdate", "Important", demoDay(time.April, 14),
		"Stops the chart viewer from opening charts of strangers.",
	}, 16<<10)
	d.command(demoUpdate{
		109, demoDesktop, 1, "Font Update", "Schriftartenupdate", "", demoDay(time.April, 21),
		"Makes the names of lighthouses legible again.",
	}, 4<<10)
	d.expired()
	d.command(demoUpdate{
		111, demoDesktop, 3, "Update Rollup", "Updaterollup", "", demoDay(time.May, 12),
		"All updates of spring in one.",
	}, 20<<10)
	d.driver()
}

// bundle adds a bundle that replaces the update, behind its member, which has the
// file.
func (d *demo) bundle(replaces demoUpdate) {
	u := demoUpdate{
		103, demoServer, 0, "Cumulative Update", "Kumulatives Update", "Critical", demoDay(time.March, 10),
		"Closes the hole in the quay gate for good. Replaces the update of February.",
	}
	inner := u
	inner.number = 102
	member := inner.revision()
	member.ExplicitlyDeployable, member.MsrcSeverity, member.KBs, member.SupportURL = false, "", nil, ""
	member.Localized = []update.Localized{{Language: "en", Title: "HIDDEN: " + u.product.name + " package"}}
	for i := range member.Prerequisites {
		member.Prerequisites[i].IsCategory = false
	}
	d.install(member, inner.kb(), 48<<10)

	r := u.revision()
	r.Supersedes = []update.ID{demoID(replaces.number)}
	r.Bundles = [][]update.Identity{{member.Identity}}
	r.CVEs = []string{"CVE-2026-90001", "CVE-2026-90002"}
	r.Bulletins = []string{"HW26-003"}
	d.add(r, Rules{})
}

// licensed adds an update whose license is to be accepted.
func (d *demo) licensed() {
	u := demoUpdate{
		107, demoServer, 6, "Crane Control Feature Pack", "Feature Pack Kransteuerung", "", demoDay(time.April, 7),
		"Adds the control of gantry cranes. Its license is to be accepted before it is installed.",
	}
	r := u.revision()
	r.EulaID = demoID(907)
	var texts []update.File
	for _, language := range []string{"en", "de"} {
		f := File("harbor-license-"+language+".txt", 1<<10, r.Created)
		f.PatchingType, f.Language = "", language
		texts = append(texts, f)
	}
	d.install(r, u.kb(), 32<<10, texts...)
}

// expired adds an update that its publisher withdrew.
func (d *demo) expired() {
	u := demoUpdate{
		110, demoDesktop, 1, "Sound Update", "Klangupdate", "", demoDay(time.April, 22),
		"Withdrawn: the foghorn did not stop.",
	}
	r := u.revision()
	r.Expired = true
	d.install(r, u.kb(), 4<<10)
}

func (d *demo) driver() {
	u := demoUpdate{
		112, demoDesktop, 5, "Sonar Adapter driver", "Treiber für Sonaradapter", "", demoDay(time.May, 19),
		"Driver 10.0.4.2 of the sonar adapter.",
	}
	r := u.revision()
	r.Type, r.Handler = update.Driver, HandlerDriver
	r.Files = []update.File{File("harbor-sonar-10.0.4.2.cab", 6<<10, r.Created)}
	r.Drivers = []update.DriverMatch{{
		HardwareID: `USB\VID_5117&PID_CE00`, VerDate: time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC), VerVersion: 10<<48 | 4<<16 | 2,
		Class: "Net", Manufacturer: "Harborworks", Provider: "Harborworks", Model: "Harbor Sonar Adapter",
		Scores: []update.FeatureScore{{OperatingSystem: "amd64", Score: 0xF0}},
	}}
	d.add(r, Rules{
		Installed: driverRule("WindowsDriverInstalled"), Superseded: driverRule("WindowsDriverSuperseded"),
		Installable: driverRule("WindowsDriverInstallable"),
	})
}

// command adds an update that runs a program of so many bytes.
func (d *demo) command(u demoUpdate, size int64) { d.install(u.revision(), u.kb(), size) }

// install adds an update that runs a program of so many bytes and leaves its KB
// article in the registry.
func (d *demo) install(r *update.Revision, kb string, size int64, licenses ...update.File) {
	r.Handler, r.CommandLine, r.RebootBehavior = HandlerCommandLine, true, "CanRequestReboot"
	r.Files = append([]update.File{File("harbor-kb"+kb+".exe", size, r.Created)}, licenses...)
	done := RegKeyExists(DemoUpdatesKey + kb)
	d.add(r, Rules{Installed: done, Installable: And(True, Not(done))})
}

// kb returns the article of the update.
func (u demoUpdate) kb() string { return strconv.Itoa(7_000_000 + u.number) }

// revision returns the update without what installs it.
func (u demoUpdate) revision() *update.Revision {
	kb := u.kb()
	month := u.created.Format("2006-01")
	title := fmt.Sprintf("%s %s for %s (KB%s)", month, u.subject, u.product.name, kb)
	german := fmt.Sprintf("%s %s für %s (KB%s)", month, u.german, u.product.name, kb)
	r := &update.Revision{
		Identity: update.Identity{ID: demoID(u.number), Number: 200}, Type: update.Software, ExplicitlyDeployable: true,
		Created: u.created, MsrcSeverity: u.severity, KBs: []string{kb}, SupportURL: "https://support.example/harbor",
		Prerequisites: []update.Clause{
			{Any: []update.ID{demoID(u.product.node)}, IsCategory: true},
			{Any: []update.ID{update.MustParseID(classifications[u.classification].id)}, IsCategory: true},
			{Any: []update.ID{demoID(u.product.detectoid)}},
		},
		Localized: bilingual(title, german, u.description, ""),
	}
	for i := range r.Localized {
		r.Localized[i].MoreInfoURL = "https://support.example/harbor/kb/" + kb
	}
	return r
}
