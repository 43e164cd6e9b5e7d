package metadata_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/wsus/metadata"
	"sluice/wsus/update"
	"sluice/wsus/xmllimit"
)

// TestSplitFragments compares with fragments that were written by hand after the
// rules in the package comment.
func TestSplitFragments(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("testdata/split/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			rev, f := mustSplit(t, readFile(t, filepath.Join(dir, "in.xml")))
			got := map[string]string{"core.xml": string(f.Core), "extended.xml": string(f.Extended)}
			for _, l := range f.Localized {
				got["localized-"+l.Language+".xml"] = string(l.XML)
			}
			for _, l := range f.Eula {
				got["eula-"+l.Language+".xml"] = string(l.XML)
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			want := make(map[string]string)
			for _, e := range entries {
				if e.Name() != "in.xml" {
					want[e.Name()] = string(readFile(t, filepath.Join(dir, e.Name())))
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("fragments (-want +got):\n%s", diff)
			}
			checkAgreement(t, rev, f)
		})
	}
}

const handlers = "http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/"

func TestSplitRevision(t *testing.T) {
	t.Parallel()
	id := func(tail string) update.ID {
		return update.MustParseID("5d0f0b57-0c2f-4a8e-9a55-0f1e6f3c1" + tail)
	}
	digest, err := update.ParseDigest("2jmj7l5rSw0yVb/vlWAYkK/YBwk=")
	if err != nil {
		t.Fatal(err)
	}
	sha256, err := update.ParseSHA256("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		want update.Revision
	}{
		{"commandline", update.Revision{
			Identity: update.Identity{ID: id("a01"), Number: 203}, Type: update.Software, ExplicitlyDeployable: true,
			Created: time.Date(2026, 3, 10, 17, 0, 0, 5e8, time.UTC), Handler: handlers + "CommandLineInstallation",
			DefaultLanguage: "en", MsrcSeverity: "Critical", KBs: []string{"7100204"}, Bulletins: []string{"HS26-004"},
			CVEs: []string{"CVE-2026-0004", "CVE-2026-0005"}, SupportURL: "https://support.example/harbor?a=1&b=2",
			RebootBehavior: "CanRequestReboot", CanUninstall: true, CommandLine: true,
			Prerequisites: []update.Clause{
				{Any: []update.ID{id("ad0")}}, {Any: []update.ID{id("ac0")}, IsCategory: true},
				{Any: []update.ID{id("ad1"), id("ad2")}},
			},
			Supersedes: []update.ID{id("a00")},
			Files: []update.File{{
				Digest: digest, SHA256: sha256, Name: "harbor-kb7100204.exe", Size: 2048,
				Modified: time.Date(2026, 3, 9, 9, 39, 26, 0, time.UTC), PatchingType: "SelfContained",
			}},
			Localized: []update.Localized{
				{
					Language: "en", Title: "Security Update for Harbor Server 2026 (KB7100204)",
					Description: `Fixes "quotes" & <angles> in the gate's log.`, UninstallNotes: "Run remove.exe.",
					MoreInfoURL: "https://support.example/kb/7100204", SupportURL: "https://support.example",
				},
				{Language: "de", Title: "Sicherheitsupdate für Harbor Server 2026 (KB7100204)"},
			},
		}},
		{"bundle-eula", update.Revision{
			Identity: update.Identity{ID: id("b01"), Number: 100}, Type: update.Software, ExplicitlyDeployable: true,
			Expired: true, Created: time.Date(2026, 3, 10, 15, 0, 0, 123456700, time.UTC), DefaultLanguage: "en", EulaID: id("be1"),
			Bundles: [][]update.Identity{
				{{ID: id("b02"), Number: 100}}, {{ID: id("b03"), Number: 101}, {ID: id("b04"), Number: 102}},
			},
			Files: []update.File{
				{Digest: digest, SHA256: sha256, Name: "eula.txt", Language: "en"},
				{Digest: digest, Name: "eula-de.txt", Language: "de"},
			},
			Localized: []update.Localized{{Language: "en", Title: "Harbor Server 2026", Description: " "}},
		}},
		{"driver", update.Revision{
			Identity: update.Identity{ID: id("d01"), Number: 2}, Type: update.Driver, ExplicitlyDeployable: true,
			Created: time.Date(2026, 3, 10, 17, 0, 0, 0, time.UTC), Handler: handlers + "WindowsDriver", DefaultLanguage: "en",
			RebootBehavior: "CanRequestReboot",
			Prerequisites: []update.Clause{
				{Any: []update.ID{update.MustParseID("ebfc1fc5-71a4-4f7b-9aca-3b9a503104a0")}, IsCategory: true},
			},
			Files: []update.File{{Digest: digest, Name: "quay.cab", Size: 1, Modified: time.Date(2026, 3, 10, 17, 0, 0, 0, time.UTC)}},
			Drivers: []update.DriverMatch{
				{
					HardwareID: `PCI\VEN_1AF4&DEV_1000`, VerDate: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC),
					VerVersion: 0x0005_0001_0002_0003, Class: "Net", Manufacturer: "Quay", Provider: "Quay", Model: "Quay Adapter",
					Scores:       []update.FeatureScore{{OperatingSystem: "amd64", Score: 0xF0}},
					Distribution: []update.ID{id("dc1")}, Target: []update.ID{id("dc2")},
				},
				{
					HardwareID: `PCI\VEN_1AF4`, VerDate: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC),
					VerVersion: 0x0005_0001_0000_0000, Class: "Net", Manufacturer: "Quay", Provider: "Quay", Model: "Quay Adapter",
				},
			},
			Localized: []update.Localized{{Language: "en", Title: "Quay - Net - 5.1.2.3"}},
		}},
		{"category", update.Revision{
			Identity: update.Identity{ID: id("ac0"), Number: 100}, Type: update.Category, Category: update.Product,
			Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Handler: handlers + "Category", DefaultLanguage: "en",
			Prerequisites: []update.Clause{{Any: []update.ID{id("acf")}, IsCategory: true}},
			Localized:     []update.Localized{{Language: "en", Title: "Harbor Server 2026", Description: "Harbor Server 2026"}},
		}},
		{"detectoid", update.Revision{
			Identity: update.Identity{ID: id("ad0"), Number: 101}, Type: update.Detectoid,
			Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), DefaultLanguage: "en",
			Localized: []update.Localized{{Language: "en", Title: "Gate <1> & <2>", Description: "first line\nsecond line \r\n"}},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, _ := mustSplit(t, readFile(t, "testdata/split/"+tt.name+"/in.xml"))
			if diff := cmp.Diff(&tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("revision (-want +got):\n%s", diff)
			}
		})
	}
}

