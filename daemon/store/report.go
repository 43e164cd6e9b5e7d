package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"sluice/wsus/reporting"
	"sluice/wsus/update"
)

// Report keeps what a device reported: its events, and how updates stand on it.
// What is kept already is left alone, so that a batch that comes again, or says
// what the last one said, writes nothing.
func (s *Store) Report(ctx context.Context, device int64, r reporting.Report) error {
	same, err := s.sameReport(ctx, device, &r)
	if err != nil || same {
		return err
	}
	return s.Write(ctx, fmt.Sprint("report of device ", device), func(tx *Tx) error {
		if err := tx.events(device, &r); err != nil {
			return err
		}
		w, err := tx.deviceStates(device)
		if err != nil {
			return err
		}
		w.received = millis(r.Received)
		for _, c := range r.States {
			w.change(c)
		}
		if r.Status != nil {
			w.status(r.Status)
		}
		if err := w.save(); err != nil {
			return err
		}
		if len(r.Events) > 0 {
			if err := tx.boundEvents(device); err != nil {
				return err
			}
		}
		_, err = tx.exec(`UPDATE device SET last_report = ?1, last_seen = max(last_seen, ?1) WHERE id = ?2`, millis(tx.Now), device)
		return err
	})
}

// sameReport reports whether there is nothing to write: no event that is new,
// and a status equal to the last.
func (s *Store) sameReport(ctx context.Context, device int64, r *reporting.Report) (same bool, _ error) {
	if len(r.States) > 0 {
		return false, nil
	}
	err := s.read(ctx, "last report", func(ctx context.Context, tx *sql.Tx) error {
		var reported int64
		var hash []byte
		var overruled bool // by what the other source said since
		err := tx.QueryRowContext(ctx, `SELECT d.last_report, coalesce(i.hash, x''),
				EXISTS (SELECT 1 FROM device_source m WHERE m.device_id = d.id AND m.source = 'mdm' AND m.reported >= i.reported)
			FROM device d LEFT JOIN device_installed i ON i.device_id = d.id WHERE d.id = ?`, device).Scan(&reported, &hash, &overruled)
		if err != nil {
			return fmt.Errorf("device %d: %w", device, missing(err))
		}
		if r.Received.Sub(fromMillis(reported)) > seenEvery || r.Status != nil && (overruled || !bytes.Equal(hash, statusHash(r.Status))) {
			return nil
		}
		for i := range r.Events {
			var known bool
			e := &r.Events[i]
			err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM event WHERE device_id = ?1 AND time = ?2 AND instance = ?3)
				OR EXISTS (SELECT 1 FROM last_event WHERE device_id = ?1 AND event_id = ?4 AND instance = ?3)`,
				device, millis(e.Time), e.InstanceID[:], e.EventID).Scan(&known)
			if err != nil || !known {
				return err
			}
		}
		same = true
		return nil
	})
	return same, err
}

// statusHash tells two statuses apart, whatever their times.
func statusHash(st *reporting.Status) []byte {
	ids := make([]update.ID, 0, len(st.States))
	for id := range st.States {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b update.ID) int { return bytes.Compare(a[:], b[:]) })
	h := sha256.New()
	for _, id := range ids {
		h.Write(append(id[:], byte(st.States[id])))
	}
	return h.Sum(nil)
}

// events keeps events once: of those that name no update the latest of a kind.
// One that seems to lie in the future is from before the server's clock was set
// back, and gives way.
func (tx *Tx) events(device int64, r *reporting.Report) error {
	known, err := tx.knownEvents(device, r)
	if err != nil {
		return err
	}
	for i := range r.Events {
		e := &r.Events[i]
		if known[e.InstanceID] {
			continue
		}
		texts, misc := jsonStrings(e.Replacement), jsonStrings(e.Misc)
		if e.Update.ID.IsZero() {
			_, err = tx.exec(`INSERT INTO last_event (device_id, event_id, time, instance, source, result, app, texts, misc)
				VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
				ON CONFLICT DO UPDATE SET time = ?3, instance = ?4, source = ?5, result = ?6, app = ?7, texts = ?8, misc = ?9 WHERE ?3 >= time OR time > ?10`,
				device, e.EventID, millis(e.Time), e.InstanceID[:], e.Source, e.Win32Result, e.AppName, texts, misc, millis(r.Received))
		} else {
			_, err = tx.exec(`INSERT OR IGNORE INTO event (device_id, time, instance, event_id, source, update_id, number, result, app, texts, misc)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				device, millis(e.Time), e.InstanceID[:], e.EventID, e.Source, e.Update.ID[:], e.Update.Number, e.Win32Result, e.AppName, texts, misc)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// movedBy is how far apart the times may be that an event gets when it comes
// twice from a client whose clock is off.
const movedBy = 24 * time.Hour

// knownEvents returns the instances that are kept of a device around the times
// of a report. Only a clock that is off needs it: elsewhere an event that comes
// again has the same time and so the same key.
func (tx *Tx) knownEvents(device int64, r *reporting.Report) (map[update.ID]bool, error) {
	if !r.Moved || len(r.Events) == 0 {
		return nil, nil
	}
	from, to := r.Events[0].Time, r.Events[len(r.Events)-1].Time
	known := make(map[update.ID]bool)
	rows, err := tx.query(`SELECT instance FROM event WHERE device_id = ? AND time BETWEEN ? AND ?`,
		device, millis(from.Add(-movedBy)), millis(to.Add(movedBy)))
	err = each(rows, err, func(scan func(...any) error) error {
		var id update.ID
		err := scan(guid{&id})
		known[id] = true
		return err
	})
	return known, err
}

func jsonStrings(list []string) string {
	if len(list) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(list) // strings always marshal
	return string(b)
}

// PurgeEvents deletes events older than keep, of servers older than keepServers.
func (s *Store) PurgeEvents(ctx context.Context, keep, keepServers time.Duration) error {
	last := int64(0)
	return s.WriteTurns(ctx, "purge events", func(tx *Tx) (bool, error) {
		var server bool
		err := tx.get([]any{&last, &server}, `SELECT id, server FROM device WHERE id > ? ORDER BY id LIMIT 1`, last)
		if errors.Is(err, sql.ErrNoRows) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		age := keep
		if server {
			age = keepServers
		}
		_, err = tx.exec(`DELETE FROM event WHERE device_id = ? AND time < ?`, last, millis(tx.Now.Add(-age)))
		return false, err
	})
}
