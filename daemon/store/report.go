package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
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
		err := tx.QueryRowContext(ctx, `SELECT d.last_report, coalesce(i.hash, x'') FROM device d
			LEFT JOIN device_installed i ON i.device_id = d.id WHERE d.id = ?`, device).Scan(&reported, &hash)
		if err != nil {
			return fmt.Errorf("device %d: %w", device, missing(err))
		}
		if r.Received.Sub(fromMillis(reported)) > seenEvery || r.Status != nil && !bytes.Equal(hash, statusHash(r.Status)) {
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

// deviceStates is how updates stand on one device, while a report is worked in.
type deviceStates struct {
	tx        *Tx
	device    int64
	open      map[int64]openState // by update number
	installed map[int64]bool
	reported  int64
	hash      []byte
	received  int64 // when the report arrived

	ids    map[int64]update.ID // of the numbers that changed
	before map[int64]update.State
	err    error
}

type openState struct {
	state  update.State
	since  int64
	result int32
	source string
}

// deviceStates reads how updates stand on a device.
func (tx *Tx) deviceStates(device int64) (*deviceStates, error) {
	w := &deviceStates{
		tx: tx, device: device, open: make(map[int64]openState), installed: make(map[int64]bool),
		ids: make(map[int64]update.ID), before: make(map[int64]update.State),
	}
	var set []byte
	err := tx.get([]any{&set, &w.reported, &w.hash}, `SELECT updates, reported, hash FROM device_installed WHERE device_id = ?`, device)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	if w.hash == nil {
		w.hash = []byte{} // of a device that sent no status yet
	}
	numbers, err := decodeSet(set)
	if err != nil {
		return nil, err
	}
	for _, n := range numbers {
		w.installed[n] = true
	}
	rows, err := tx.query(`SELECT update_no, state, since, result, source FROM open_state WHERE device_id = ?`, device)
	err = each(rows, err, func(scan func(...any) error) error {
		var n int64
		var o openState
		err := scan(&n, &o.state, &o.since, &o.result, &o.source)
		w.open[n] = o
		return err
	})
	return w, err
}

func (w *deviceStates) state(n int64) update.State {
	if w.installed[n] {
		return update.Installed
	}
	if o, ok := w.open[n]; ok {
		return o.state
	}
	return update.NotApplicable
}

// number returns the small number of an update.
func (w *deviceStates) number(id update.ID) (n int64, ok bool) {
	if w.err != nil {
		return 0, false
	}
	w.err = w.tx.get([]any{&n}, `SELECT id FROM update_number WHERE update_id = ?`, id[:])
	if errors.Is(w.err, sql.ErrNoRows) {
		w.err = w.tx.get([]any{&n}, `INSERT INTO update_number (update_id) VALUES (?) RETURNING id`, id[:])
	}
	return n, w.err == nil
}

// put gives an update a state. One that stays as it is keeps its time.
func (w *deviceStates) put(n int64, id update.ID, o openState) {
	old := w.state(n)
	if old == o.state {
		return
	}
	if _, ok := w.before[n]; !ok {
		w.before[n] = old
	}
	w.ids[n] = id
	delete(w.installed, n)
	delete(w.open, n)
	switch o.state {
	case update.Installed:
		w.installed[n] = true
	case update.NotInstalled, update.Downloaded, update.Failed, update.InstalledPendingReboot:
		w.open[n] = o
	}
}

// late reports whether the device's last status is newer than what happened at
// t. One that seems to lie in the future is from before the server's clock was
// set back.
func (w *deviceStates) late(t time.Time) bool {
	return millis(t) < w.reported && w.reported <= w.received
}

// change works in one change that an event told of at once. What a device says
// that it has is not undone by a failure to install it again.
func (w *deviceStates) change(c reporting.StateChange) {
	n, ok := w.number(c.Update.ID)
	if !ok || w.installed[n] && c.State == update.Failed || w.late(c.Time) {
		return
	}
	w.put(n, c.Update.ID, openState{c.State, millis(c.Time), c.Win32Result, "event"})
	w.hash = []byte{} // the next status may have to set it back
}

// status works in the full list of a device: what it does not name is not
// applicable. One that is older than the last is left.
func (w *deviceStates) status(st *reporting.Status) {
	if w.late(st.Time) {
		return
	}
	at := millis(st.Time)
	named := make(map[int64]bool, len(st.States))
	for id, state := range st.States {
		n, ok := w.number(id)
		if !ok {
			return
		}
		named[n] = true
		w.put(n, id, openState{state, at, 0, "status"})
	}
	w.keep(named)
	w.reported, w.hash = at, statusHash(st)
}

// keep makes all updates not applicable but the named ones.
func (w *deviceStates) keep(named map[int64]bool) {
	var gone []int64
	for n := range w.open {
		if !named[n] {
			gone = append(gone, n)
		}
	}
	for n := range w.installed {
		if !named[n] {
			gone = append(gone, n)
		}
	}
	for _, n := range gone {
		var id update.ID
		if w.err = w.tx.get([]any{guid{&id}}, `SELECT update_id FROM update_number WHERE id = ?`, n); w.err != nil {
			return
		}
		w.put(n, id, openState{state: update.NotApplicable})
	}
}

// countColumns are the columns of update_count by state.
var countColumns = map[update.State]string{
	update.NotInstalled: "not_installed", update.Downloaded: "downloaded", update.Installed: "installed",
	update.Failed: "failed", update.InstalledPendingReboot: "pending",
}

// save writes what changed, and the counters with it.
func (w *deviceStates) save() error {
	if w.err != nil {
		return w.err
	}
	set := false
	for n, before := range w.before {
		after := w.state(n)
		if before == after {
			continue
		}
		set = set || before == update.Installed || after == update.Installed
		var err error
		if o, ok := w.open[n]; ok {
			_, err = w.tx.exec(`INSERT INTO open_state (device_id, update_no, state, since, result, source) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
				ON CONFLICT DO UPDATE SET state = ?3, since = ?4, result = ?5, source = ?6`, w.device, n, o.state, o.since, o.result, o.source)
		} else {
			_, err = w.tx.exec(`DELETE FROM open_state WHERE device_id = ? AND update_no = ?`, w.device, n)
		}
		if err != nil {
			return err
		}
		if err := w.count(w.ids[n], before, -1); err != nil {
			return err
		}
		if err := w.count(w.ids[n], after, 1); err != nil {
			return err
		}
	}
	_, err := w.tx.exec(`INSERT INTO device_installed (device_id, updates, reported, hash) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT DO UPDATE SET updates = CASE WHEN ?5 THEN ?2 ELSE updates END, reported = ?3, hash = ?4`,
		w.device, encodeSet(w.installed), w.reported, w.hash, set)
	return err
}

func (w *deviceStates) count(id update.ID, st update.State, by int) error {
	column, ok := countColumns[st]
	if !ok {
		return nil
	}
	_, err := w.tx.exec(`INSERT INTO update_count (update_id, `+column+`) VALUES (?1, ?2)
		ON CONFLICT DO UPDATE SET `+column+` = `+column+` + ?2`, id[:], by)
	return err
}

// encodeSet writes a set of numbers as varint differences in ascending order.
func encodeSet(set map[int64]bool) []byte {
	numbers := make([]int64, 0, len(set))
	for n := range set {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	b := make([]byte, 0, 2*len(numbers))
	last := int64(0)
	for _, n := range numbers {
		b = binary.AppendUvarint(b, uint64(n-last))
		last = n
	}
	return b
}

// decodeSet is the inverse of encodeSet.
func decodeSet(b []byte) (numbers []int64, _ error) {
	last := int64(0)
	for len(b) > 0 {
		d, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errors.New("a set of numbers breaks off")
		}
		last += int64(d)
		numbers, b = append(numbers, last), b[n:]
	}
	return numbers, nil
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
