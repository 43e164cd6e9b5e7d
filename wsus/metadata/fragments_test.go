package metadata_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/wsus/metadata"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/update"
	"sluice/wsus/update/samples"
)

func TestFromFragments(t *testing.T) {
	t.Parallel()
	id := update.MustParseID("5d0f0b57-0c2f-4a8e-9a55-0f1e6f3c1a01")
	const identity = `<UpdateIdentity UpdateID="5D0F0B57-0C2F-4A8E-9A55-0F1E6F3C1A01" RevisionNumber="501" />`
	for _, tt := range []struct {
		name string
		in   update.Fragments
		want update.Revision
	}{
		{
			"core alone",
			update.Fragments{Core: []byte(identity + `<Properties UpdateType="Detectoid" /><Relationships><Prerequisites><AtLeastOne /></Prerequisites></Relationships><Strange><Files><File /></Files></Strange>`)},
			update.Revision{Identity: update.Identity{ID: id, Number: 501}, Type: update.Detectoid},
		},
		{
			"the specification's name of extended properties",
			update.Fragments{
				Core:     []byte(identity + `<Properties UpdateType="Software" ExplicitlyDeployable="true" EulaID="5d0f0b57-0c2f-4a8e-9a55-0f1e6f3c1a01" />`),
				Extended: []byte(`<Properties DefaultPropertiesLanguage="en"><KBArticleID> 2999226 </KBArticleID></Properties><HandlerSpecificData type="cmd:CommandLineInstallation" />`),
			},
			update.Revision{
				Identity: update.Identity{ID: id, Number: 501}, Type: update.Software, ExplicitlyDeployable: true, EulaID: id,
				DefaultLanguage: "en", KBs: []string{"2999226"}, CommandLine: true,
			},
		},
		{
			"a driver with scores",
			update.Fragments{Core: []byte(identity + `<Properties UpdateType="Driver" /><ApplicabilityRules><Metadata><d.WindowsDriverMetaData HardwareID="a"><d.FeatureScore OperatingSystem="x86" FeatureScore="0x1F" /></d.WindowsDriverMetaData></Metadata></ApplicabilityRules>`)},
			update.Revision{
				Identity: update.Identity{ID: id, Number: 501}, Type: update.Driver,
				Drivers: []update.DriverMatch{{HardwareID: "a", Scores: []update.FeatureScore{{OperatingSystem: "x86", Score: 0x1F}}}},
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := metadata.FromFragments(&tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("revision (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFromFragmentsRefuses(t *testing.T) {
	t.Parallel()
	core := []byte(`<UpdateIdentity UpdateID="5d0f0b57-0c2f-4a8e-9a55-0f1e6f3c1a01" RevisionNumber="1" /><Properties UpdateType="Software" />`)
	for _, tt := range []struct {
		name string
		in   update.Fragments
		want error
	}{
		{"nothing", update.Fragments{}, metadata.ErrMissing},
		{"no properties", update.Fragments{Core: core[:bytes.IndexByte(core, '>')+1]}, metadata.ErrMissing},
		{"core twice", update.Fragments{Core: append(core[:len(core):len(core)], core...)}, metadata.ErrRepeated},
		{"files twice", update.Fragments{Core: core, Extended: []byte(`<Files /><Files />`)}, metadata.ErrRepeated},
		{"a file without a name", update.Fragments{Core: core, Extended: []byte(`<Files><File Digest="2jmj7l5rSw0yVb/vlWAYkK/YBwk=" /></Files>`)}, metadata.ErrMissing},
		{"text without language", update.Fragments{Core: core, Localized: []update.LocalizedFragment{{XML: []byte(`<LocalizedProperties />`)}}}, metadata.ErrMissing},
		{"license text without language", update.Fragments{Core: core, Eula: []update.LocalizedFragment{{XML: []byte(`<EulaFile />`)}}}, metadata.ErrMissing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := metadata.FromFragments(&tt.in); !errors.Is(err, tt.want) {
				t.Errorf("FromFragments = %v, want %v", err, tt.want)
			}
		})
	}
}

// TestOfflineFragments reads the fragments of the sample offline scan file.
func TestOfflineFragments(t *testing.T) {
	t.Parallel()
	for _, path := range samples.Glob(t, "wsus/wsusscn2/extracted/package*/c/*") {
		rev := fromFiles(t, path, "../x/", "../l/en/")
		if rev.Type != update.Software || len(rev.Prerequisites) == 0 {
			t.Errorf("%s: %s: type %v, %d prerequisites", path, rev.Identity, rev.Type, len(rev.Prerequisites))
		}
		if title, _ := rev.Title("en"); title == "" || len(rev.KBs) != 1 {
			t.Errorf("%s: title %q, articles %v", path, title, rev.KBs)
		}
	}
}

// TestCapturedHandlers reads fragments of other update families than those whose
// documents were captured.
func TestCapturedHandlers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		core, extended string
		files          int
		handler        string
	}{
		{"wsus/captures/wsus-m0-cbs/cbs-dotnet-core-reduced.xml", "wsus/captures/wsus-m0-cbs/cbs-dotnet-extended.xml", 1, handlers + "Cbs"},
		{"wsus/captures/wsus-m0-cbs/osinstaller-core.xml", "wsus/captures/wsus-m0-cbs/osinstaller-extended.xml", 14,
			"http://schemas.microsoft.com/msus/2016/01/UpdateHandlers/OSInstaller"},
		{"catalog/fragments-2026/cbs-rollupfix-core-reduced.xml", "catalog/fragments-2026/cbs-rollupfix-extended.xml", 1, handlers + "Cbs"},
		{"catalog/wsusscn2/real-fragments/c/3375683", "", 0, ""},
	} {
		f := &update.Fragments{Core: samples.Read(t, tt.core)}
		if tt.extended != "" {
			f.Extended = samples.Read(t, tt.extended)
		}
		rev, err := metadata.FromFragments(f)
		if err != nil {
			t.Errorf("%s: %v", tt.core, err)
			continue
		}
		if rev.Type != update.Software || len(rev.Files) != tt.files || rev.Handler != tt.handler || rev.CommandLine {
			t.Errorf("%s: type %v, %d files, handler %s, command line %t", tt.core, rev.Type, len(rev.Files), rev.Handler, rev.CommandLine)
		}
		for _, file := range rev.Files {
			if file.Size == 0 || file.SHA256.IsZero() {
				t.Errorf("%s: file without size or SHA-256: %+v", tt.core, file)
			}
		}
	}
}

// fromFiles reads the core fragment at path and those of the same name in folders
// relative to it, where they are.
func fromFiles(t *testing.T, path, extended, localized string) *update.Revision {
	t.Helper()
	dir, name := filepath.Split(path)
	f := &update.Fragments{Core: readFile(t, path)}
	var err error
	if f.Extended, err = os.ReadFile(filepath.Join(dir, extended, name)); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, localized, name)); err == nil {
		f.Localized = []update.LocalizedFragment{{Language: "en", XML: b}}
	}
	rev, err := metadata.FromFragments(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return rev
}

// TestAgreement compares documents with their fragments over a made catalog.
func TestAgreement(t *testing.T) {
	t.Parallel()
	for item := range synth.New(synth.Shape{Revisions: 400, Seed: 11, MaxCore: 32 << 10}).Items() {
		rev, f := mustSplit(t, item.Document)
		checkAgreement(t, rev, f)
		checkScans(t, f.Core)
		checkScans(t, f.Extended)
	}
}
