package updatecsp

import (
	"fmt"
	"strings"

	"sluice/omadm/device"
)

// Area is the area of the Policy CSP that a setting is in.
type Area string

// The areas.
const (
	Update               Area = "Update"
	DeliveryOptimization Area = "DeliveryOptimization"
)

// Kind says how the allowed values of a setting are given.
type Kind string

// The kinds.
const (
	Enum  Kind = "enum"  // one of Values
	Range Kind = "range" // a whole number from Min to Max
	Text  Kind = "text"  // text of the form that TextKind names
)

// TextKind is the form of a text value.
type TextKind string

// The forms of text.
const (
	URL      TextKind = "url"      // http or https, with a host; no user, query or fragment
	Date     TextKind = "date"     // yyyy-mm-dd
	Release  TextKind = "release"  // 24H2, 1909
	Product  TextKind = "product"  // Windows 11
	Hosts    TextKind = "hosts"    // host names and addresses, with commas between
	GUID     TextKind = "guid"     // with or without braces
	Place    TextKind = "place"    // drive letter, folder, or environment variable
	Keywords TextKind = "keywords" // words, with commas between
	ADMX     TextKind = "admx"     // <enabled/> with <data/> elements, or <disabled/>
)

// Status says whether a setting is one to use.
type Status string

// The states.
const (
	Current   Status = "current"
	Legacy    Status = "legacy"    // kept by Windows for old versions, see Instead
	Uncertain Status = "uncertain" // seen in use, not in the published description
)

// Conflict is the rule of the CSP where two sources want different values.
type Conflict string

// The rules.
const (
	LastWrite   Conflict = "LastWrite"
	LowestWins  Conflict = "LowestValueMostSecure"
	HighestWins Conflict = "HighestValueMostSecure"
)

// Source says which source of updates a device must have for a setting to have
// an effect.
type Source string

// The sources.
const (
	AnySource Source = ""
	WSUS      Source = "wsus" // only with UpdateServiceUrl
	Internet  Source = "wu"   // only for what comes from Windows Update
)

// Value is an allowed value of an [Enum].
type Value struct {
	Value   string
	Meaning string
	// From and Before bound the versions that know the value; zero for no bound.
	From, Before Version
}

// Limit is a narrower [Range] on older versions.
type Limit struct {
	Before   Version // versions below it
	Min, Max int64
}

// Setting is one setting and all that is known of it. Settings are shared and must
// not be changed.
type Setting struct {
	Name   string
	Area   Area
	Format device.Format // device.Int or device.Chr
	Kind   Kind
	Values []Value  // of an Enum, in the order of the description
	Min    int64    // of a Range
	Max    int64    // of a Range
	Limits []Limit  // of a Range
	Text   TextKind // of a Text
	// Default is what Windows does where nothing is set, as the description has it;
	// empty for nothing. It is not always an allowed value.
	Default string
	Scope   string // device
	// Builds are the first build with the setting, and the revisions that brought it
	// to builds that were out before; ascending.
	Builds []Version
	Until  Version // the first version on which it has no effect any more; zero for none
	Since  string  // release that it came with: 1607, Win11 22H2
	Status Status
	// Instead says what to use in place of a setting that is not current.
	Instead  string
	Conflict Conflict // empty where none is stated
	Editions Editions // by OMA DM
	// GroupPolicy names the policy that it is the same as, and its part after "/";
	// empty for none.
	GroupPolicy string
	Needs       Source
	Meaning     string
	Caveats     []string
}

// URI returns the LocURI that sets it.
func (s *Setting) URI() string {
	return "./Device/Vendor/MSFT/Policy/Config/" + string(s.Area) + "/" + s.Name
}

// ResultURI returns the LocURI that reads what is in effect.
func (s *Setting) ResultURI() string {
	return "./Device/Vendor/MSFT/Policy/Result/" + string(s.Area) + "/" + s.Name
}

// Allowed returns the allowed values in words.
func (s *Setting) Allowed() string {
	switch s.Kind {
	case Range:
		return fmt.Sprintf("%d to %d", s.Min, s.Max)
	case Enum:
		return inWords(s.Values)
	}
	return s.Text.words()
}

// words says what text of the form looks like.
func (k TextKind) words() string {
	switch k {
	case URL:
		return "a URL such as https://sluice.site.example:8531: http or https, a host, no user, query or fragment"
	case Date:
		return "a date such as 2026-11-24"
	case Release:
		return "a release such as 24H2 or 1909"
	case Product:
		return `a product such as "Windows 11"`
	case Hosts:
		return "host names or IP addresses, with commas between"
	case GUID:
		return "a GUID"
	case Place:
		return `a drive such as D:, a folder such as D:\Cache, or an environment variable such as %SystemDrive%`
	case Keywords:
		return "words, with commas between"
	case ADMX:
		return "<disabled/>, or <enabled/> with <data id=\"...\" value=\"...\"/> elements"
	}
	return "text"
}

func inWords(values []Value) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprintf("%s (%s)", v.Value, v.Meaning)
	}
	return strings.Join(words, ", ")
}

// Applies reports whether a device has a use for the setting, and if not, why. A
// version or an edition that is not known (zero) has: asking is how to find out.
func (s *Setting) Applies(os Version, sku int) (ok bool, why string) {
	switch {
	case !knows(os, s.Builds):
		return false, fmt.Sprintf("needs %s, the device has %s", s.since(), os)
	case !os.IsZero() && !s.Until.IsZero() && os.Compare(s.Until) >= 0:
		return false, fmt.Sprintf("has no effect from %s (%s)", s.Until.Release(), s.Until)
	case !s.Editions.Has(sku):
		return false, fmt.Sprintf("has no effect on Windows %s, only on %s", EditionName(sku), s.Editions)
	}
	return true, ""
}

// since names the release that a setting came with and its builds.
func (s *Setting) since() string {
	builds := make([]string, len(s.Builds))
	for i, b := range s.Builds {
		builds[i] = b.String()
	}
	release := "Windows 10 " + s.Since
	if eleven, ok := strings.CutPrefix(s.Since, "Win11 "); ok {
		release = "Windows 11 " + eleven
	}
	return fmt.Sprintf("%s (%s)", release, strings.Join(builds, ", "))
}