// document returns a small document with the parts given, or with usual ones where
// they are empty.
func document(identity, properties, rest string) []byte {
	if identity == "" {
		identity = `<u:UpdateIdentity UpdateID="5d0f0b57-0c2f-4a8e-9a55-0f1e6f3c1a01" RevisionNumber="1"/>`
	}
	if properties == "" {
		properties = `<u:Properties UpdateType="Software"/>`
	}
	return []byte(`<u:Update xmlns:u="http://schemas.microsoft.com/msus/2002/12/Update" xmlns:x="urn:x">` + identity + properties + rest + `</u:Update>`)
}

func TestSplitRefuses(t *testing.T) {
	t.Parallel()
	const anID = `UpdateID="5d0f0b57-0c2f-4a8e-9a55-0f1e6f3c1a01"`
	pre := func(s string) string {
		return `<u:Relationships><u:Prerequisites>` + s + `</u:Prerequisites></u:Relationships>`
	}
	bundle := func(s string) string {
		return `<u:Relationships><u:BundledUpdates>` + s + `</u:BundledUpdates></u:Relationships>`
	}
	file := func(s string) string { return `<u:Files>` + s + `</u:Files>` }
	const sha1 = `Digest="2jmj7l5rSw0yVb/vlWAYkK/YBwk=" FileName="f"`
	for _, tt := range []struct {
		name           string
		doc            []byte
		element, field string
		want           error
	}{
		{"another root", []byte(`<Update/>`), "Update", "", metadata.ErrUnexpected},
		{"no identity", document(" ", "", ""), "UpdateIdentity", "", metadata.ErrMissing},
		{"no properties", document("", " ", ""), "Properties", "", metadata.ErrMissing},
		{"no update id", document(`<u:UpdateIdentity RevisionNumber="1"/>`, "", ""), "UpdateIdentity", "UpdateID", metadata.ErrMissing},
		{"update id of zeros", document(`<u:UpdateIdentity UpdateID="00000000-0000-0000-0000-000000000000" RevisionNumber="1"/>`, "", ""),
			"UpdateIdentity", "UpdateID", metadata.ErrMissing},
		{"update id is no GUID", document(`<u:UpdateIdentity UpdateID="one" RevisionNumber="1"/>`, "", ""), "UpdateIdentity", "UpdateID", update.ErrBadID},
		{"no revision number", document(`<u:UpdateIdentity `+anID+`/>`, "", ""), "UpdateIdentity", "RevisionNumber", metadata.ErrMissing},
		{"negative revision number", document(`<u:UpdateIdentity `+anID+` RevisionNumber="-1"/>`, "", ""), "UpdateIdentity", "RevisionNumber", metadata.ErrRange},
		{"revision number over 31 bits", document(`<u:UpdateIdentity `+anID+` RevisionNumber="2147483648"/>`, "", ""), "UpdateIdentity", "RevisionNumber", metadata.ErrRange},
		{"identity given twice", document("", "", `<u:UpdateIdentity `+anID+` RevisionNumber="2"/>`), "UpdateIdentity", "", metadata.ErrRepeated},
		{"no type", document("", `<u:Properties/>`, ""), "Properties", "UpdateType", metadata.ErrMissing},
		{"a flag that is none", document("", `<u:Properties UpdateType="Software" ExplicitlyDeployable="yes"/>`, ""), "Properties", "ExplicitlyDeployable", metadata.ErrBadBool},
		{"a date that is none", document("", `<u:Properties UpdateType="Software" CreationDate="soon"/>`, ""), "Properties", "CreationDate", metadata.ErrBadTime},
		{"license id is no GUID", document("", `<u:Properties UpdateType="Software" EulaID="x"/>`, ""), "Properties", "EulaID", update.ErrBadID},
		{"prerequisite without id", document("", "", pre(`<u:UpdateIdentity/>`)), "Prerequisites", "UpdateID", metadata.ErrMissing},
		{"prerequisite is no GUID", document("", "", pre(`<u:AtLeastOne><u:UpdateIdentity UpdateID="x"/></u:AtLeastOne>`)), "Prerequisites", "UpdateID", update.ErrBadID},
		{"bundled without revision", document("", "", bundle(`<u:UpdateIdentity `+anID+`/>`)), "UpdateIdentity", "RevisionNumber", metadata.ErrMissing},
		{"bundled with a bad revision", document("", "", bundle(`<u:UpdateIdentity `+anID+` RevisionNumber="x"/>`)), "UpdateIdentity", "RevisionNumber", metadata.ErrRange},
		{"file without digest", document("", "", file(`<u:File FileName="f"/>`)), "File", "Digest", metadata.ErrMissing},
		{"file without name", document("", "", file(`<u:File Digest="2jmj7l5rSw0yVb/vlWAYkK/YBwk="/>`)), "File", "FileName", metadata.ErrMissing},
		{"file with a short digest", document("", "", file(`<u:File FileName="f" Digest="2jmj"/>`)), "File", "Digest", update.ErrBadDigest},
		{"file of negative size", document("", "", file(`<u:File `+sha1+` Size="-5"/>`)), "File", "Size", metadata.ErrRange},
		{"file with a short SHA-256", document("", "", file(`<u:File `+sha1+`><u:AdditionalDigest Algorithm="SHA256">2jmj</u:AdditionalDigest></u:File>`)),
			"File", "AdditionalDigest", update.ErrBadDigest},
		{"text without language", document("", "", `<u:LocalizedPropertiesCollection><u:LocalizedProperties/></u:LocalizedPropertiesCollection>`),
			"LocalizedProperties", "Language", metadata.ErrMissing},
		{"license text without language", document("", "", `<u:LocalizedPropertiesCollection><u:EulaFile `+sha1+`/></u:LocalizedPropertiesCollection>`),
			"EulaFile", "Language", metadata.ErrMissing},
		{"title beyond all measure", document("", "", `<u:LocalizedPropertiesCollection><u:LocalizedProperties><u:Title>`+strings.Repeat("x", metadata.MaxText+1)+`</u:Title></u:LocalizedProperties></u:LocalizedPropertiesCollection>`),
			"LocalizedProperties", "Title", metadata.ErrTooLong},
		{"one clause too many", document("", "", pre(strings.Repeat(`<u:UpdateIdentity `+anID+`/>`, metadata.MaxClauses+1))), "Prerequisites", "", metadata.ErrTooMany},
		{"one file too many", document("", "", file(strings.Repeat(`<u:File `+sha1+`/>`, metadata.MaxFiles+1))), "File", "", metadata.ErrTooMany},
		{"one id too many", document("", "", `<u:Relationships><u:SupersededUpdates>`+strings.Repeat(`<u:UpdateIdentity `+anID+`/>`, metadata.MaxIdentities+1)+`</u:SupersededUpdates></u:Relationships>`),
			"SupersededUpdates", "", metadata.ErrTooMany},
		{"two attributes of one name without prefixes", document("", "", `<u:ApplicabilityRules><x:a x:b="1" b="2"/></u:ApplicabilityRules>`), "a", "b", metadata.ErrRepeated},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := metadata.Split(tt.doc)
			var e *metadata.Error
			if !errors.As(err, &e) || e.Element != tt.element || e.Field != tt.field || !errors.Is(err, tt.want) {
				t.Errorf("Split = %v, want %s/%s: %v", err, tt.element, tt.field, tt.want)
			}
		})
	}
}

