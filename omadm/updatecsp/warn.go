package updatecsp

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Severity says what is to be done about a warning.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // the values contradict each other: refuse them
	Caution Severity = "warning" // they do not do what they seem to: say so
)

// Warning is values that contradict each other, or do not do what they seem to.
type Warning struct {
	Severity Severity
	Settings []string // that it is about, the one to change first
	Message  string
}

// Warnings looks over what a device is to have as a whole. With a version it says
// what holds for that version, with the zero Version what holds for any. Errors
// come first, then by name of the setting.
func Warnings(d Desired, os Version) []Warning {
	r := &review{d: d, os: os}
	r.status()
	r.ranges()
	r.server()
	r.scanSource()
	r.internet()
	r.schedule()
	r.activeHours()
	r.deadlines()
	r.legacyRestarts()
	r.notices()
	r.downloads()
	slices.SortStableFunc(r.found, func(a, b Warning) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Settings[0], b.Settings[0]))
	})
	return r.found
}

// review is one look over a set of values.
type review struct {
	d     Desired
	os    Version
	found []Warning
}

func (r *review) has(name string) bool {
	_, ok := r.d[name]
	return ok
}

// is reports whether a setting has one of values.
func (r *review) is(name string, values ...string) bool {
	c, ok := r.d[name]
	return ok && slices.Contains(values, c.Value)
}

// number returns the value of a setting, or what Windows takes where there is none.
func (r *review) number(name string, otherwise int) int {
	if n, err := strconv.Atoi(r.d[name].Value); err == nil {
		return n
	}
	return otherwise
}

// those returns the names that are set, in the order given.
func (r *review) those(names ...string) []string { return pick(names, r.has) }

// valued returns the names that have a value, in the order given.
func (r *review) valued(value string, names ...string) []string {
	return pick(names, func(n string) bool { return r.is(n, value) })
}

func pick(names []string, keep func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !keep(n) })
}

func (r *review) caution(message string, settings ...string) {
	r.add(Caution, message, settings)
}

func (r *review) refuse(message string, settings ...string) {
	r.add(Error, message, settings)
}

func (r *review) add(s Severity, message string, settings []string) {
	if len(settings) > 0 {
		r.found = append(r.found, Warning{Severity: s, Settings: settings, Message: message})
	}
}

// status warns of settings that are old, not published, or have ended.
func (r *review) status() {
	for _, name := range slices.Sorted(maps.Keys(r.d)) {
		s, ok := Find(name)
		if !ok || r.d[name].From.Preset != "" {
			continue // a preset knows what it does
		}
		switch s.Status {
		case Legacy:
			r.caution("is legacy: use "+s.Instead, name)
		case Uncertain:
			r.caution("is not in the published description: use "+s.Instead, name)
		}
		if !s.Until.IsZero() && r.os.IsZero() {
			r.caution("has no effect from "+s.Until.Release(), name)
		}
	}
}

// ranges warns of values that the version of the device, or some version, refuses.
func (r *review) ranges() {
	for _, name := range slices.Sorted(maps.Keys(r.d)) {
		s, ok := Find(name)
		if !ok {
			continue
		}
		value := r.d[name].Value
		if err := s.Check(value, r.os); err != nil {
			r.caution(err.Error(), name)
		}
		if !r.os.IsZero() || r.d[name].From.Preset != "" {
			continue
		}
		n, _ := strconv.ParseInt(value, 10, 64)
		for _, l := range s.Limits {
			if n < l.Min || n > l.Max {
				r.caution(fmt.Sprintf("before %s only %d to %d is allowed", l.Before.name(), l.Min, l.Max), name)
			}
		}
		for _, v := range s.Values {
			if v.Value != value {
				continue
			}
			if !v.From.IsZero() && v.From.Compare(s.Builds[0]) > 0 {
				r.caution(fmt.Sprintf("%s (%s) is known from %s on", v.Value, v.Meaning, v.From.name()), name)
			}
			if !v.Before.IsZero() {
				r.caution(fmt.Sprintf("%s (%s) is not known from %s on", v.Value, v.Meaning, v.Before.name()), name)
			}
		}
	}
}
