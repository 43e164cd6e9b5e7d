package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/catalogimport"
	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

func TestNothingIsSeenBeforeItIsApplied(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	changes, cancel := s.Subscribe(store.CatalogChanged)
	defer cancel()
	before := s.Seq()
	st := storetest.Begin(t, s, medium("m"))
	staged := stage(t, st, software(1, 1, withFile(1, 10)), software(2, 1))
	if staged.New != 2 || staged.Unchanged != 0 {
		t.Errorf("staged %+v, want 2 new", staged)
	}
	if n := len(graph(t, s)) + len(list(t, s, store.UpdateFilter{})) + len(list(t, s, store.UpdateFilter{Query: "testing"})); n != 0 {
		t.Errorf("%d rows are seen of a staged import", n)
	}
	if files, err := s.Files(t.Context(), []update.Digest{digest(1)}); err != nil || len(files) != 0 {
		t.Errorf("files of a staged import: %v, %v", files, err)
	}
	if _, ok, err := st.Names(t.Context(), digest(1)); err != nil || !ok {
		t.Errorf("the import does not know its own file: %t, %v", ok, err)
	}
	if s.Seq() != before || len(changes) != 0 {
		t.Error("staging bumped the sequence number")
	}

	storetest.Apply(t, st, staged)
	rows := graph(t, s)
	if len(rows) != 2 || len(list(t, s, store.UpdateFilter{Query: "testing"})) != 2 {
		t.Errorf("after applying: %d rows, want 2, in the list too", len(rows))
	}
	if r := rows[named(1)]; r.Seq != s.Seq() || s.Seq() == before || !r.Deployable || !r.Document {
		t.Errorf("row %+v, seq %d, want it deployable, with a document and the new seq", r, s.Seq())
	}
	if len(changes) != 1 {
		t.Error("subscribers were not told")
	}
}

func TestSecondImportChangesNothing(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	importAll(t, s, "a", software(1, 1), software(2, 1))
	seq := s.Seq()
	staged := importAll(t, s, "b", software(1, 1), software(2, 1))
	if diff := cmp.Diff(catalogimport.Staged{Unchanged: 2}, staged); diff != "" {
		t.Errorf("second import (-want +got):\n%s", diff)
	}
	if s.Seq() != seq {
		t.Error("an import that changes nothing bumped the sequence number")
	}
	imports, err := s.Imports(t.Context(), 0, 0)
	if err != nil || len(imports) != 2 || imports[0].State != "applied" || imports[0].Unchanged != 2 {
		t.Errorf("imports %+v, %v", imports, err)
	}
}

func TestServedVariant(t *testing.T) {
	t.Parallel()
	type step struct {
		m    *made
		want string // core that is served afterwards
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"a document takes over from fragments", []step{
			{software(1, 1, fragmentsOnly, contents("f")), "f"}, {software(1, 1, contents("d")), "d"}}},
		{"fragments never take over from a document", []step{
			{software(1, 1, contents("d")), "d"}, {software(1, 1, fragmentsOnly, contents("f")), "d"}}},
		{"the newer document is served", []step{
			{software(1, 1, contents("d1")), "d1"}, {software(1, 1, contents("d2")), "d2"}}},
		{"the newer fragments are served", []step{
			{software(1, 1, fragmentsOnly, contents("f1")), "f1"}, {software(1, 1, fragmentsOnly, contents("f2")), "f2"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := storetest.New(t)
			var id update.RevisionID
			var seq int64
			served := make(map[catalog.CoreID]string)
			for i, st := range tt.steps {
				importAll(t, s, string(rune('a'+i)), st.m)
				rows := graph(t, s)
				r := rows[named(1)]
				if i == 0 {
					id, seq = r.ID, r.Seq
				}
				cores, err := s.Cores(t.Context(), []catalog.CoreID{r.Core})
				if err != nil || string(cores[0]) != st.want {
					t.Errorf("step %d serves %q, %v, want %q", i, cores, err, st.want)
				}
				served[r.Core] = st.want
				for old, want := range served { // a snapshot may still know it
					if cores, err := s.Cores(t.Context(), []catalog.CoreID{old}); err != nil || string(cores[0]) != want {
						t.Errorf("step %d: core %d is %q, %v, want it to stay %q", i, old, cores, err, want)
					}
				}
				if len(rows) != 1 || r.ID != id || r.Seq != seq {
					t.Errorf("step %d: %d rows, id %d, seq %d, want one, %d and %d as at first", i, len(rows), r.ID, r.Seq, id, seq)
				}
			}
		})
	}
}

