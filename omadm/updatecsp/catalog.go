package updatecsp

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"sluice/omadm/device"
)

// catalog is the settings by name, in order and by folded name.
type catalog struct {
	ordered []*Setting
	byName  map[string]*Setting
}

// known builds the catalogue on the first call. It is only read afterwards.
var known = sync.OnceValue(func() *catalog {
	c := &catalog{byName: map[string]*Setting{}}
	c.add(Update, wsusSettings(), installSettings(), restartSettings(), noticeSettings(),
		internetSettings(), legacySettings())
	c.add(DeliveryOptimization, downloadSettings())
	slices.SortFunc(c.ordered, func(a, b *Setting) int {
		// Update before DeliveryOptimization.
		return cmp.Or(-cmp.Compare(a.Area, b.Area), cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	return c
})

// add fills in what most settings of the tables have in common.
func (c *catalog) add(area Area, tables ...[]Setting) {
	for _, s := range slices.Concat(tables...) {
		s.Area = area
		s.Scope = "device"
		s.Format = device.Int
		if s.Kind == Text {
			s.Format = device.Chr
		}
		if s.Status == "" {
			s.Status = Current
		}
		if s.Editions == nil {
			s.Editions = desktop()
		}
		c.ordered = append(c.ordered, &s)
		c.byName[strings.ToLower(s.Name)] = &s
	}
}

// Settings returns all settings: those of Update, then those of Delivery
// Optimization, by name. They must not be changed.
func Settings() []*Setting { return slices.Clone(known().ordered) }

// Find returns a setting by its name, without regard to letter case.
func Find(name string) (*Setting, bool) {
	s, ok := known().byName[strings.ToLower(name)]
	return s, ok
}

// The rest are short forms that the tables are written with.

// w is a build of Windows 10 or 11, with a revision where there is one.
func w(build int, revision ...int) Version {
	v := Version{Major: 10, Build: build}
	if len(revision) > 0 {
		v.Revision = revision[0]
	}
	return v
}

func builds(v ...Version) []Version { return v }

// offOn are the two values of a switch.
func offOn(off, on string) []Value {
	return []Value{{Value: "0", Meaning: off}, {Value: "1", Meaning: on}}
}
