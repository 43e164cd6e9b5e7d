package store_test

import (
	"errors"
	"testing"
	"time"

	"sluice/daemon/store"
	"sluice/wsus/content"
	"sluice/wsus/update"
)

func approve(t *testing.T, s *store.Store, n int, action update.Action) store.Approval {
	t.Helper()
	a, err := s.Approve(t.Context(), anna, update.Approval{Update: uid(n), Group: update.AllComputers, Action: action})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func hold(t *testing.T, s *store.Store, n int) {
	t.Helper()
	err := s.PutContentVerdicts(t.Context(), []content.Verdict{{Path: "f", Digest: digest(n), Size: 10, Verified: madeOn}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RefreshReadiness(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// rule returns the one approval of the rules.
func rule(t *testing.T, s *store.Store) (seq int64, waiting, deleted bool) {
	t.Helper()
	r, _, err := s.Rules(t.Context())
	if err != nil || len(r.Approvals) != 1 {
		t.Fatalf("rules %+v, %v, want one approval", r, err)
	}
	return r.Approvals[0].Seq, r.Approvals[0].Waiting, r.Approvals[0].Deleted
}

func TestApprovalWaitsForFiles(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	importAll(t, s, "m", software(1, 1, bundling(named(2))), software(2, 1, withFile(7, 10)))
	if a := approve(t, s, 1, update.Install); !a.Waiting {
		t.Error("an approval with a member's file missing does not wait")
	}
	before, waiting, _ := rule(t, s)
	if !waiting {
		t.Error("the rules do not show that it waits")
	}
	hold(t, s, 7)
	after, waiting, _ := rule(t, s)
	if waiting || after <= before {
		t.Errorf("with the file held: waiting %v, seq %d after %d, want no waiting and a higher seq", waiting, after, before)
	}
	if err := s.RefreshReadiness(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again, _, _ := rule(t, s); again != after {
		t.Errorf("a refresh that changes nothing moved seq from %d to %d", after, again)
	}
	if err := s.DropContentVerdict(t.Context(), "", "f"); err != nil {
		t.Fatal(err)
	}
	if err := s.RefreshReadiness(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, waiting, _ := rule(t, s); !waiting {
		t.Error("with the file gone again it does not wait")
	}
}

func TestUninstallAndBlockWaitForNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	importAll(t, s, "m", software(1, 1, withFile(7, 10)))
	for _, action := range []update.Action{update.Uninstall, update.Block} {
		if a := approve(t, s, 1, action); a.Waiting {
			t.Errorf("%s waits for files", action)
		}
	}
}

func TestEulaIsAcceptedForAll(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	terms := func(m *made) { m.rev.EulaID = uid(900) }
	importAll(t, s, "m", software(1, 1, terms), software(2, 1, terms), software(3, 1))
	if !approve(t, s, 1, update.Install).Waiting {
		t.Error("an update with license terms does not wait for their acceptance")
	}
	// Accepting them through another update with the same terms will do.
	if err := s.AcceptEula(t.Context(), anna, uid(2)); err != nil {
		t.Fatal(err)
	}
	if _, waiting, _ := rule(t, s); waiting {
		t.Error("with the terms accepted it still waits")
	}
	if approve(t, s, 2, update.Install).Waiting {
		t.Error("a later approval of the same terms waits")
	}
	if err := s.AcceptEula(t.Context(), anna, uid(3)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("accepting terms that do not exist: %v", err)
	}
}

func TestApproveRefuses(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	importAll(t, s, "m",
		software(1, 1), classification(2, "Tools"),
		software(3, 1, func(m *made) { m.rev.ExplicitlyDeployable = false }),
		software(4, 1), software(4, 2, func(m *made) { m.rev.Expired = true }))
	for _, tt := range []struct {
		name string
		n    int
		want error
	}{
		{"a category", 2, store.ErrNotDeployable},
		{"a bundle member", 3, store.ErrNotDeployable},
		{"an expired update", 4, store.ErrNotDeployable},
		{"an unknown update", 5, store.ErrNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.Approve(t.Context(), anna, update.Approval{Update: uid(tt.n), Group: update.AllComputers, Action: update.Install})
			if !errors.Is(err, tt.want) {
				t.Errorf("Approve: %v, want %v", err, tt.want)
			}
		})
	}
}

func TestDeletedApprovalsStayAsTombstones(t *testing.T) {
	t.Parallel()
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	s := openAt(t, c)
	importAll(t, s, "m", software(1, 1))
	approve(t, s, 1, update.Install)
	before, _, _ := rule(t, s)
	if err := s.Unapprove(t.Context(), anna, uid(1), update.AllComputers); err != nil {
		t.Fatal(err)
	}
	seq, _, deleted := rule(t, s)
	if !deleted || seq <= before {
		t.Errorf("after unapprove: deleted %v, seq %d after %d", deleted, seq, before)
	}
	if list, err := s.Approvals(t.Context(), uid(1)); err != nil || len(list) != 0 {
		t.Errorf("standing approvals %v, %v, want none", list, err)
	}
	if err := s.Unapprove(t.Context(), anna, uid(1), update.AllComputers); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unapprove twice: %v", err)
	}
	c.at = c.at.AddDate(0, 0, 89)
	if err := s.PurgeTombstones(t.Context()); err != nil {
		t.Fatal(err)
	}
	rule(t, s) // still there
	c.at = c.at.AddDate(0, 0, 2)
	if err := s.PurgeTombstones(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, _, err := s.Rules(t.Context())
	if err != nil || len(r.Approvals) != 0 || r.OldestTombstone != seq {
		t.Errorf("after 91 days: %+v, %v, want no approval and the horizon at %d", r, err, seq)
	}
}

func TestDeclineDeletesApprovals(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	importAll(t, s, "m", software(1, 1))
	approve(t, s, 1, update.Install)
	if err := s.Decline(t.Context(), anna, uid(1)); err != nil {
		t.Fatal(err)
	}
	if _, _, deleted := rule(t, s); !deleted {
		t.Error("the approval of a declined update stands")
	}
	if ids, err := s.Declined(t.Context()); err != nil || len(ids) != 1 {
		t.Errorf("declined %v, %v", ids, err)
	}
	if err := s.Undecline(t.Context(), anna, uid(1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Undecline(t.Context(), anna, uid(1)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("undecline twice: %v", err)
	}
}

func TestCategoriesAreNotDeclined(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	importAll(t, s, "m", classification(1, "Tools"))
	if err := s.Decline(t.Context(), anna, uid(1)); !errors.Is(err, store.ErrNotDeployable) {
		t.Errorf("declining a category: %v, want %v", err, store.ErrNotDeployable)
	}
}

func TestPauseIsAChange(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	importAll(t, s, "m", software(1, 1))
	approve(t, s, 1, update.Install)
	before, _, _ := rule(t, s)
	if err := s.PauseApproval(t.Context(), anna, uid(1), update.AllComputers, true); err != nil {
		t.Fatal(err)
	}
	r, _, err := s.Rules(t.Context())
	if err != nil || !r.Approvals[0].Paused || r.Approvals[0].Seq <= before {
		t.Errorf("paused: %+v, %v", r.Approvals, err)
	}
}