func TestSplitAtTheBounds(t *testing.T) {
	t.Parallel()
	const identity = `<u:UpdateIdentity UpdateID="5d0f0b57-0c2f-4a8e-9a55-0f1e6f3c1a01"/>`
	rev, _ := mustSplit(t, document("", "", `<u:Relationships><u:Prerequisites>`+strings.Repeat(identity, metadata.MaxClauses)+
		`</u:Prerequisites><u:SupersededUpdates>`+strings.Repeat(identity, metadata.MaxIdentities-metadata.MaxClauses)+`</u:SupersededUpdates></u:Relationships>`))
	if len(rev.Prerequisites) != metadata.MaxClauses || len(rev.Supersedes) != metadata.MaxIdentities-metadata.MaxClauses {
		t.Errorf("read %d clauses and %d superseded updates", len(rev.Prerequisites), len(rev.Supersedes))
	}
}

func TestSplitRefusesWhatIsNoXML(t *testing.T) {
	t.Parallel()
	var syntax *xmllimit.SyntaxError
	var limit *xmllimit.LimitError
	for _, doc := range [][]byte{
		nil, []byte("MSCF\x00"), document("", "", "<u:Files>"), append(document("", "", ""), "<x/>"...),
		[]byte(`<!DOCTYPE u [<!ENTITY a "b">]><u/>`),
	} {
		if _, _, err := metadata.Split(doc); !errors.As(err, &syntax) {
			t.Errorf("Split(%.60q) = %v, want a syntax error", doc, err)
		}
	}
	if _, _, err := metadata.Split(document("", "", strings.Repeat("<u:a>", 1000))); !errors.As(err, &limit) {
		t.Errorf("Split of a deep document = %v, want a limit error", err)
	}
}

