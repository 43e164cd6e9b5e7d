package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sluice/catalogimport"
	"sluice/wsus/update"
)

// Library is the store as media are imported into it.
type Library struct{ s *Store }

// Library returns the store as the place where imports go.
func (s *Store) Library() Library { return Library{s} }

var _ catalogimport.Library = Library{}

// Begin opens an import, see [catalogimport.Library]. What is left of refused
// ones, and of one of another medium that was not finished, is swept first. An
// import of this process that is still staging loses its place: its next batch
// fails.
func (l Library) Begin(ctx context.Context, m update.Medium, acceptedBy string) (catalogimport.Staging, error) {
	g := &staging{s: l.s, trust: trust(m.Provenance)}
	err := l.s.Write(ctx, "begin import", func(tx *Tx) error {
		if err := tx.resume(g, m, acceptedBy); err != nil {
			return err
		}
		_, err := tx.exec(`UPDATE import SET state = 'refused', finished = ?, error = ?
			WHERE state = 'staging' AND id <> ?`, millis(tx.Now), "not finished before another medium was imported", g.id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := l.s.SweepImports(ctx); err != nil {
		return nil, err
	}
	if g.id != 0 {
		return g, nil
	}
	err = l.s.Write(ctx, "begin import", func(tx *Tx) error {
		g.attempt = 1
		return tx.get([]any{&g.id}, `INSERT INTO import
			(source, format, medium, provenance, signed_by, accepted_by, state, attempt, swept, started)
			VALUES (?, ?, ?, ?, ?, ?, 'staging', 1, 0, ?) RETURNING id`,
			m.Source, m.Format, m.Key, m.Provenance, m.SignedBy, acceptedBy, millis(tx.Now))
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

// resume takes up the staging import of the same medium, if there is one. What
// it counted and refused comes again; what it staged completely stays.
func (tx *Tx) resume(g *staging, m update.Medium, acceptedBy string) error {
	err := tx.get([]any{&g.id, &g.attempt}, `UPDATE import
		SET attempt = attempt + 1, source = ?, accepted_by = ?, signed_by = ?
		WHERE state = 'staging' AND medium = ? AND format = ? AND provenance = ? RETURNING id, attempt`,
		m.Source, acceptedBy, m.SignedBy, m.Key, m.Format, m.Provenance)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	if _, err := tx.exec(`DELETE FROM import_refusal WHERE import_id = ?`, g.id); err != nil {
		return err
	}
	rows, err := tx.query(`SELECT id FROM variant WHERE import_id = ? AND complete = 0`, g.id)
	ids, err := scanAll[int64](rows, err)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := tx.deleteVariant(id); err != nil {
			return err
		}
	}
	return nil
}

// Import is the record of one import.
type Import struct {
	ID         int64
	Source     string
	Format     string
	Provenance update.Provenance
	SignedBy   string
	AcceptedBy string
	State      string // staging, applied, refused
	Started    time.Time
	Finished   time.Time // zero while it is staging
	Seq        int64     // of the commit that applied it
	Revisions  int
	New        int
	Unchanged  int
	Files      int
	FilesHeld  int
	Bytes      int64
	Refused    int // items; see [Store.ImportRefusals]
	Error      string
}

// Imports returns a page of the records of imports, the newest first. Where
// before is not zero, only those with smaller ids.
func (s *Store) Imports(ctx context.Context, before int64, limit int) ([]Import, error) {
	if before <= 0 {
		before = 1 << 62
	}
	var list []Import
	err := s.read(ctx, "imports", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id, source, format, provenance, signed_by, accepted_by, state,
			started, coalesce(finished, 0), coalesce(applied_seq, 0),
			revisions, new, unchanged, files, files_held, bytes, error,
			(SELECT count(*) FROM import_refusal WHERE import_id = import.id)
			FROM import WHERE id < ? ORDER BY id DESC LIMIT ?`, before, pageLimit(limit))
		return each(rows, err, func(scan func(...any) error) error {
			var (
				i                 Import
				started, finished int64
			)
			err := scan(&i.ID, &i.Source, &i.Format, &i.Provenance, &i.SignedBy, &i.AcceptedBy, &i.State,
				&started, &finished, &i.Seq, &i.Revisions, &i.New, &i.Unchanged,
				&i.Files, &i.FilesHeld, &i.Bytes, &i.Error, &i.Refused)
			i.Started, i.Finished = fromMillis(started), fromMillis(finished)
			list = append(list, i)
			return err
		})
	})
	return list, err
}

// ImportRefusals returns up to 1,000 refused items of an import, in order, from
// the one with the given index on.
func (s *Store) ImportRefusals(ctx context.Context, id int64, from int) ([]catalogimport.Refusal, error) {
	var list []catalogimport.Refusal
	err := s.read(ctx, fmt.Sprintf("refusals of import %d", id), func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT item, reason FROM import_refusal
			WHERE import_id = ? AND n >= ? ORDER BY n LIMIT 1000`, id, from)
		return each(rows, err, func(scan func(...any) error) error {
			var r catalogimport.Refusal
			err := scan(&r.Item, &r.Reason)
			list = append(list, r)
			return err
		})
	})
	return list, err
}
