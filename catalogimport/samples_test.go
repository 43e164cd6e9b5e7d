package catalogimport_test

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"sluice/catalogimport"
	"sluice/catalogimport/cabinet/cabwrite"
	"sluice/wsus/update"
	"sluice/wsus/update/samples"
)

const (
	export2024  = "catalog/wsusutil-export/wsus-export-2024-06-19.cab"
	exportWrong = "catalog/wsusutil-export/wsus-export-2015-06-10-CORRUPT-9-bytes-short.cab"
	kb2999226   = "catalog/msu/Windows6.1-KB2999226-x64.msu"
)

func TestExport2024(t *testing.T) {
	t.Parallel()
	path := samples.Path(t, export2024)
	a := newAppliance()
	rep := a.mustImport(t, path)
	types := map[update.Type]int{}
	for _, r := range a.applied {
		types[r.Type]++
	}
	if rep.New != 4125 || len(rep.Refused) != 0 || types[update.Category] != 451 || types[update.Detectoid] != 3674 {
		t.Errorf("%d new, types %v, refused %v; want 451 categories and 3,674 detectoids", rep.New, types, rep.Refused)
	}
	if rep.Format != "wsusutil-export" || rep.Provenance != "unsigned" || rep.AcceptedBy != "tester" {
		t.Errorf("the record says %+v", rep)
	}
	again := a.mustImport(t, path)
	if again.New != 0 || again.Unchanged != 4125 {
		t.Errorf("a second import: %d new, %d unchanged", again.New, again.Unchanged)
	}
}

func TestExportCorrupt(t *testing.T) {
	t.Parallel()
	path := samples.Path(t, exportWrong)
	_, err := newAppliance().importPath(path)
	wantRefused(t, err, filepath.Base(path), "9 of its 504377 bytes are missing")
}

func TestMSU(t *testing.T) {
	t.Parallel()
	path := samples.Path(t, kb2999226)
	a := newAppliance()
	rep := a.mustImport(t, path)
	if rep.New != 765 || len(rep.Refused) != 0 || rep.Files != 1 {
		t.Fatalf("%d new, %d files, refused %v; want 765, 1 and none", rep.New, rep.Files, rep.Refused)
	}
	minted := map[update.ID]bool{}
	var bundle *revision
	for _, r := range a.applied {
		if r.Minted {
			minted[r.ID] = true
			if len(r.Bundles) > 0 {
				bundle = r
			}
		}
	}
	if bundle == nil || !bundle.ExplicitlyDeployable || len(bundle.KBs) != 1 || bundle.KBs[0] != "2999226" {
		t.Fatalf("no bundle of KB2999226 among the minted %v", minted)
	}
	members := 0
	for _, group := range bundle.Bundles {
		for _, id := range group {
			members++
			if !minted[id.ID] {
				t.Errorf("member %v is not marked as minted", id)
			}
		}
	}
	if len(minted) != members+1 {
		t.Errorf("%d minted revisions, want the bundle and its %d members", len(minted), members)
	}
	for d, b := range a.files {
		if sha1.Sum(b) != d {
			t.Errorf("file %v has other bytes", d)
		}
		sum := fmt.Sprintf("%x", sha256.Sum256(b))
		if !strings.Contains(string(samples.Read(t, "catalog/golden/KB2999226.msu.sha256")), sum) {
			t.Errorf("file %v is not a member of the package", d)
		}
	}
}

// TestMSUParts makes a package of what there is of the administration tools.
func TestMSUParts(t *testing.T) {
	t.Parallel()
	var all []string
	for _, p := range samples.Glob(t, "catalog/msu/rsat-kb958830-parts/*") {
		all = append(all, filepath.Base(p), string(samples.Read(t, "catalog/msu/rsat-kb958830-parts/"+filepath.Base(p))))
	}
	a := newAppliance()
	rep := a.mustImport(t, medium(t, "rsat.msu", cab(t, cabwrite.None, all...)))
	if rep.New != 766 || len(rep.Refused) != 0 || rep.Files != 0 {
		t.Errorf("%d new, %d files, refused %v; want 766 and nothing else", rep.New, rep.Files, rep.Refused)
	}
}

func TestSamplesRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, want string }{
		{"catalog/msu/synthetic-wim-container.msu", "WIM generation"},
		{"catalog/wsusscn2/mini-fixture-wsusscn2.cab", "offline scan file"},
		{"catalog/wsusscn2/wsusscn2-synthetic-766.cab", "offline scan file"},
		{"catalog/sdp/HpCatalogForSms.zip", "ZIP archive"},
		{"catalog/cab-corpus/libmspack/cabextract_test_cabs_split-1.cab", "one piece"},
	} {
		t.Run(filepath.Base(tt.name), func(t *testing.T) {
			t.Parallel()
			_, err := catalogimport.Open(context.Background(), samples.Path(t, tt.name), "", catalogimport.DefaultLimits())
			wantRefused(t, err, filepath.Base(tt.name), tt.want)
		})
	}
}

// TestCorpus imports every odd cabinet of the corpus: as it is, and in the place
// of each cabinet of a package.
func TestCorpus(t *testing.T) {
	t.Parallel()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, path := range samples.Glob(t, "catalog/cab-corpus/*/*") {
		name := filepath.Base(path)
		odd := string(samples.Read(t, "catalog/cab-corpus/"+filepath.Base(filepath.Dir(path))+"/"+name))
		for where, data := range map[string][]byte{
			"alone":       []byte(odd),
			"WSUSSCAN":    cab(t, cabwrite.None, "WSUSSCAN.cab", odd),
			"package.cab": cab(t, cabwrite.None, "WSUSSCAN.cab", string(cab(t, cabwrite.None, "package.cab", odd))),
		} {
			a := newAppliance()
			_, err := a.importPath(medium(t, "odd.cab", data))
			wantRefused(t, err, "odd.cab")
			if a.state != "" {
				t.Errorf("%s %s: the import is %s", name, where, a.state)
			}
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<30 {
		t.Errorf("%d MB were allocated for a corpus of a megabyte", grown>>20)
	}
}

// wantRefused checks that a medium was refused with a text that names all of it.
func wantRefused(tb testing.TB, err error, texts ...string) {
	tb.Helper()
	if !errors.As(err, new(*catalogimport.RefusedError)) {
		tb.Errorf("error %v, want a refusal", err)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			tb.Errorf("error %q, want %q in it", err, text)
		}
	}
}