func TestSplitDeclaration(t *testing.T) {
	t.Parallel()
	doc := string(document("", "", ""))
	_, want := mustSplit(t, []byte(doc))
	for _, prolog := range []string{
		"\uFEFF", `<?xml version="1.0"?>`, "\uFEFF<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n", "<!-- made by hand -->",
	} {
		_, got := mustSplit(t, []byte(prolog+doc))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("fragments behind %q (-want +got):\n%s", prolog, diff)
		}
	}
	if _, _, err := metadata.Split([]byte(`<?xml version="1.0" ` + strings.Repeat(" ", 300) + `?>` + doc)); err == nil {
		t.Error("accepted a declaration of 300 bytes")
	}
}

func TestSplitOrdersSections(t *testing.T) {
	t.Parallel()
	const rules = `<u:ApplicabilityRules/>`
	const relationships = `<u:Relationships/>`
	const files = `<u:Files/>`
	const handler = `<u:HandlerSpecificData/>`
	_, want := mustSplit(t, document("", "", relationships+rules+files+handler))
	_, got := mustSplit(t, document("", "", handler+rules+files+relationships))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("another order of sections gives other fragments (-want +got):\n%s", diff)
	}
	if !strings.HasSuffix(string(got.Core), "<Relationships /><ApplicabilityRules />") {
		t.Errorf("core = %s", got.Core)
	}
}
