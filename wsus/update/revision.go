package update

import "time"

// Type is what kind of update a revision is: Properties/@UpdateType of its
// metadata.
type Type uint8

// The update types. Only Software and Driver are ever offered to be installed.
const (
	Unknown Type = iota
	Software
	Driver
	Category
	Detectoid
)

var typeNames = [...]string{"Unknown", "Software", "Driver", "Category", "Detectoid"}

// String returns the type as update metadata spells it.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return typeNames[Unknown]
}

// ParseType reads a type as update metadata spells it; other text is Unknown.
func ParseType(s string) Type {
	for t := Software; t <= Detectoid; t++ {
		if typeNames[t] == s {
			return t
		}
	}
	return Unknown
}

// CategoryType is what a category stands for: CategoryInformation/@CategoryType
// of its handler data. It is empty for everything that is no category.
type CategoryType string

// The category types.
const (
	Company        CategoryType = "Company"
	ProductFamily  CategoryType = "ProductFamily"
	Product        CategoryType = "Product"
	Classification CategoryType = "UpdateClassification"
)

// Clause is one conjunct of a revision's prerequisites: it holds when any one
// of Any is installed. A bare UpdateIdentity is a clause of one.
type Clause struct {
	Any        []ID
	IsCategory bool // the clause says what the update belongs to
}

// Revision is what sluice knows of one revision apart from the XML itself.
type Revision struct {
	Identity
	Type                 Type
	ExplicitlyDeployable bool // may be approved; bundle members and categories are not
	Expired              bool // PublicationState="Expired": withdrawn by its publisher
	Created              time.Time
	Handler              string // Properties/@Handler, a URI
	DefaultLanguage      string
	MsrcSeverity         string
	EulaID               ID       // zero where the update asks for no acceptance
	KBs                  []string // KBArticleID, digits as written
	Bulletins            []string // SecurityBulletinID
	CVEs                 []string
	SupportURL           string
	RebootBehavior       string // InstallationBehavior/@RebootBehavior
	CanUninstall         bool   // has an UninstallationBehavior
	LocallyPublished     bool
	Minted               bool // identity made up by a packager, not the publisher's
	CommandLine          bool // handler data names a program to run (CommandLineInstallation)

	Category CategoryType // of a category

	Prerequisites []Clause
	Bundles       [][]Identity // BundledUpdates: every group, any one member of it
	Supersedes    []ID
	Files         []File
	Drivers       []DriverMatch // of a driver

	// Localized is ordered as in the document.
	Localized []Localized
}

// Title returns the title and description in the wanted language if there is
// one, else in the default language, else in English, else in any.
func (r *Revision) Title(lang string) (title, description string) {
	for _, want := range []string{lang, r.DefaultLanguage, "en"} {
		for _, l := range r.Localized {
			if want != "" && equalFold(l.Language, want) {
				return l.Title, l.Description
			}
		}
	}
	if len(r.Localized) > 0 {
		return r.Localized[0].Title, r.Localized[0].Description
	}
	return "", ""
}

func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		x, y := a[i], b[i]
		if 'A' <= x && x <= 'Z' {
			x += 'a' - 'A'
		}
		if 'A' <= y && y <= 'Z' {
			y += 'a' - 'A'
		}
		if x != y {
			return false
		}
	}
	return true
}

// Localized is the text of a revision in one language.
type Localized struct {
	Language       string // as the document writes it: en, pt-br, zh-cn
	Title          string
	Description    string
	UninstallNotes string
	MoreInfoURL    string
	SupportURL     string
}

// File is one payload file of a revision.
type File struct {
	Digest       Digest
	SHA256       SHA256 // zero where metadata has none
	Name         string
	Size         int64 // bytes
	Modified     time.Time
	PatchingType string // SelfContained, Express, ...; empty where absent
	URL          string // where it can be had outside; empty where unknown
	Language     string // of a EULA text; empty for a payload
}

// DriverMatch is what a driver revision says about one hardware id it serves
// (WindowsDriverMetaData of its applicability metadata).
type DriverMatch struct {
	HardwareID   string
	VerDate      time.Time
	VerVersion   uint64 // four 16-bit parts
	Class        string
	Manufacturer string
	Provider     string
	Model        string
	Scores       []FeatureScore
	Distribution []ID // computer hardware ids the publisher distributes to
	Target       []ID // computer hardware ids it is made for
}

// FeatureScore ranks a driver for one operating system; lower is better.
type FeatureScore struct {
	OperatingSystem string
	Score           uint8
}

// Fragments is a revision's metadata in the pieces that clients ask for
// (MS-WUSP 2.2.2.2.5 XmlUpdateFragmentType): each is a run of sibling elements
// without an XML declaration, not a document.
type Fragments struct {
	Core      []byte
	Extended  []byte
	Localized []LocalizedFragment
	Eula      []LocalizedFragment
}

// LocalizedFragment is a fragment in one language.
type LocalizedFragment struct {
	Language string
	XML      []byte
}

// Provenance says who vouches for a revision's metadata.
type Provenance string

// The provenances, from the best down.
const (
	MicrosoftSigned Provenance = "microsoft-signed"
	Transfer        Provenance = "transfer" // a transfer signed by another sluice that this one trusts
	Upstream        Provenance = "upstream" // an update server over TLS
	Unsigned        Provenance = "unsigned" // nobody: a person accepted it
)
