package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"sluice/daemon/fleet"
	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

// LoadRoster shows every set and every device's seat to r, and calls known for
// every client id that a device has.
func (s *Store) LoadRoster(ctx context.Context, r *fleet.Roster, known func(clientID string, device int64)) error {
	return s.readFor(ctx, maxLoad, "load roster", func(ctx context.Context, tx *sql.Tx) error {
		var groups []catalog.GroupSet
		rows, err := tx.QueryContext(ctx, `SELECT id, groups FROM group_set`)
		err = each(rows, err, func(scan func(...any) error) error {
			var n int32
			var b []byte
			if err := scan(&n, &b); err != nil {
				return err
			}
			set, err := decodeGroupSet(b)
			groups = extend(groups, n)
			groups[n] = set
			return err
		})
		if err != nil {
			return err
		}
		var holds []catalog.HoldSet
		rows, err = tx.QueryContext(ctx, `SELECT id, holds FROM hold_set`)
		err = each(rows, err, func(scan func(...any) error) error {
			var n int32
			var b []byte
			if err := scan(&n, &b); err != nil {
				return err
			}
			set, err := decodeHoldSet(b)
			holds = extend(holds, n)
			holds[n] = set
			return err
		})
		if err != nil {
			return err
		}
		r.PutSets(groups, holds)
		rows, err = tx.QueryContext(ctx, `SELECT id, coalesce(client_id, ''), registered, group_set, hold_set FROM device`)
		return each(rows, err, func(scan func(...any) error) error {
			var id int64
			var client string
			var seat fleet.Seat
			if err := scan(&id, &client, &seat.Registered, &seat.Plan.GroupSet, &seat.Plan.HoldSet); err != nil {
				return err
			}
			r.Put(id, seat)
			if client != "" {
				known(client, id)
			}
			return nil
		})
	})
}

// extend makes room for index n.
func extend[T any](list []T, n int32) []T {
	for int(n) >= len(list) {
		var zero T
		list = append(list, zero)
	}
	return list
}

// reseat gives the devices in the listed groups the sets that the tree means
// for them now.
func (tx *Tx) reseat(tree *fleet.Tree, groups []update.ID) (*fleet.SeatChanges, error) {
	devices, err := tx.membersOf(groups)
	if err != nil {
		return nil, err
	}
	return tx.reseatDevices(tree, devices)
}

// membersOf returns the devices that were put into any of the groups.
func (tx *Tx) membersOf(groups []update.ID) ([]int64, error) {
	seen := make(map[int64]bool)
	var devices []int64
	for _, g := range groups {
		rows, err := tx.query(`SELECT device_id FROM device_member WHERE group_id = ?`, g[:])
		err = each(rows, err, func(scan func(...any) error) error {
			var d int64
			err := scan(&d)
			if !seen[d] {
				seen[d] = true
				devices = append(devices, d)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return devices, nil
}

// reseatDevices is reseat for devices. Only seats that change are written and
// returned.
func (tx *Tx) reseatDevices(tree *fleet.Tree, devices []int64) (*fleet.SeatChanges, error) {
	c := fleet.NewSeatChanges()
	for _, d := range devices {
		members, err := tx.memberships(d)
		if err != nil {
			return nil, err
		}
		holds, err := tx.holds(d)
		if err != nil {
			return nil, err
		}
		var old, seat fleet.Seat
		err = tx.get([]any{&old.Registered, &old.Plan.GroupSet, &old.Plan.HoldSet},
			`SELECT registered, group_set, hold_set FROM device WHERE id = ?`, d)
		if err != nil {
			return nil, fmt.Errorf("device %d: %w", d, missing(err))
		}
		seat.Registered = old.Registered
		if seat.Plan.GroupSet, err = tx.internGroups(c, tree.SetOf(members)); err != nil {
			return nil, err
		}
		if seat.Plan.HoldSet, err = tx.internHolds(c, holds); err != nil {
			return nil, err
		}
		if seat == old {
			continue
		}
		if _, err := tx.exec(`UPDATE device SET group_set = ?, hold_set = ? WHERE id = ?`, seat.Plan.GroupSet, seat.Plan.HoldSet, d); err != nil {
			return nil, err
		}
		c.Seats[d] = seat
	}
	if len(c.Seats) > 0 {
		if _, err := tx.Bump(FleetChanged); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (tx *Tx) memberships(device int64) (groups []update.ID, _ error) {
	rows, err := tx.query(`SELECT group_id FROM device_member WHERE device_id = ? ORDER BY group_id`, device)
	err = each(rows, err, func(scan func(...any) error) error {
		var id update.ID
		err := scan(guid{&id})
		groups = append(groups, id)
		return err
	})
	return groups, err
}

func (tx *Tx) holds(device int64) (set catalog.HoldSet, _ error) {
	rows, err := tx.query(`SELECT update_id FROM hold WHERE device_id = ? ORDER BY update_id`, device)
	err = each(rows, err, func(scan func(...any) error) error {
		var id update.ID
		err := scan(guid{&id})
		if id.IsZero() {
			set.All = true
		} else {
			set.Updates = append(set.Updates, id)
		}
		return err
	})
	if set.All {
		set.Updates = nil // of no further effect, and so one set the less
	}
	return set, err
}

func (tx *Tx) internGroups(c *fleet.SeatChanges, set catalog.GroupSet) (int32, error) {
	b := make([]byte, 0, 17*len(set))
	for _, g := range set {
		b = append(append(b, g.Group[:]...), byte(g.Depth))
	}
	n, err := tx.intern(`SELECT id FROM group_set WHERE groups = ?`, `INSERT INTO group_set (groups) VALUES (?) RETURNING id`, b)
	c.Groups[n] = set
	return n, err
}

func (tx *Tx) internHolds(c *fleet.SeatChanges, set catalog.HoldSet) (int32, error) {
	b := make([]byte, 0, 16*len(set.Updates))
	if set.All {
		b = make([]byte, 16)
	}
	for _, id := range set.Updates {
		b = append(b, id[:]...)
	}
	n, err := tx.intern(`SELECT id FROM hold_set WHERE holds = ?`, `INSERT INTO hold_set (holds) VALUES (?) RETURNING id`, b)
	c.Holds[n] = set
	return n, err
}

func (tx *Tx) intern(find, insert string, b []byte) (n int32, err error) {
	err = tx.get([]any{&n}, find, b)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.get([]any{&n}, insert, b)
	}
	return n, err
}

func decodeGroupSet(b []byte) (catalog.GroupSet, error) {
	if len(b)%17 != 0 {
		return nil, errors.New("a group set of a wrong length")
	}
	set := make(catalog.GroupSet, 0, len(b)/17)
	for ; len(b) > 0; b = b[17:] {
		set = append(set, catalog.GroupDepth{Group: update.ID(b[:16]), Depth: int(b[16])})
	}
	return set, nil
}

func decodeHoldSet(b []byte) (set catalog.HoldSet, _ error) {
	if len(b)%16 != 0 {
		return set, errors.New("a hold set of a wrong length")
	}
	for ; len(b) > 0; b = b[16:] {
		if id := update.ID(b[:16]); id.IsZero() {
			set.All = true
		} else {
			set.Updates = append(set.Updates, id)
		}
	}
	return set, nil
}
