package store

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
)

// A device that reports by OMA DM has two sources that tell how updates stand on
// it: that, and its Windows Update Agent through WSUS. Both are kept. Of an
// update that both name, what was said last counts: a full report says all that
// it names anew. A source that does not name an update says nothing of it, for
// neither knows all: OMA DM lists what the agent installed itself, WSUS what an
// administrator's server knows. So an update that only one names has the state
// that that one gives it.

// view is how updates stand on a device as one source says.
type view struct {
	reported int64 // time of its newest full report
	states   map[int64]said
}

// said is the state that a source gives an update, never not applicable.
type said struct {
	state  update.State
	since  int64
	result int32
	at     int64 // of the event that said so; 0 where the full report did
}

func newView() *view { return &view{states: make(map[int64]said)} }

// last returns when a source said last how an update stands.
func (v *view) last(n int64) (at int64, ok bool) {
	s, ok := v.states[n]
	return max(s.at, v.reported), ok
}

// put gives an update a state. One that stays as it is keeps its time.
func (v *view) put(n int64, s said) {
	if s.state == update.NotApplicable || s.state == update.StateUnknown {
		delete(v.states, n)
		return
	}
	if old, ok := v.states[n]; ok && old.state == s.state {
		s.since, s.result = old.since, old.result
	}
	v.states[n] = s
}

// counts returns which state of an update counts, and whose it is.
func counts(wsus, own *view, n int64) openState {
	theirs, told := wsus.last(n)
	ours, reported := own.last(n)
	switch {
	case told && (!reported || theirs > ours):
		s := wsus.states[n]
		return openState{s.state, s.since, s.result, wsusSource(s)}
	case reported:
		s := own.states[n]
		return openState{s.state, s.since, s.result, "mdm"}
	}
	return openState{state: update.NotApplicable}
}

func wsusSource(s said) string {
	if s.at != 0 {
		return "event"
	}
	return "status"
}

// loadViews reads what each source says, where that is kept apart.
func (w *deviceStates) loadViews() error {
	rows, err := w.tx.query(`SELECT source, reported, states FROM device_source WHERE device_id = ?`, w.device)
	return each(rows, err, func(scan func(...any) error) error {
		var source string
		v, err := scanView(scan, &source)
		if source == "wsus" {
			w.wsus = v
		} else {
			w.own = v
		}
		return err
	})
}

func scanView(scan func(...any) error, source *string) (*view, error) {
	var reported int64
	var b []byte
	if err := scan(source, &reported, &b); err != nil {
		return nil, err
	}
	states, err := readSaid(b)
	return &view{reported, states}, err
}

// saveViews is the inverse of loadViews.
func (w *deviceStates) saveViews() error {
	if w.wsus == nil {
		return nil
	}
	for source, v := range map[string]*view{"wsus": w.wsus, "mdm": w.own} {
		if _, err := w.tx.exec(`INSERT INTO device_source (device_id, source, reported, states) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT DO UPDATE SET reported = ?3, states = ?4`, w.device, source, v.reported, appendSaid(nil, v.states)); err != nil {
			return err
		}
	}
	return nil
}

// divide keeps what the sources say apart from now on: all until now is by WSUS.
func (w *deviceStates) divide() {
	if w.wsus == nil {
		w.wsus, w.own = w.viewOfWSUS(), newView()
	}
}

// viewOfWSUS returns what WSUS says, kept apart or not. Until it is kept apart
// only the time is known since when a state stands, not when an event last said
// so: then it counts as said by the newest status.
func (w *deviceStates) viewOfWSUS() *view {
	if w.wsus != nil {
		return w.wsus
	}
	v := newView()
	v.reported = w.reported
	for n, o := range w.open {
		s := said{state: o.state, since: o.since, result: o.result}
		if o.source == "event" {
			s.at = o.since
		}
		v.states[n] = s
	}
	for n := range w.installed {
		v.states[n] = said{state: update.Installed}
	}
	return v
}

// stateByWSUS returns how an update stands as WSUS says.
func (w *deviceStates) stateByWSUS(n int64) update.State {
	if w.wsus == nil {
		return w.state(n)
	}
	if s, ok := w.wsus.states[n]; ok {
		return s.state
	}
	return update.NotApplicable
}

// tell gives an update the state that WSUS says.
func (w *deviceStates) tell(n int64, s said) {
	if w.wsus == nil {
		w.put(n, openState{s.state, s.since, s.result, wsusSource(s)})
		return
	}
	w.wsus.put(n, s)
	w.put(n, counts(w.wsus, w.own, n))
}

