package store

import (
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"

	"sluice/wsus/reporting"
	"sluice/wsus/update"
)

// deviceStates is how updates stand on one device, while a report is worked in.
type deviceStates struct {
	tx        *Tx
	device    int64
	open      map[int64]openState // by update number
	installed map[int64]bool
	reported  int64 // time of the newest status of WSUS
	hash      []byte
	received  int64 // when the report arrived

	// What each source says, of a device that reported by OMA DM; nil of others,
	// where open and installed are what WSUS says.
	wsus, own *view

	ids    map[int64]update.ID // of numbers that were looked up
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
	if err != nil {
		return nil, err
	}
	return w, w.loadViews()
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
	w.ids[n] = id
	return n, w.err == nil
}

// idOf is the inverse of number.
func (w *deviceStates) idOf(n int64) (id update.ID, _ error) {
	if id, ok := w.ids[n]; ok {
		return id, nil
	}
	err := w.tx.get([]any{guid{&id}}, `SELECT update_id FROM update_number WHERE id = ?`, n)
	w.ids[n] = id
	return id, err
}

// put gives an update a state that counts. One that stays as it is keeps its
// time.
func (w *deviceStates) put(n int64, o openState) {
	old := w.state(n)
	if old == o.state {
		return
	}
	if _, ok := w.before[n]; !ok {
		w.before[n] = old
	}
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
	if !ok || w.stateByWSUS(n) == update.Installed && c.State == update.Failed || w.late(c.Time) {
		return
	}
	w.tell(n, said{c.State, millis(c.Time), c.Win32Result, millis(c.Time)})
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
		w.tell(n, said{state: state, since: at})
	}
	w.keep(named)
	w.reported, w.hash = at, statusHash(st)
	if w.wsus != nil {
		w.wsus.reported = at
		w.settleAll()
	}
}

// keep makes all updates but the named ones not applicable, as far as WSUS says.
func (w *deviceStates) keep(named map[int64]bool) {
	var gone []int64
	if w.wsus != nil {
		for n := range w.wsus.states {
			gone = append(gone, n)
		}
	} else {
		gone = w.numbers()
	}
	for _, n := range gone {
		if !named[n] {
			w.tell(n, said{state: update.NotApplicable})
		}
	}
}

// numbers returns the updates that have a state that counts.
func (w *deviceStates) numbers() []int64 {
	return append(slices.Collect(maps.Keys(w.open)), slices.Collect(maps.Keys(w.installed))...)
}

// forget takes all states away, of both sources.
func (w *deviceStates) forget() {
	for _, n := range w.numbers() {
		w.put(n, openState{state: update.NotApplicable})
	}
	if w.wsus != nil {
		w.wsus, w.own = newView(), newView()
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
		id, err := w.idOf(n)
		if err != nil {
			return err
		}
		if err := w.count(id, before, -1); err != nil {
			return err
		}
		if err := w.count(id, after, 1); err != nil {
			return err
		}
	}
	if err := w.saveViews(); err != nil {
		return err
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
