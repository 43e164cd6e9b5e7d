package store

import (
	"context"
	"database/sql"

	"sluice/wsus/update"
)

// Totals says how much there is, at a glance.
type Totals struct {
	Devices   int // all machines, enrolled or not
	Enrolled  int // of those
	Approvals int
	Waiting   int // approvals whose files or license terms are missing
	Declined  int
	Files     int   // payload files held, each digest once
	Bytes     int64 // of those files
}

// Totals counts what the store holds.
func (s *Store) Totals(ctx context.Context) (t Totals, _ error) {
	err := s.read(ctx, "totals", func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT
			(SELECT count(*) FROM device), (SELECT coalesce(sum(enrolled), 0) FROM device),
			(SELECT count(*) FROM deployment WHERE deleted IS NULL),
			(SELECT count(*) FROM deployment WHERE deleted IS NULL AND waiting = 1),
			(SELECT count(*) FROM decline), count(*), coalesce(sum(size), 0)
			FROM (SELECT max(size) AS size FROM held GROUP BY digest)`).
			Scan(&t.Devices, &t.Enrolled, &t.Approvals, &t.Waiting, &t.Declined, &t.Files, &t.Bytes)
	})
	return t, err
}

// GroupSizes returns how many devices were put into each group itself, not into
// those inside it. Groups without any are not in the map.
func (s *Store) GroupSizes(ctx context.Context) (map[update.ID]int, error) {
	sizes := make(map[update.ID]int)
	err := s.read(ctx, "group sizes", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT group_id, count(*) FROM device_member GROUP BY group_id`)
		return each(rows, err, func(scan func(...any) error) error {
			var id update.ID
			var n int
			err := scan(guid{&id}, &n)
			sizes[id] = n
			return err
		})
	})
	return sizes, err
}
