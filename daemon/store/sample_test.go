package store_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"sluice/catalogimport"
	"sluice/daemon/store/storetest"
	"sluice/wsus/catalog"
	"sluice/wsus/metadata"
	"sluice/wsus/update"
	"sluice/wsus/update/samples"
)

// The captured documents of a real server, stored under ids of their own
// choosing, come back unchanged, and the fragments are those of the capture.
func TestSeedCaptures(t *testing.T) {
	t.Parallel()
	docs := samples.Glob(t, "wsus/captures/wsus-m0-wsusss/docs/*.xml")
	s := storetest.New(t)
	var seeds []storetest.SeedRevision
	for i, path := range docs {
		doc := readFile(t, path)
		seeds = append(seeds, storetest.SeedRevision{
			RevisionID: update.RevisionID(1000 - i), Item: update.Item{Name: filepath.Base(path), Document: doc},
		})
	}
	storetest.Seed(t, s, seeds...)
	for _, seed := range seeds {
		doc, err := s.Document(t.Context(), seed.RevisionID)
		if err != nil || !bytes.Equal(doc, seed.Item.Document) {
			t.Errorf("%s changed, %v", seed.Item.Name, err)
		}
		_, want, err := metadata.Split(seed.Item.Document)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Fragments(t.Context(), seed.RevisionID)
		if err != nil || !bytes.Equal(got.Core, want.Core) || !bytes.Equal(got.Extended, want.Extended) || len(got.Localized) != len(want.Localized) {
			t.Errorf("fragments of %s changed, %v", seed.Item.Name, err)
		}
	}
	importAll(t, s, "after", software(1, 1))
	if r := graph(t, s)[named(1)]; r.ID <= 1000 {
		t.Errorf("the next RevisionID is %d, want it above the seeded ones", r.ID)
	}
}

func TestSeedKeepsCapturedFragments(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	core := `<UpdateIdentity UpdateID="aa000000-0000-0000-0000-000000000001" RevisionNumber="5" /><Properties UpdateType="Software" />` +
		`<ApplicabilityRules><IsInstalled><True /></IsInstalled></ApplicabilityRules>`
	storetest.Seed(t, s, storetest.SeedRevision{RevisionID: 77, Item: update.Item{Name: "f", Fragments: &update.Fragments{Core: []byte(core)}}})
	want := update.Identity{ID: uid(1), Number: 5}
	r, ok := graph(t, s)[want]
	if !ok || r.ID != 77 || r.Document || !r.Always {
		t.Errorf("row %+v", r)
	}
	cores, err := s.Cores(t.Context(), []catalog.CoreID{r.Core})
	if err != nil || string(cores[0]) != core {
		t.Errorf("core %q, %v", cores, err)
	}
}

// A real export is stored as it is, and importing it again changes nothing.
func TestExport(t *testing.T) {
	t.Parallel()
	path := samples.Path(t, exportSample)
	if testing.Short() {
		t.Skip("imports 4,125 revisions twice")
	}
	s := storetest.New(t)
	g := catalogimport.Ingester{Library: s.Library(), Content: noContent{}, Now: time.Now}
	for i, want := range []catalogimport.Staged{{New: 4125}, {Unchanged: 4125}} {
		src := openMedium(t, path)
		r, err := g.Ingest(t.Context(), src, catalogimport.Options{AcceptUnsigned: true, By: "tester"})
		if err := errors.Join(err, src.Close()); err != nil {
			t.Fatal(err)
		}
		if r.New != want.New || r.Unchanged != want.Unchanged || len(r.Refused) != 0 {
			t.Errorf("import %d: new %d, unchanged %d, refused %d, want %+v", i, r.New, r.Unchanged, len(r.Refused), want)
		}
	}
	rows := graph(t, s)
	types := map[update.Type]int{}
	for _, r := range rows {
		types[r.Type]++
	}
	if types[update.Category] != 451 || types[update.Detectoid] != 3674 {
		t.Errorf("types %v, want 451 categories and 3674 detectoids", types)
	}
	src := openMedium(t, path)
	defer src.Close()
	for it, err := range src.Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		rev, _, err := metadata.Split(it.Document)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := s.Document(t.Context(), rows[rev.Identity].ID)
		if err != nil || !bytes.Equal(doc, it.Document) {
			t.Fatalf("%s changed, %v", it.Name, err)
		}
	}
	if _, err := catalog.Build(s.GraphRows(t.Context())); err != nil {
		t.Error(err)
	}
}
