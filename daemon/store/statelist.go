package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"sluice/wsus/update"
)

// DeviceState is how one update stands on a device.
type DeviceState struct {
	Update  update.ID
	State   update.State // that counts
	Since   time.Time    // zero for installed ones
	Result  int32        // HRESULT of a failure
	Source  string       // whose state it is: status and event are of WSUS, mdm of OMA DM
	Sources []SourceState
}

// SourceState is how an update stands as one source says.
type SourceState struct {
	Source   string // wsus or mdm
	State    update.State
	Since    time.Time // zero where that is not kept
	Reported time.Time // when it said so last
	Result   int32     // HRESULT of a failure
}

// DeviceStates returns how updates stand on a device, open ones first, as it
// counts and as each source says.
func (s *Store) DeviceStates(ctx context.Context, device int64) (list []DeviceState, _ error) {
	err := s.read(ctx, "device states", func(ctx context.Context, tx *sql.Tx) error {
		numbers := make(map[int64]update.ID)
		open, installed, reported, err := effective(ctx, tx, device, numbers)
		if err != nil {
			return err
		}
		wsus, own, err := views(ctx, tx, device)
		if err != nil {
			return err
		}
		add := func(n int64, o openState) error {
			id, ok := numbers[n]
			if !ok {
				if err := tx.QueryRowContext(ctx, `SELECT update_id FROM update_number WHERE id = ?`, n).Scan(guid{&id}); err != nil {
					return err
				}
			}
			d := DeviceState{Update: id, State: o.state, Since: fromMillis(o.since), Result: o.result, Source: o.source}
			if wsus == nil {
				at := max(reported, o.since)
				d.Sources = []SourceState{{"wsus", o.state, fromMillis(o.since), fromMillis(at), o.result}}
			} else {
				d.Source = counts(wsus, own, n).source
				d.Sources = append(wsus.source("wsus", n), own.source("mdm", n)...)
			}
			list = append(list, d)
			return nil
		}
		for n, o := range open {
			if err := add(n, o); err != nil {
				return err
			}
		}
		slices.SortFunc(list, func(a, b DeviceState) int {
			if c := b.Since.Compare(a.Since); c != 0 {
				return c
			}
			return compareIDs(a.Update, b.Update)
		})
		for _, n := range installed {
			if err := add(n, openState{state: update.Installed, source: "status"}); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// source returns what a source says of an update, if anything.
func (v *view) source(name string, n int64) []SourceState {
	s, ok := v.states[n]
	if !ok {
		return nil
	}
	at, _ := v.last(n)
	return []SourceState{{name, s.state, fromMillis(s.since), fromMillis(at), s.result}}
}

// effective reads the states that count, and the ids of the open ones by number.
func effective(ctx context.Context, tx *sql.Tx, device int64, ids map[int64]update.ID) (open map[int64]openState, installed []int64, reported int64, _ error) {
	open = make(map[int64]openState)
	rows, err := tx.QueryContext(ctx, `SELECT o.update_no, n.update_id, o.state, o.since, o.result, o.source FROM open_state o
		JOIN update_number n ON n.id = o.update_no WHERE o.device_id = ?`, device)
	err = each(rows, err, func(scan func(...any) error) error {
		var n int64
		var id update.ID
		var o openState
		err := scan(&n, guid{&id}, &o.state, &o.since, &o.result, &o.source)
		open[n], ids[n] = o, id
		return err
	})
	if err != nil {
		return nil, nil, 0, err
	}
	var set []byte
	err = tx.QueryRowContext(ctx, `SELECT updates, reported FROM device_installed WHERE device_id = ?`, device).Scan(&set, &reported)
	if errors.Is(err, sql.ErrNoRows) {
		return open, nil, 0, nil
	}
	if err != nil {
		return nil, nil, 0, err
	}
	installed, err = decodeSet(set)
	return open, installed, reported, err
}

// views reads what each source says, nil where that is not kept apart.
func views(ctx context.Context, tx *sql.Tx, device int64) (wsus, own *view, _ error) {
	rows, err := tx.QueryContext(ctx, `SELECT source, reported, states FROM device_source WHERE device_id = ?`, device)
	err = each(rows, err, func(scan func(...any) error) error {
		var source string
		v, err := scanView(scan, &source)
		if source == "wsus" {
			wsus = v
		} else {
			own = v
		}
		return err
	})
	return wsus, own, err
}
