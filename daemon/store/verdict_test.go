package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/wsus/content"
	"sluice/wsus/update"
)

// verify notes that a file is held.
func verify(t testing.TB, s *store.Store, ds ...update.Digest) {
	t.Helper()
	var vs []content.Verdict
	for _, d := range ds {
		vs = append(vs, content.Verdict{Path: d.String(), Digest: d, Size: 1, ModTime: madeOn, Verified: madeOn})
	}
	if err := s.PutContentVerdicts(t.Context(), vs); err != nil {
		t.Fatal(err)
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	changes, cancel := s.Subscribe(store.ContentChanged)
	defer cancel()
	want := make(map[string]content.Verdict)
	var batch []content.Verdict
	for n := range 1500 { // more than a page
		v := content.Verdict{
			Root: []string{"", "/nas"}[n%2], Path: fmt.Sprintf("%02X/F%d.cab", n%256, n), Digest: digest(n), SHA256: update.SHA256{byte(n)},
			Size: int64(n), ModTime: time.Unix(1, 123456789).UTC(), Verified: madeOn,
		}
		batch, want[v.Root+v.Path] = append(batch, v), v
	}
	put := func(vs ...content.Verdict) {
		t.Helper()
		if err := s.PutContentVerdicts(t.Context(), vs); err != nil {
			t.Fatal(err)
		}
	}
	put(batch...)
	if len(changes) != 1 {
		t.Error("new files were not told")
	}
	<-changes
	seq := s.Seq()
	again := batch[7]
	again.Verified = madeOn.Add(time.Hour)
	want[again.Root+again.Path] = again
	put(again)
	if s.Seq() != seq {
		t.Error("a file that was verified again bumped the sequence number")
	}
	for range 2 { // the second time there is none
		if err := s.DropContentVerdict(t.Context(), batch[0].Root, batch[0].Path); err != nil {
			t.Fatal(err)
		}
	}
	delete(want, batch[0].Root+batch[0].Path)
	if s.Seq() != seq+1 {
		t.Errorf("seq %d after a file went, want %d", s.Seq(), seq+1)
	}
	got := make(map[string]content.Verdict)
	for v, err := range s.ContentVerdicts(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got[v.Root+v.Path] = v
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}
