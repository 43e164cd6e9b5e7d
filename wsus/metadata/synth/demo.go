package synth

import (
	"fmt"
	"strings"
	"time"

	"sluice/wsus/update"
)

// Features of the demonstration set that a computer has or lacks, as keys below
// HKEY_LOCAL_MACHINE that its rules ask for.
const (
	DemoServerKey  = `SOFTWARE\Harborworks\Server 2026`  // Harbor Server 2026 is there
	DemoDesktopKey = `SOFTWARE\Harborworks\Desktop 2026` // Harbor Desktop 2026 is there
	DemoUpdatesKey = `SOFTWARE\Harborworks\Updates\`     // what a demonstration update that is installed leaves, followed by its KB article
)

// Demo returns the demonstration set: a small tree of categories with two detectoids
// and twelve updates for two invented products, in an order in which what others
// refer to comes before them. Among the updates are a bundle with its member, one
// superseded by it, one with a license, one that is expired, a driver, and several
// that run a command line. Their rules are made of True, And, Or, Not and
// RegKeyExists. Files have their [Payload].
func Demo() []update.Item {
	d := demo{}
	d.categories()
	d.updates()
	return d.items
}

// demo collects the demonstration set.
type demo struct {
	items []update.Item
}

func (d *demo) add(r *update.Revision, rules Rules) {
	r.DefaultLanguage = "en"
	d.items = append(d.items, update.Item{
		Name:     fmt.Sprintf("demo/%02d-%s.xml", len(d.items)+1, strings.ToLower(r.Type.String())),
		Document: Document(r, rules),
		Expect:   r.Identity,
	})
}

// demoID returns the n-th id of the demonstration set; those ids tell what they are.
func demoID(n int) update.ID {
	return update.MustParseID(fmt.Sprintf("5117ce00-0000-4000-8000-%012d", n))
}

// Numbers of categories and detectoids in the demonstration set; updates count from
// 101.
const (
	companyNode = 1 + iota
	familyNode
	serverNode
	desktopNode
	serverDetectoid
	desktopDetectoid
)

// demoDay returns noon of a day of 2026.
func demoDay(month time.Month, day int) time.Time {
	return time.Date(2026, month, day, 12, 0, 0, 0, time.UTC)
}

func (d *demo) categories() {
	category := func(id update.ID, kind update.CategoryType, title, german string, parent int, installed Rule) {
		r := &update.Revision{
			Identity: update.Identity{ID: id, Number: 100}, Type: update.Category, Category: kind, Handler: HandlerCategory,
			Created: demoDay(time.January, 5), Localized: bilingual(title, german, title, german),
		}
		if parent > 0 {
			r.Prerequisites = []update.Clause{{Any: []update.ID{demoID(parent)}, IsCategory: true}}
		}
		d.add(r, Rules{Installed: installed})
	}
	german := [...]string{"Sicherheitsupdates", "Updates", "Wichtige Updates", "Updaterollups", "Definitionsupdates", "Treiber", "Feature Packs"}
	for i, title := range german {
		c := classifications[i]
		category(update.MustParseID(c.id), update.Classification, c.title, title, 0, True)
	}
	category(demoID(companyNode), update.Company, "Harborworks", "Harborworks", 0, True)
	category(demoID(familyNode), update.ProductFamily, "Harbor", "Harbor", companyNode, True)
	category(demoID(serverNode), update.Product, "Harbor Server 2026", "Harbor Server 2026", familyNode, RegKeyExists(DemoServerKey))
	category(demoID(desktopNode), update.Product, "Harbor Desktop 2026", "Harbor Desktop 2026", familyNode, RegKeyExists(DemoDesktopKey))

	detectoid := func(n, product int, title, key string) {
		d.add(&update.Revision{
			Identity: update.Identity{ID: demoID(n), Number: 101}, Type: update.Detectoid, Created: demoDay(time.January, 6),
			Prerequisites: []update.Clause{{Any: []update.ID{demoID(product)}}},
			Localized:     []update.Localized{{Language: "en", Title: title, Description: title}},
		}, Rules{Installed: And(RegKeyExists(key), Not(RegKeyExists(key+`\Preview`)))})
	}
	detectoid(serverDetectoid, serverNode, "Harbor Server 2026, released edition", DemoServerKey)
	detectoid(desktopDetectoid, desktopNode, "Harbor Desktop 2026, released edition", DemoDesktopKey)
}

// bilingual returns texts in English and German.
func bilingual(title, german, description, germanDescription string) []update.Localized {
	return []update.Localized{
		{Language: "en", Title: title, Description: description},
		{Language: "de", Title: german, Description: germanDescription},
	}
}
