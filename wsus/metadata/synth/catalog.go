package synth

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"sluice/wsus/update"
)

// Revision returns what the document of the i-th revision tells, and its rules.
func (c *Catalog) Revision(i int) (*update.Revision, Rules) {
	e := &c.entries[i]
	if e.role == treeNode {
		return c.tree.revision(int(e.set))
	}
	rnd := rand.New(rand.NewPCG(c.shape.Seed, uint64(i)))
	r := &update.Revision{
		Identity:        c.identity(i),
		Type:            update.Software,
		Created:         c.created(i),
		DefaultLanguage: "en",
		Prerequisites:   c.clauses(e),
	}
	if e.superseded >= 0 {
		r.Supersedes = []update.ID{c.identity(int(e.superseded)).ID}
	}
	if e.role != member {
		c.describe(r, e, i, rnd)
	} else {
		r.Localized = []update.Localized{{Language: "en", Title: "HIDDEN: " + c.title(e, i) + " package"}}
	}
	if e.role == bundle {
		for m := i - int(e.members); m < i; m++ {
			r.Bundles = append(r.Bundles, []update.Identity{c.identity(m)})
		}
		return r, Rules{}
	}
	return r, c.install(r, e, i, rnd)
}

// describe adds what an update has that can be approved.
func (c *Catalog) describe(r *update.Revision, e *entry, i int, rnd *rand.Rand) {
	kb := strconv.Itoa(5_000_000 + i)
	title := c.title(e, i)
	r.ExplicitlyDeployable = true
	r.Expired = rnd.IntN(100) == 0
	r.KBs = []string{kb}
	r.SupportURL = "https://support.example/help/" + kb
	if c.tree.nodes[c.sets[e.set].classification].title == "Security Updates" {
		r.MsrcSeverity = [...]string{"Critical", "Important", "Moderate", "Low"}[rnd.IntN(4)]
		r.CVEs = []string{fmt.Sprintf("CVE-%d-%04d", r.Created.Year(), i%10_000)}
	}
	r.Localized = []update.Localized{
		{
			Language: "en", Title: title,
			Description:    "Install this update to resolve issues in " + c.product(e) + ". For a complete listing see the knowledge base article. After you install this update, you may have to restart your system.",
			UninstallNotes: "This software update can be removed by selecting View installed updates in the Programs and Features Control Panel.",
			MoreInfoURL:    r.SupportURL, SupportURL: "https://support.example",
		},
		{
			Language: "de", Title: strings.Replace(title, " for ", " für ", 1),
			Description: "Installieren Sie dieses Update, um Probleme in " + c.product(e) + " zu beheben.", MoreInfoURL: r.SupportURL,
		},
	}
	if rnd.IntN(200) == 0 {
		r.EulaID = makeID(c.shape.Seed, "license", i)
		eula := File("eula-"+kb+".txt", 512, r.Created)
		eula.PatchingType, eula.Language = "", "en"
		r.Files = append(r.Files, eula)
	}
}

