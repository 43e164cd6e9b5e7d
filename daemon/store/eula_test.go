package store_test

import (
	"errors"
	"testing"
	"time"

	"sluice/daemon/store"
	"sluice/wsus/update"
)

func withEula(id int) func(*made) {
	return func(m *made) {
		m.rev.EulaID = uid(id)
		m.rev.Files = append(m.rev.Files,
			update.File{Digest: digest(id), Name: "eula-en.txt", Size: 3, Language: "en"},
			update.File{Digest: digest(id + 1), Name: "eula-de.txt", Size: 3, Language: "de"})
	}
}

func TestEulas(t *testing.T) {
	t.Parallel()
	c := &clock{monday}
	s := openAt(t, c)
	importAll(t, s, "m", software(1, 1, withEula(90)), software(2, 1, withEula(90)), software(3, 1, withEula(80)), software(4, 1))
	list, err := s.Eulas(t.Context(), store.EulaFilter{})
	if err != nil || len(list) != 2 || list[0].ID != uid(80) || list[1].Updates != 2 || list[1].Title != "Update 2 for Testing" {
		t.Errorf("license terms %+v, %v", list, err)
	}
	if list, err := s.Eulas(t.Context(), store.EulaFilter{After: uid(80), Limit: 1}); err != nil || len(list) != 1 || list[0].ID != uid(90) {
		t.Errorf("the next page %+v, %v", list, err)
	}
	if _, err := s.Approve(t.Context(), anna, update.Approval{Update: uid(1), Group: update.AllComputers, Action: update.Install}); err != nil {
		t.Fatal(err)
	}
	if err := s.AcceptEulaID(t.Context(), store.Entry{Who: "bob", Via: "cli"}, uid(90)); err != nil {
		t.Fatal(err)
	}
	c.at = c.at.Add(time.Hour)
	if err := s.AcceptEula(t.Context(), anna, uid(2)); err != nil {
		t.Fatal(err)
	}
	for _, id := range []update.ID{uid(90), uid(1), uid(2)} {
		e, texts, err := s.FindEula(t.Context(), id)
		if err != nil || e.ID != uid(90) || e.By != "bob" || !e.Accepted.Equal(monday) || e.Updates != 2 {
			t.Errorf("FindEula(%v) = %+v, %v, want the first acceptance", id, e, err)
		}
		if len(texts) != 2 || texts[1].Language != "de" {
			t.Errorf("texts of %v: %+v", id, texts)
		}
	}
	if list, err := s.Approvals(t.Context(), uid(1)); err != nil || list[0].Waiting {
		t.Errorf("approval %+v, %v, want it to wait no longer", list, err)
	}
	for name, err := range map[string]error{
		"accepting": s.AcceptEulaID(t.Context(), anna, uid(70)), "finding": func() error { _, _, err := s.FindEula(t.Context(), uid(4)); return err }(),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s what is not there: %v", name, err)
		}
	}
}
