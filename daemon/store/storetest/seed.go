package storetest

import (
	"testing"

	"sluice/catalogimport"
	"sluice/daemon/store"
	"sluice/wsus/metadata"
	"sluice/wsus/update"
)

// SeedRevision is a revision with the RevisionID that it had on the server it
// was captured from.
type SeedRevision struct {
	RevisionID update.RevisionID
	// Item has the document, the fragments, or both: then the fragments are
	// stored as they are instead of those derived from the document.
	Item update.Item
}

// Seed imports revisions under the given RevisionIDs and applies the import.
// Ids can only be chosen here: on every other way in the store draws them.
func Seed(tb testing.TB, s *store.Store, revisions ...SeedRevision) {
	tb.Helper()
	type parsed struct {
		item  *update.Item
		rev   *update.Revision
		frags *update.Fragments
	}
	list := make([]parsed, len(revisions))
	for i := range revisions {
		p := parsed{item: &revisions[i].Item, frags: revisions[i].Item.Fragments}
		var err error
		if p.item.Document != nil {
			var split *update.Fragments
			if p.rev, split, err = metadata.Split(p.item.Document); p.frags == nil {
				p.frags = split
			}
		} else {
			p.rev, err = metadata.FromFragments(p.frags)
		}
		if err != nil {
			tb.Fatalf("seed %s: %v", p.item.Name, err)
		}
		list[i] = p
	}
	err := s.Write(tb.Context(), "seed", func(tx *store.Tx) error {
		for i, p := range list {
			id := revisions[i].RevisionID
			if _, err := tx.Exec(`INSERT INTO revision (id, update_id, number) VALUES (?, ?, ?)`, id, p.rev.ID[:], p.rev.Number); err != nil {
				return err
			}
			if _, err := tx.Exec(`UPDATE appliance SET next_revision = max(next_revision, ?)`, id+1); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	st := Begin(tb, s, update.Medium{Source: "seed", Format: "seed", Provenance: update.Upstream, Key: tb.Name()})
	var batch []catalogimport.Prepared
	for _, p := range list {
		batch = append(batch, Prepare(tb, st, p.rev, p.item, p.frags))
	}
	Apply(tb, st, Stage(tb, st, batch...))
}

// Begin opens an import.
func Begin(tb testing.TB, s *store.Store, m update.Medium) catalogimport.Staging {
	tb.Helper()
	st, err := s.Library().Begin(tb.Context(), m, "tester")
	if err != nil {
		tb.Fatal(err)
	}
	return st
}

// Prepare makes a revision ready to be staged.
func Prepare(tb testing.TB, st catalogimport.Staging, rev *update.Revision, it *update.Item, f *update.Fragments) catalogimport.Prepared {
	tb.Helper()
	p, err := st.Prepare(rev, it, f)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// Stage stages a batch.
func Stage(tb testing.TB, st catalogimport.Staging, batch ...catalogimport.Prepared) catalogimport.Staged {
	tb.Helper()
	staged, err := st.Stage(tb.Context(), batch)
	if err != nil {
		tb.Fatal(err)
	}
	return staged
}

// Apply applies an import that staged what is told.
func Apply(tb testing.TB, st catalogimport.Staging, staged catalogimport.Staged) {
	tb.Helper()
	err := st.Apply(tb.Context(), &catalogimport.Report{
		Revisions: staged.New + staged.Unchanged, New: staged.New, Unchanged: staged.Unchanged,
	})
	if err != nil {
		tb.Fatal(err)
	}
}