// install adds what an update has that installs files, and returns its rules.
func (c *Catalog) install(r *update.Revision, e *entry, i int, rnd *rand.Rand) Rules {
	name := fmt.Sprintf("%s-kb%d-x64", strings.ToLower(strings.ReplaceAll(c.product(e), " ", "-")), 5_000_000+i)
	r.RebootBehavior = "CanRequestReboot"
	size := 512 + rnd.Int64N(max(1, c.shape.MaxFile-512))
	size = min(size, c.shape.MaxFile)
	key := RegKeyExists(`SOFTWARE\Harborworks\Updates\` + strconv.Itoa(i))
	rules := Rules{Installed: key, Installable: True}
	pad := int(e.core)
	if c.shape.MaxCore > 0 {
		pad = min(pad, c.shape.MaxCore)
	}
	pad -= 600 // what is there already, about
	switch {
	case e.role == driver:
		r.Type, r.Handler = update.Driver, HandlerDriver
		r.Files = append([]update.File{File(name+".cab", size, r.Created)}, r.Files...)
		r.Drivers = c.hardware(r, max(1, pad/300), rnd)
		rules = Rules{
			Installed: driverRule("WindowsDriverInstalled"), Superseded: driverRule("WindowsDriverSuperseded"),
			Installable: driverRule("WindowsDriverInstallable"),
		}
	case pad > 16<<10:
		r.Handler, r.CanUninstall = HandlerCBS, true
		r.Files = append([]update.File{File(name+".cab", size, r.Created)}, r.Files...)
		rules = Rules{Installed: cbsRule("CbsPackageInstalled"), Installable: cbsRule("CbsPackageInstallable"), Metadata: manifest(pad, rnd)}
	default:
		r.Handler, r.CommandLine = HandlerCommandLine, true
		r.Files = append([]update.File{File(name+".exe", size, r.Created)}, r.Files...)
		if pad > 100 {
			rules.Installed = Or(key, fileVersions(pad, rnd))
		}
	}
	return rules
}

// hardware returns what a driver says of n hardware ids.
func (c *Catalog) hardware(r *update.Revision, n int, rnd *rand.Rand) []update.DriverMatch {
	list := make([]update.DriverMatch, min(n, 1000))
	vendor := rnd.IntN(0x10000)
	for i := range list {
		list[i] = update.DriverMatch{
			HardwareID: fmt.Sprintf(`PCI\VEN_%04X&DEV_%04X`, vendor, i),
			VerDate:    r.Created.Truncate(24 * time.Hour), VerVersion: 10<<48 | rnd.Uint64N(1<<32),
			Class: "Net", Manufacturer: companyNames[0], Provider: companyNames[0], Model: "Quay Adapter",
			Scores: []update.FeatureScore{{OperatingSystem: "amd64", Score: 0xFE}},
		}
	}
	return list
}

// clauses returns the three prerequisites of an entry.
func (c *Catalog) clauses(e *entry) []update.Clause {
	s := c.sets[e.set]
	id := func(n int32) []update.ID { return []update.ID{c.tree.nodes[n].id} }
	categories := e.role != member
	return []update.Clause{
		{Any: id(s.product), IsCategory: categories},
		{Any: id(s.classification), IsCategory: categories},
		{Any: id(s.detectoid)},
	}
}

// identity returns the identity of the i-th revision.
func (c *Catalog) identity(i int) update.Identity {
	return update.Identity{ID: makeID(c.shape.Seed, "update", i), Number: 200 + int32(i%5)}
}

// created returns when the i-th revision was published: ten years, evenly.
func (c *Catalog) created(i int) time.Time {
	const years = 10 * 365 * 24 * time.Hour
	step := years / time.Duration(len(c.entries))
	return time.Date(2016, 1, 12, 17, 0, 0, 0, time.UTC).Add(time.Duration(i) * step).Truncate(time.Second)
}

func (c *Catalog) product(e *entry) string { return c.tree.nodes[c.sets[e.set].product].title }

func (c *Catalog) title(e *entry, i int) string {
	kind := strings.TrimSuffix(c.tree.nodes[c.sets[e.set].classification].title, "s")
	return fmt.Sprintf("%s %s for %s (KB%d)", c.created(i).Format("2006-01"), kind, c.product(e), 5_000_000+i)
}

// revision returns the i-th category or detectoid, and its rules.
func (t *tree) revision(i int) (*update.Revision, Rules) {
	n := t.nodes[i]
	r := &update.Revision{
		Identity:        update.Identity{ID: n.id, Number: 100},
		Type:            update.Category,
		Category:        n.kind,
		Created:         time.Date(2012, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Hour),
		Handler:         HandlerCategory,
		DefaultLanguage: "en",
		Localized: []update.Localized{
			{Language: "en", Title: n.title, Description: n.title},
			{Language: "de", Title: n.title, Description: n.title},
		},
	}
	installed := True
	if n.kind == "" {
		r.Type, r.Handler = update.Detectoid, ""
		installed = RegKeyExists(`SOFTWARE\Harborworks\Features\` + strconv.Itoa(i))
	}
	if n.kind == update.Product {
		installed = RegKeyExists(`SOFTWARE\Harborworks\Products\` + strconv.Itoa(i))
	}
	if n.parent >= 0 {
		r.Prerequisites = []update.Clause{{Any: []update.ID{t.nodes[n.parent].id}, IsCategory: n.kind != ""}}
	}
	return r, Rules{Installed: installed}
}

func itemName(i int) string { return fmt.Sprintf("synth/%06d.xml", i) }
