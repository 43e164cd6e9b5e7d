package store_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/wsus/update"
)

// Whatever order bundles and members arrive in, in however many imports, the
// closure is what a walk over the bundles finds.
func TestClosure(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	const updates = 7
	base := 0 // every check has updates of its own
	rapid.Check(t, func(rt *rapid.T) {
		base += updates
		bundles := make(map[int][]int)
		for n := range updates {
			bundles[n] = rapid.SliceOfNDistinct(rapid.IntRange(0, updates-1), 0, 3, rapid.ID).Draw(rt, fmt.Sprintf("members of %d", n))
		}
		order := rapid.Permutation([]int{0, 1, 2, 3, 4, 5, 6}).Draw(rt, "order")
		cut := rapid.IntRange(0, updates).Draw(rt, "cut")
		for i, part := range [][]int{order[:cut], order[cut:]} {
			var parts []*made
			for _, n := range part {
				var members []update.Identity
				for _, m := range bundles[n] {
					members = append(members, named(base+m))
				}
				parts = append(parts, software(base+n, 1, bundling(members...), withFile(base+n, 1)))
			}
			importAll(t, s, fmt.Sprint(base+i), parts...)
		}
		ids := make(map[update.ID]update.RevisionID)
		newest, _, err := s.Updates(t.Context(), store.UpdateFilter{Limit: updates})
		if err != nil {
			rt.Fatal(err)
		}
		for _, u := range newest {
			ids[u.ID] = u.RevisionID
		}
		for n := range updates {
			files, err := s.FilesOf(t.Context(), ids[uid(base+n)])
			if err != nil {
				rt.Fatal(err)
			}
			got := map[update.Digest]bool{}
			for _, f := range files {
				got[f.Digest] = true
			}
			want := map[int]bool{}
			walk(bundles, n, want)
			if len(got) != len(want) {
				rt.Fatalf("update %d needs %d files, want %d", n, len(got), len(want))
			}
			for m := range want {
				if !got[digest(base+m)] {
					rt.Fatalf("update %d does not need the file of %d", n, m)
				}
			}
		}
	})
}

func walk(bundles map[int][]int, n int, seen map[int]bool) {
	if seen[n] {
		return
	}
	seen[n] = true
	for _, m := range bundles[n] {
		walk(bundles, m, seen)
	}
}

// A staged bundle over an applied member must not be seen through the closure
// before it is applied, nor be left there when it is refused.
func TestClosureOfUnappliedImport(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	importAll(t, s, "members", software(1, 1, bundling(named(2))), software(3, 1, withFile(3, 1)))
	st := storetest.Begin(t, s, medium("m"))
	staged := stage(t, st, software(2, 1, bundling(named(3))))
	root := graph(t, s)[named(1)].ID
	if files, err := s.FilesOf(t.Context(), root); err != nil || len(files) != 0 {
		t.Errorf("before it is applied: %v, %v, want none", files, err)
	}
	storetest.Apply(t, st, staged)
	if files, err := s.FilesOf(t.Context(), root); err != nil || len(files) != 1 {
		t.Errorf("after it is applied: %v, %v, want one", files, err)
	}
}

func TestEntangledBundlesAreRefused(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	st := storetest.Begin(t, s, medium("m"))
	var roots []*made
	for n := range 199 {
		roots = append(roots, software(1000+n, 1, bundling(named(1))))
	}
	if staged := stage(t, st, roots...); staged.New != len(roots) {
		t.Fatalf("staged %+v", staged)
	}
	members := func(n int) []update.Identity {
		list := make([]update.Identity, n)
		for i := range list {
			list[i] = named(2000 + i)
		}
		return list
	}
	before := count(t, s, "closure")
	staged := stage(t, st, software(1, 1, bundling(members(101)...)), software(2, 1))
	if len(staged.Refused) != 1 || staged.New != 1 || count(t, s, "closure") != before {
		t.Errorf("one pair too many: %+v, want it refused, alone", staged)
	}
	if staged := stage(t, st, software(1, 1, bundling(members(100)...))); staged.New != 1 {
		t.Errorf("as many as allowed: %+v, want it staged", staged)
	}
	if n := count(t, s, "closure"); n != before+200*100 {
		t.Errorf("%d pairs, want %d", n, before+200*100)
	}
}

func TestFilesAreCountedThroughMembers(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	importAll(t, s, "m",
		software(1, 1, bundling(named(2), named(3)), withFile(1, 5)),
		software(2, 1, withFile(2, 10), withFile(3, 20)), software(3, 1, withFile(3, 20)), software(4, 1))
	verify(t, s, digest(3))
	rows := graph(t, s)
	ids := []update.RevisionID{rows[named(1)].ID, rows[named(2)].ID, rows[named(4)].ID}
	counts, err := s.CountFiles(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := counts[ids[0]], (store.FileCount{Files: 3, Bytes: 35, Missing: 2, MissingBytes: 15}); got != want {
		t.Errorf("bundle: %+v, want %+v", got, want)
	}
	if got, want := counts[ids[1]], (store.FileCount{Files: 2, Bytes: 30, Missing: 1, MissingBytes: 10}); got != want {
		t.Errorf("member: %+v, want %+v", got, want)
	}
	if got := counts[ids[2]]; got != (store.FileCount{}) {
		t.Errorf("update without files: %+v", got)
	}
	files, err := s.FilesOf(t.Context(), ids[0])
	if err != nil || len(files) != 3 || files[0].Held || !files[2].Held {
		t.Errorf("files %+v, %v, want three, the last held", files, err)
	}
}
