package store

import (
	"context"
	"database/sql"
	"iter"
	"time"

	"sluice/wsus/catalog"
)

// graphRead is how long the reading of the whole graph may take. It is longer
// than other reads because without it no door can open.
const graphRead = time.Minute

// GraphRows yields what [catalog.Build] needs: the served variant of every
// revision that has one, by RevisionID, from one state of the database.
func (s *Store) GraphRows(ctx context.Context) iter.Seq2[catalog.Row, error] {
	return func(yield func(catalog.Row, error) bool) {
		stopped := false
		err := s.readFor(ctx, graphRead, "revision graph", func(ctx context.Context, tx *sql.Tx) error {
			return graphRows(ctx, tx, func(r catalog.Row) bool {
				stopped = !yield(r, nil)
				return !stopped
			})
		})
		if err != nil && !stopped {
			yield(catalog.Row{}, err)
		}
	}
}

// CatalogSeq returns the number of the commit that last changed what
// [Store.GraphRows] yields; 0 where nothing was imported yet.
func (s *Store) CatalogSeq(ctx context.Context) (seq int64, _ error) {
	err := s.read(ctx, "catalog seq", func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT coalesce(max(applied_seq), 0) FROM import
			WHERE state = 'applied' AND EXISTS (SELECT 1 FROM variant WHERE import_id = import.id)`).Scan(&seq)
	})
	return seq, err
}

// graphRows reads the variants of each revision one after the other, the worst
// first, and hands over the last. The first import of a revision tells since
// when it is served.
func graphRows(ctx context.Context, tx *sql.Tx, yield func(catalog.Row) bool) error {
	rows, err := tx.QueryContext(ctx, `SELECT v.revision_id, v.id, r.update_id, r.number, v.type, v.category, v.flags,
		v.is_document, v.relations, v.wire_len, v.xpress_len, i.finished, i.applied_seq
		FROM variant v JOIN revision r ON r.id = v.revision_id JOIN import i ON i.id = v.import_id
		WHERE i.state = 'applied' ORDER BY v.revision_id, v.is_document, v.import_id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var (
		row       catalog.Row
		relations []byte
	)
	hand := func() (bool, error) {
		rel, err := decodeRelations(relations)
		if err != nil {
			return false, err
		}
		row.Prerequisites, row.Bundles, row.Supersedes, row.Drivers = rel.prerequisites, rel.bundles, rel.supersedes, rel.drivers
		return yield(row), nil
	}
	for rows.Next() {
		var (
			next    catalog.Row
			raw     sql.RawBytes
			flags   variantFlags
			applied int64
		)
		if err := rows.Scan(&next.ID, &next.Core, guid{&next.Identity.ID}, &next.Identity.Number, &next.Type, &next.Category, &flags,
			&next.Document, &raw, &next.PlainLen, &next.XpressLen, &applied, &next.Seq); err != nil {
			return err
		}
		next.Deployable, next.Expired, next.Always = flags&flagDeployable != 0, flags&flagExpired != 0, flags&flagAlways != 0
		next.Since = fromMillis(applied)
		switch {
		case row.ID == 0:
		case next.ID == row.ID && row.Seq <= next.Seq:
			next.Since, next.Seq = row.Since, row.Seq
		case next.ID != row.ID:
			if more, err := hand(); err != nil || !more {
				return err
			}
		}
		row, relations = next, append(relations[:0], raw...)
	}
	if err := rows.Err(); err != nil || row.ID == 0 {
		return err
	}
	_, err = hand()
	return err
}
