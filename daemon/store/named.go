package store

import (
	"context"
	"database/sql"

	"sluice/wsus/update"
)

// NamedInScope reports whether a served revision that names a file is of an
// update for which inScope holds. Members of bundles in scope are so themselves.
func (s *Store) NamedInScope(ctx context.Context, d update.Digest, inScope func(update.ID) bool) (bool, error) {
	var ids []update.ID
	err := s.read(ctx, "updates that name a file", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT DISTINCT r.update_id FROM variant_file f
			JOIN variant v ON v.id = f.variant_id JOIN import i ON i.id = v.import_id
			JOIN revision r ON r.id = v.revision_id
			WHERE f.digest = ? AND i.state = 'applied'`, d[:])
		return each(rows, err, func(scan func(...any) error) error {
			var id update.ID
			err := scan(guid{&id})
			ids = append(ids, id)
			return err
		})
	})
	if err != nil {
		return false, err
	}
	for _, id := range ids {
		if inScope(id) {
			return true, nil
		}
	}
	return false, nil
}
