package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// SweepImports removes, in turns, what is left of refused imports. The records
// of the imports stay, and so do the RevisionIDs that were given out.
func (s *Store) SweepImports(ctx context.Context) error {
	for {
		var id int64
		err := s.read(ctx, "find refused imports", func(ctx context.Context, tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, `SELECT id FROM import WHERE state = 'refused' AND swept = 0 LIMIT 1`).Scan(&id)
		})
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return nil
		case err != nil:
			return err
		}
		w := sweeper{id: id}
		if err := s.WriteTurns(ctx, fmt.Sprintf("sweep import %d", id), w.step); err != nil {
			return err
		}
	}
}

// sweeper removes one import step by step.
type sweeper struct {
	id       int64
	variants []int64 // next to be removed
	roots    int64   // closures of revisions up to here are done
	last     int64   // the greatest RevisionID
}

const (
	sweepVariants = 16   // variants looked up at once, removed one a step
	sweepRoots    = 2000 // revisions whose closures are swept in a step
)

func (w *sweeper) step(tx *Tx) (done bool, err error) {
	if len(w.variants) == 0 && w.last == 0 {
		rows, err := tx.query(`SELECT id FROM variant WHERE import_id = ? LIMIT ?`, w.id, sweepVariants)
		if w.variants, err = scanAll[int64](rows, err); err != nil {
			return false, err
		}
	}
	if len(w.variants) > 0 {
		gone, err := tx.deleteChunks(w.variants[0])
		if err != nil || !gone {
			return false, err
		}
		err = tx.deleteVariant(w.variants[0])
		w.variants = w.variants[1:]
		return false, err
	}
	if w.last == 0 {
		if err := tx.get([]any{&w.last}, `SELECT coalesce(max(id), 0) + 1 FROM revision`); err != nil {
			return false, err
		}
	}
	if _, err := tx.exec(`DELETE FROM closure WHERE root > ? AND root <= ? AND import_id = ?`,
		w.roots, w.roots+sweepRoots, w.id); err != nil {
		return false, err
	}
	if w.roots += sweepRoots; w.roots < w.last {
		return false, nil
	}
	_, err = tx.exec(`UPDATE import SET swept = 1 WHERE id = ?`, w.id)
	return true, err
}

// deleteChunks removes some chunks of a core and reports whether none is left.
func (tx *Tx) deleteChunks(variant int64) (gone bool, err error) {
	const some = 4
	r, err := tx.exec(`DELETE FROM core_chunk WHERE rowid IN
		(SELECT rowid FROM core_chunk WHERE variant_id = ? LIMIT ?)`, variant, some)
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n < some, err
}

// deleteVariant removes a variant with all that was written with it, save for
// what it added to closures.
func (tx *Tx) deleteVariant(id int64) error {
	if _, err := tx.exec(`DELETE FROM search WHERE rowid = ?`, id); err != nil {
		return err
	}
	_, err := tx.exec(`DELETE FROM variant WHERE id = ?`, id)
	return err
}

// scanAll reads rows of one column.
func scanAll[T any](rows *sql.Rows, err error) ([]T, error) {
	var list []T
	err = each(rows, err, func(scan func(...any) error) error {
		var v T
		err := scan(&v)
		list = append(list, v)
		return err
	})
	return list, err
}
