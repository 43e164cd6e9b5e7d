package store

import (
	"context"
	"database/sql"
	"maps"
	"time"

	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
)

// maxNeeded bounds the list of needed updates: devices may name any.
const maxNeeded = 20_000

// Needed is an update that devices report by OMA DM as not installed, and that
// the catalog lacks. Nothing but its id is known of it, so a definition update
// cannot be told from another.
type Needed struct {
	Update  update.ID
	Number  int32     // the greatest revision number told; 0 for none
	Type    tree.Type // as devices say
	Devices int
	First   time.Time // when one was first told of
	Last    time.Time // within the last report that named it
}

// need notes which of the updates that a device wants are not in the catalog.
func (tx *Tx) need(r *tree.Report) error {
	want := r.States()
	maps.DeleteFunc(want, func(_ update.ID, s tree.Standing) bool {
		return s.State != update.NotInstalled && s.State != update.Downloaded && s.State != update.Failed
	})
	for _, id := range firstIDs(want, maxOpen) {
		_, err := tx.exec(`INSERT INTO needed (update_id, number, type, first, last) SELECT ?1, ?2, ?3, ?4, ?4
			WHERE NOT EXISTS (SELECT 1 FROM served WHERE update_id = ?1)
				AND (EXISTS (SELECT 1 FROM needed WHERE update_id = ?1) OR (SELECT count(*) FROM needed) < ?5)
			ON CONFLICT DO UPDATE SET number = max(number, ?2), type = max(type, ?3), last = ?4`,
			id[:], want[id].Number, int(r.Installable[id].Type), millis(tx.Now), maxNeeded)
		if err != nil {
			return err
		}
	}
	return nil
}

// NeededFilter chooses a page of needed updates.
type NeededFilter struct {
	After update.ID // those after it: the last one of the page before
	Limit int       // at most 1,000; 100 where zero
}

const neededQuery = `SELECT n.update_id, n.number, n.type, n.first, n.last, c.not_installed + c.downloaded + c.failed
	FROM needed n JOIN update_count c ON c.update_id = n.update_id
	WHERE n.update_id > ? AND c.not_installed + c.downloaded + c.failed > 0
		AND NOT EXISTS (SELECT 1 FROM served s WHERE s.update_id = n.update_id)
	ORDER BY n.update_id LIMIT ?`

// NeededUpdates returns a page of the updates that devices report and the
// catalog lacks, in order of their ids.
func (s *Store) NeededUpdates(ctx context.Context, f NeededFilter) (list []Needed, _ error) {
	err := s.read(ctx, "needed updates", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, neededQuery, f.After[:], pageLimit(f.Limit))
		return each(rows, err, func(scan func(...any) error) error {
			var n Needed
			var first, last int64
			err := scan(guid{&n.Update}, &n.Number, &n.Type, &first, &last, &n.Devices)
			n.First, n.Last = fromMillis(first), fromMillis(last)
			list = append(list, n)
			return err
		})
	})
	return list, err
}

// PurgeNeeded deletes needed updates that the catalog has by now, and those that
// no device wants any more.
func (s *Store) PurgeNeeded(ctx context.Context) error {
	last := update.ID{}
	return s.WriteTurns(ctx, "purge needed updates", func(tx *Tx) (bool, error) {
		rows, err := tx.query(`SELECT update_id FROM needed WHERE update_id > ? ORDER BY update_id LIMIT 200`, last[:])
		ids, err := scanIDs(rows, err)
		if err != nil || len(ids) == 0 {
			return true, err
		}
		last = ids[len(ids)-1]
		for _, id := range ids {
			if _, err := tx.exec(`DELETE FROM needed WHERE update_id = ?1 AND (EXISTS (SELECT 1 FROM served WHERE update_id = ?1)
				OR NOT EXISTS (SELECT 1 FROM update_count c WHERE c.update_id = ?1 AND c.not_installed + c.downloaded + c.failed > 0))`, id[:]); err != nil {
				return false, err
			}
		}
		return false, nil
	})
}
