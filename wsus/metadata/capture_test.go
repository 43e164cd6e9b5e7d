package metadata_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/metadata"
	"sluice/wsus/update"
	"sluice/wsus/update/samples"
)

// redacted are captured fragments in which something was blanked by who published
// them.
const redacted = "a2fef9b0-7951-4c2c-a42b-9e351dd1c1fe-r200.localized-en.xml"

// TestCapturedFragments compares fragments with those that a real server sent for
// the same documents.
func TestCapturedFragments(t *testing.T) {
	t.Parallel()
	const set = "wsus/captures/wsus-m0-wsusss/"
	compared := 0
	for _, path := range samples.Glob(t, set+"docs/*.xml") {
		name := strings.TrimSuffix(filepath.Base(path), ".xml")
		rev, f := mustSplit(t, samples.Read(t, set+"docs/"+name+".xml"))
		for kind, got := range map[string][]byte{
			"core": f.Core, "extended": f.Extended, "localized-en": localizedXML(f.Localized, "en"),
		} {
			file := name + "." + kind + ".xml"
			want, err := os.ReadFile(samples.Path(t, set+"wusp-reference") + "/" + file)
			if errors.Is(err, os.ErrNotExist) || file == redacted {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			compared++
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		}
		checkAgreement(t, rev, f)
	}
	if compared < 10 {
		t.Errorf("compared %d fragments, want at least 10", compared)
	}
}

// TestScannedFragments compares fragments with those in the answers of recorded
// scans, for the revisions whose documents are in one of the sample sets.
func TestScannedFragments(t *testing.T) {
	t.Parallel()
	made := make(map[string]bool)
	add := func(doc []byte) {
		_, f := mustSplit(t, doc)
		made[string(f.Core)], made[string(f.Extended)] = true, true
		for _, l := range f.Localized {
			made[string(l.XML)] = true
		}
	}
	for _, pattern := range []string{"wsus/captures/wsus-m0-wsusss/docs/*.xml", "wsus/export/updates/*.xml"} {
		for _, path := range samples.Glob(t, pattern) {
			add(readFile(t, path))
		}
	}
	// Of these the documents are in the samples, at the same revision.
	want := []string{
		`<UpdateIdentity UpdateID="56309036-4C77-4DD9-951A-99EE9C246A94" RevisionNumber="101" />`,
		`<UpdateIdentity UpdateID="6964AAB4-C5B5-43BD-A17D-FFB4346A8E1D" RevisionNumber="100" />`,
		`CategoryType="Company"`, `CategoryType="ProductFamily"`,
		`<Title>Microsoft</Title>`, `<Title>Windows</Title>`,
	}
	var fragments []string
	for _, exchange := range []string{"scan/000006", "scan/000007", "scan/000010"} {
		fragments = append(fragments, sentFragments(t, exchange)...)
	}
	for _, w := range want {
		found := false
		for _, f := range fragments {
			if !strings.Contains(f, w) {
				continue
			}
			found = true
			if !made[f] {
				t.Errorf("no document gives the fragment that was sent: %.300s", f)
			}
		}
		if !found {
			t.Errorf("no answer holds %s", w)
		}
	}
}

// sentFragments returns the fragments in a recorded answer.
func sentFragments(t *testing.T, exchange string) []string {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(samples.Read(t, "wsus/captures/wsus-m0-native/"+exchange+"/response.body"))))
	var out []string
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := tok.(xml.StartElement); ok && start.Name.Local == "Xml" {
			var s string
			if err := d.DecodeElement(&s, &start); err != nil {
				t.Fatal(err)
			}
			out = append(out, s)
		}
	}
}

// TestExportedDocuments splits every single document of the export samples.
func TestExportedDocuments(t *testing.T) {
	t.Parallel()
	for _, path := range samples.Glob(t, "wsus/export/updates/*.xml") {
		rev, f := mustSplit(t, readFile(t, path))
		if want := strings.TrimSuffix(filepath.Base(path), ".xml"); strings.ReplaceAll(rev.Identity.String(), "/", ".") != want {
			t.Errorf("identity = %s, want %s", rev.Identity, want)
		}
		if rev.Type != update.Category && rev.Type != update.Detectoid || rev.Created.IsZero() {
			t.Errorf("%s: type %v, created %v", rev.Identity, rev.Type, rev.Created)
		}
		if (rev.Type == update.Category) != (rev.Category != "") {
			t.Errorf("%s: type %v, category %q", rev.Identity, rev.Type, rev.Category)
		}
		checkAgreement(t, rev, f)
	}
}

func mustSplit(t *testing.T, doc []byte) (*update.Revision, *update.Fragments) {
	t.Helper()
	rev, f, err := metadata.Split(doc)
	if err != nil {
		t.Fatalf("Split(%.80q...) = %v", doc, err)
	}
	return rev, f
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func localizedXML(list []update.LocalizedFragment, language string) []byte {
	for _, l := range list {
		if l.Language == language {
			return l.XML
		}
	}
	return nil
}

// checkAgreement compares the revision of a document with what its fragments tell.
func checkAgreement(t *testing.T, rev *update.Revision, f *update.Fragments) {
	t.Helper()
	got, err := metadata.FromFragments(f)
	if err != nil {
		t.Errorf("FromFragments(%s) = %v", rev.Identity, err)
		return
	}
	want := *rev
	want.Expired, want.Created = got.Expired, got.Created
	want.Drivers = nil
	for _, d := range rev.Drivers {
		d.Scores, d.Distribution, d.Target = nil, nil, nil
		want.Drivers = append(want.Drivers, d)
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("%s: fragments tell otherwise than the document (-document +fragments):\n%s", rev.Identity, diff)
	}
}