func TestContradictionsAreRefused(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	st := storetest.Begin(t, s, medium("m"))
	staged := stage(t, st, software(1, 1, contents("a")), software(1, 1, contents("b")), software(1, 1, contents("a")))
	if staged.New != 1 || staged.Unchanged != 1 || len(staged.Refused) != 1 || staged.Refused[0].Item != "record 1" {
		t.Errorf("staged %+v, want one new, one unchanged, one refused", staged)
	}
	if err := st.Refuse(t.Context(), "record 9", strings.Repeat("x", 5000)); err != nil {
		t.Fatal(err)
	}
	storetest.Apply(t, st, staged)
	refusals, err := s.ImportRefusals(t.Context(), st.ID(), 0)
	if err != nil || len(refusals) != 2 || refusals[1].Item != "record 9" || len(refusals[1].Reason) != 2000 {
		t.Errorf("refusals %+v, %v, want both, the second cut", refusals, err)
	}
}

func TestBetterProvenanceIsKept(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	importAll(t, s, "unsigned", software(1, 1))
	m := medium("signed")
	m.Provenance = update.MicrosoftSigned
	st := storetest.Begin(t, s, m)
	storetest.Apply(t, st, stage(t, st, software(1, 1)))
	if u := list(t, s, store.UpdateFilter{}); len(u) != 1 || u[0].Provenance != update.MicrosoftSigned {
		t.Errorf("updates %+v, want one that Microsoft vouches for", u)
	}
	if staged := importAll(t, s, "again", software(1, 1)); staged.Unchanged != 1 {
		t.Errorf("unsigned again: %+v, want unchanged", staged)
	}
}

func TestRefusedImportLeavesNothing(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	importAll(t, s, "kept", software(1, 1))
	st := storetest.Begin(t, s, medium("m"))
	stage(t, st, software(1, 1, contents("changed")), software(2, 1, contents(strings.Repeat("<b>", 100_000))),
		software(3, 1, bundling(named(1), named(2)), withFile(1, 1), inCategory(9)))
	if err := st.Abandon(t.Context(), &catalogimport.Report{Revisions: 3}, errors.New("bad seal")); err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]int{"variant": 1, "body": 1, "core_chunk": 0, "variant_file": 0, "variant_category": 0, "closure": 0} {
		if n := count(t, s, table); n != want {
			t.Errorf("%d rows in %s, want %d", n, table, want)
		}
	}
	if got := list(t, s, store.UpdateFilter{Query: "testing"}); len(got) != 1 {
		t.Errorf("search finds %d, want 1", len(got))
	}
	imports, err := s.Imports(t.Context(), 0, 1)
	if err != nil || imports[0].State != "refused" || imports[0].Error != "bad seal" {
		t.Errorf("record %+v, %v", imports, err)
	}
	// The ids that it gave out are not given again.
	used := count(t, s, "revision")
	importAll(t, s, "next", software(4, 1))
	if r := graph(t, s)[named(4)]; int(r.ID) != used+1 {
		t.Errorf("next RevisionID %d, want %d", r.ID, used+1)
	}
}

func TestResume(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	first := storetest.Begin(t, s, medium("m"))
	stage(t, first, software(1, 1), software(2, 1), software(9, 1))
	if err := first.Refuse(t.Context(), "x", "y"); err != nil {
		t.Fatal(err)
	}

	second := storetest.Begin(t, s, medium("m"))
	if second.ID() != first.ID() {
		t.Fatalf("resumed as import %d, want %d", second.ID(), first.ID())
	}
	if _, err := first.Stage(t.Context(), []catalogimport.Prepared{prepare(t, first, software(3, 1))}); err == nil {
		t.Error("an import that was pushed aside still stages")
	}
	staged := stage(t, second, software(1, 1), software(2, 1), software(2, 1), software(3, 1))
	if staged.New != 3 || staged.Unchanged != 1 {
		t.Errorf("staged %+v, want 3 new, as if it had not been cut short, and one duplicate", staged)
	}
	storetest.Apply(t, second, staged)
	if rows := graph(t, s); len(rows) != 3 {
		t.Errorf("%d revisions, want 3: what only the first attempt found is gone", len(rows))
	}
	if r, err := s.ImportRefusals(t.Context(), second.ID(), 0); err != nil || len(r) != 0 {
		t.Errorf("refusals of the first attempt: %v, %v, want none", r, err)
	}
}

