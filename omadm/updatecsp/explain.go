package updatecsp

import (
	"fmt"
	"strings"
)

// Explanation is a setting in words, for people.
type Explanation struct {
	Setting  *Setting
	Allowed  string
	Since    string   // release and builds
	Builds   []string // as Since, one by one
	Editions []string // families, by OMA DM
	Conflict string   // what decides between groups at the same depth
	Doors    []Door
	Registry []string // values that group policy writes, {value} for the value
	Presets  []string // presets that set it, with the value and why
	Caveats  []string // also that it is old or uncertain
}

// Door is a way to a machine, and what a setting does by it.
type Door struct {
	Name   string
	Effect string
}

// Explain says all that is known of the setting.
func (s *Setting) Explain() Explanation {
	e := Explanation{
		Setting: s, Allowed: s.Allowed(), Since: s.since(),
		Editions: s.Editions.Names(), Conflict: s.Conflict.words(),
		Doors: s.doors(), Caveats: s.warnings(),
	}
	for _, b := range s.Builds {
		e.Builds = append(e.Builds, b.String())
	}
	e.Registry = s.registryLines()
	for _, p := range Presets() {
		for _, entry := range p.Entries {
			if entry.Name == s.Name {
				e.Presets = append(e.Presets, fmt.Sprintf("%s sets %s: %s", p.Name, entry.Value, entry.Why))
			}
		}
	}
	return e
}

// registryLines says what [Setting.Registry] writes: for {value} where that is the
// same for all values, else for each.
func (s *Setting) registryLines() []string {
	lines := func(before, value string) (list []string, same bool) {
		values, _ := s.Registry(value)
		for _, v := range values {
			list = append(list, fmt.Sprintf(`%sHKLM\%s\%s %s = %s`, before, v.Key, v.Name, v.Type, v.Data))
			same = same || v.Data == value
		}
		return list, same
	}
	list, same := lines("", "{value}")
	if same || s.Kind != Enum {
		return list
	}
	list = nil
	for _, v := range s.Values {
		more, _ := lines(v.Value+": ", v.Value)
		list = append(list, more...)
	}
	return list
}

// words says the rule that [Merge] follows.
func (c Conflict) words() string {
	switch c {
	case LowestWins:
		return "LowestValueMostSecure: the lowest value wins"
	case HighestWins:
		return "HighestValueMostSecure: the highest value wins"
	case LastWrite:
		return "LastWrite: the first group by name wins"
	}
	return "none stated: the first group by name wins"
}

// warnings are the caveats, with what the status and the limits say before them.
func (s *Setting) warnings() []string {
	var list []string
	switch s.Status {
	case Legacy:
		list = append(list, "legacy: use "+s.Instead)
	case Uncertain:
		list = append(list, "uncertain: use "+s.Instead)
	}
	return append(list, s.Caveats...)
}

// doors says what the setting does by each door.
func (s *Setting) doors() []Door {
	dm := fmt.Sprintf("in effect from %s on Windows %s; Home editions and Windows Server cannot be managed by OMA DM", s.since(), s.Editions)
	if !s.Until.IsZero() {
		dm += "; no effect from " + s.Until.Release()
	}
	export := "policies export writes the registry values of group policy, for Windows Server and machines of a domain; Home editions leave most of them unread"
	if _, why := s.Registry("{value}"); why != "" {
		export = "none: " + why
	}
	client := "in effect whatever the source of updates is"
	switch s.Needs {
	case WSUS:
		client = "in effect together with UpdateServiceUrl"
		if s.Name == "UpdateServiceUrlAlternate" {
			client = "in effect together with UpdateServiceUrl; the WSUS door then serves metadata only to the device"
		}
	case Internet:
		client = "none while all updates come from a WSUS server: there approvals decide"
	}
	if s.Name == "UpdateServiceUrl" {
		client = "makes the device a client of the WSUS door"
	}
	return []Door{{"OMA DM", dm}, {"policies export", export}, {"WSUS client", client}}
}

// String is the explanation as text, a line for each fact.
func (e Explanation) String() string {
	var b strings.Builder
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%s: %s\n", label, text)
		}
	}
	s := e.Setting
	b.WriteString(s.Name + "\n")
	line("meaning", s.Meaning)
	line("uri", s.URI())
	line("format", string(s.Format))
	line("allowed", e.Allowed)
	line("default", s.Default)
	line("since", e.Since)
	line("editions", strings.Join(e.Editions, ", "))
	line("status", string(s.Status))
	line("conflict", e.Conflict)
	for _, d := range e.Doors {
		line(d.Name, d.Effect)
	}
	line("group policy", s.GroupPolicy)
	for _, r := range e.Registry {
		line("registry", r)
	}
	for _, p := range e.Presets {
		line("preset", p)
	}
	for _, c := range e.Caveats {
		line("caveat", c)
	}
	return b.String()
}