// settleAll lets count what counts now that a source has reported in full.
func (w *deviceStates) settleAll() {
	for _, states := range []map[int64]said{w.wsus.states, w.own.states} {
		for n := range states {
			w.put(n, counts(w.wsus, w.own, n))
		}
	}
	for _, n := range w.numbers() {
		w.put(n, counts(w.wsus, w.own, n))
	}
}

// Bounds of what one device can have kept of its updates by OMA DM, and all of
// them together: they may name any. One that names ever more updates that do not
// exist uses up the numbers of those; what the catalog has is counted all the
// same.
const (
	maxOpen    = 2_000
	maxNumbers = 500_000
)

// mdm works in what a device reports by OMA DM.
func (w *deviceStates) mdm(r *tree.Report, at int64) error {
	w.divide()
	var last int64
	if err := w.tx.get([]any{&last}, `SELECT coalesce(max(id), 0) FROM update_number`); err != nil {
		return err
	}
	v := newView()
	v.reported = at
	open := 0
	states := r.States()
	for _, id := range firstIDs(states, maxReported) {
		s := said{state: states[id].State, since: at, result: states[id].HResult}
		if s.state != update.Installed {
			if open++; open > maxOpen {
				continue
			}
		}
		if last >= maxNumbers {
			var known bool
			if err := w.tx.get([]any{&known}, `SELECT EXISTS (SELECT 1 FROM update_number WHERE update_id = ?1)
				OR EXISTS (SELECT 1 FROM served WHERE update_id = ?1)`, id[:]); err != nil || !known {
				if err != nil {
					return err
				}
				continue
			}
		}
		n, ok := w.number(id)
		if !ok {
			return w.err
		}
		if old, ok := w.own.states[n]; ok {
			v.states[n] = old
		}
		v.put(n, s)
	}
	w.own = v
	w.settleAll()
	return w.err
}

// firstIDs returns the ids of a map in order, at most so many.
func firstIDs[T any](m map[update.ID]T, most int) []update.ID {
	ids := slices.SortedFunc(maps.Keys(m), compareIDs)
	return ids[:min(len(ids), most)]
}

// appendSaid writes what a source says, in the order of the numbers.
func appendSaid(b []byte, states map[int64]said) []byte {
	b = append(b, recordVersion)
	last := int64(0)
	for _, n := range slices.Sorted(maps.Keys(states)) {
		s := states[n]
		b = append(binary.AppendUvarint(b, uint64(n-last)), byte(s.state))
		b = binary.AppendVarint(b, s.since)
		b = binary.AppendVarint(b, int64(s.result))
		b = binary.AppendVarint(b, s.at)
		last = n
	}
	return b
}

// readSaid is the inverse of appendSaid.
func readSaid(b []byte) (map[int64]said, error) {
	states := make(map[int64]said, len(b)/10)
	r := blobReader{b: b}
	if v := r.uvarint(); v != recordVersion {
		return nil, fmt.Errorf("%w: states of version %d", ErrDamaged, v)
	}
	for last := int64(0); len(r.b) > 0; {
		last += int64(r.uvarint())
		states[last] = said{state: update.State(r.uvarint()), since: r.varint(), result: int32(r.varint()), at: r.varint()}
	}
	if r.bad {
		return nil, fmt.Errorf("%w: states of a device", ErrDamaged)
	}
	return states, nil
}

// mergeStates gives a device what WSUS said of another one, whose own states go.
func (tx *Tx) mergeStates(keep, from int64) error {
	gone, err := tx.deviceStates(from)
	if err != nil {
		return err
	}
	wsus, reported, hash := gone.viewOfWSUS(), gone.reported, gone.hash
	wsus = &view{wsus.reported, maps.Clone(wsus.states)}
	gone.forget()
	if err := gone.save(); err != nil {
		return err
	}
	w, err := tx.deviceStates(keep)
	if err != nil {
		return err
	}
	w.divide()
	w.wsus, w.reported, w.hash = wsus, reported, hash
	w.settleAll()
	return w.save()
}

// splitStates is the inverse of mergeStates.
func (tx *Tx) splitStates(machine, computer int64) error {
	w, err := tx.deviceStates(machine)
	if err != nil {
		return err
	}
	w.divide()
	wsus, reported, hash := w.wsus, w.reported, w.hash
	w.wsus, w.reported, w.hash = newView(), 0, []byte{}
	w.settleAll()
	if err := w.save(); err != nil {
		return err
	}
	c, err := tx.deviceStates(computer)
	if err != nil {
		return err
	}
	for n, s := range wsus.states {
		c.tell(n, s)
	}
	c.reported, c.hash = reported, hash
	return c.save()
}