func TestAnotherMediumSweepsTheUnfinished(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	first := storetest.Begin(t, s, medium("a"))
	stage(t, first, software(1, 1))
	importAll(t, s, "b", software(2, 1))
	imports, err := s.Imports(t.Context(), 0, 0)
	if err != nil || len(imports) != 2 || imports[1].State != "refused" || imports[1].Error == "" {
		t.Errorf("imports %+v, %v, want the first refused with a reason", imports, err)
	}
	if n := count(t, s, "variant"); n != 1 {
		t.Errorf("%d variants, want 1", n)
	}
	if err := first.Apply(t.Context(), &catalogimport.Report{}); err == nil {
		t.Error("the import that was pushed aside can be applied")
	}
}

func TestStagingStopsWithItsContext(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	st := storetest.Begin(t, s, medium("a"))
	p := prepare(t, st, software(1, 1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := st.Stage(ctx, []catalogimport.Prepared{p}); !errors.Is(err, context.Canceled) {
		t.Errorf("stage: %v, want Canceled", err)
	}
}

func prepare(t testing.TB, st catalogimport.Staging, m *made) catalogimport.Prepared {
	t.Helper()
	return storetest.Prepare(t, st, &m.rev, &m.item, &m.frags)
}

// count counts the rows of a table.
func count(t testing.TB, s *store.Store, table string) int {
	t.Helper()
	var n int
	err := s.Write(t.Context(), "count", func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM ` + table).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// When the disk is full the import fails, what was there stays, and the import
// finishes when there is room again.
func TestDiskFullWhileStaging(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	importAll(t, s, "before", software(1, 1))
	pragma := func(query string) (n int) {
		t.Helper()
		err := s.Write(t.Context(), "pragma", func(tx *store.Tx) error { return tx.QueryRow(query).Scan(&n) })
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	pragma(fmt.Sprintf("PRAGMA max_page_count = %d", pragma("PRAGMA page_count")+50))
	var noise []byte
	for n := range 100_000 {
		noise = fmt.Appendf(noise, "%x", n*n*7919)
	}
	large := software(2, 1, contents(string(noise)))
	st := storetest.Begin(t, s, medium("m"))
	if _, err := st.Stage(t.Context(), []catalogimport.Prepared{prepare(t, st, large)}); !errors.Is(err, store.ErrDiskFull) {
		t.Fatalf("stage on a full disk: %v, want ErrDiskFull", err)
	}
	if rows := graph(t, s); len(rows) != 1 {
		t.Errorf("%d revisions are served, want the one of before", len(rows))
	}
	pragma("PRAGMA max_page_count = 1000000")
	importAll(t, s, "m", large)
	f, err := s.Fragments(t.Context(), graph(t, s)[named(2)].ID)
	if err != nil || string(f.Core) != string(noise) {
		t.Errorf("core after the import was repeated: %d bytes, %v, want %d", len(f.Core), err, len(noise))
	}
}

// What an import that changes nothing leaves as it was need not be read again.
func TestCatalogSeq(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	want := int64(0)
	for i, st := range []struct {
		name    string
		changes bool
		act     func()
	}{
		{"a new store", false, func() {}},
		{"an import", true, func() { importAll(t, s, "a", software(1, 1)) }},
		{"the same again", false, func() { importAll(t, s, "b", software(1, 1)) }},
		{"an approval", false, func() {
			if _, err := s.Approve(t.Context(), store.Entry{Who: "x"}, update.Approval{Update: uid(1), Group: update.AllComputers, Action: update.Install}); err != nil {
				t.Fatal(err)
			}
		}},
		{"another import", true, func() { importAll(t, s, "c", software(2, 1)) }},
	} {
		st.act()
		if st.changes {
			want = s.Seq()
		}
		if got, err := s.CatalogSeq(t.Context()); err != nil || got != want {
			t.Errorf("step %d, %s: %d, %v, want %d", i, st.name, got, err, want)
		}
	}
}
