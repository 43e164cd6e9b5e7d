package metadata_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"sluice/wsus/metadata"
	"sluice/wsus/update"
	"sluice/wsus/xmllimit"
)

// FuzzSplit checks that what a document gives can be read again, by the same rules,
// and tells the same.
func FuzzSplit(f *testing.F) {
	for _, path := range fixtures(f, "in.xml") {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		rev, fragments, err := metadata.Split(doc)
		if err != nil {
			return
		}
		size := len(fragments.Core) + len(fragments.Extended)
		for _, list := range [][]update.LocalizedFragment{fragments.Localized, fragments.Eula} {
			for _, l := range list {
				size += len(l.XML)
			}
		}
		// Escaping makes a character six bytes at most, Properties are read twice.
		if size > 100+12*len(doc) {
			t.Errorf("%d bytes gave fragments of %d", len(doc), size)
		}
		checkScans(t, fragments.Core)
		checkScans(t, fragments.Extended)
		checkAgreement(t, rev, fragments)
	})
}

// FuzzFromFragments checks that no fragments do harm.
func FuzzFromFragments(f *testing.F) {
	cores, extended, localized := fixtures(f, "core.xml"), fixtures(f, "extended.xml"), fixtures(f, "localized-en.xml")
	for i := range cores {
		f.Add(cores[i], extended[i], localized[i])
	}
	f.Fuzz(func(t *testing.T, core, extended, localized []byte) {
		rev, err := metadata.FromFragments(&update.Fragments{
			Core: core, Extended: extended, Localized: []update.LocalizedFragment{{Language: "en", XML: localized}},
		})
		if err == nil && rev.ID.IsZero() {
			t.Errorf("FromFragments(%q) has no identity", core)
		}
	})
}

func fixtures(f *testing.F, name string) [][]byte {
	f.Helper()
	paths, err := filepath.Glob("testdata/split/*/" + name)
	if err != nil || len(paths) == 0 {
		f.Fatalf("no %s: %v", name, err)
	}
	var list [][]byte
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		list = append(list, b)
	}
	return list
}

// checkScans fails when a fragment is not a run of elements without white space
// around them.
func checkScans(t *testing.T, fragment []byte) {
	t.Helper()
	if err := xmllimit.Check(fragment, xmllimit.Limits{Fragment: true}); err != nil {
		t.Errorf("fragment does not scan: %v: %q", err, fragment)
	}
	if len(bytes.TrimSpace(fragment)) != len(fragment) {
		t.Errorf("fragment has white space around it: %q", fragment)
	}
}
