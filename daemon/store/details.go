package store

import (
	"context"
	"database/sql"
	"fmt"

	"sluice/wsus/clientsync"
	"sluice/wsus/update"
)

var _ clientsync.Bodies = (*Store)(nil)

const detailsQuery = `SELECT v.id, v.language, b.extended, b.localized, b.eula
	FROM served v JOIN body b ON b.variant_id = v.id WHERE v.revision_id = ?`

// Details returns what extended information tells of a revision, see
// [clientsync.Bodies].
func (s *Store) Details(ctx context.Context, id update.RevisionID) (*clientsync.Details, error) {
	var d clientsync.Details
	err := s.read(ctx, fmt.Sprintf("details of revision %d", id), func(ctx context.Context, tx *sql.Tx) error {
		var (
			variant                   int64
			extended, localized, eula []byte
		)
		err := tx.QueryRowContext(ctx, detailsQuery, id).
			Scan(&variant, &d.DefaultLanguage, &extended, &localized, &eula)
		if err != nil {
			return missing(err)
		}
		if d.Extended, err = s.codec.unpack(extended); err != nil {
			return err
		}
		if d.Localized, err = s.codec.unpackLocalized(localized); err != nil {
			return err
		}
		if d.Eula, err = s.codec.unpackLocalized(eula); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `SELECT `+fileColumns+` FROM variant_file f WHERE f.variant_id = ? ORDER BY f.n`, variant)
		d.Files, err = scanFiles(rows, err)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &d, nil
}
