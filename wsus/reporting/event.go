package reporting

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sluice/wsus/update"
	"sluice/wsus/wsdl/reportingws"
)

// Bounds of a batch.
const (
	maxEvents   = 2_000
	maxStrings  = 256 // of one list of an event
	maxText     = 1 << 10
	maxListText = 2 << 20 // of one list of a status
	maxKept     = 4 << 10 // of one list of strings that is kept with its event
)

// The events that say more than that something happened (MS-WUSP 2.2.2.3.1).
const (
	eventStatus = 156 // AGENT_STATUS_30
	// Failed installations: by a user, by schedule, at shutdown.
	eventInstallFailed   = 182
	eventScheduledFailed = 195
	eventShutdownFailed  = 198
)

var errBatch = errors.New("bad batch of events")

// read fills a report from the events of a batch. They are taken in the order of
// their time, and those of one time in the order in which they stand.
func (r *Report) read(batch []*reportingws.ReportingEvent) error {
	if len(batch) > maxEvents {
		return fmt.Errorf("%w: more than %d", errBatch, maxEvents)
	}
	seen := make(map[update.ID]bool, len(batch))
	clock := newClock(r.Sent, r.Received)
	for i, in := range batch {
		if in == nil || in.BasicData == nil {
			return fmt.Errorf("%w: event %d without BasicData", errBatch, i)
		}
		e, err := readEvent(in, clock)
		if err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
		if !seen[e.InstanceID] {
			seen[e.InstanceID] = true
			r.Events = append(r.Events, e)
		}
	}
	r.Moved = clock.moved
	slices.SortStableFunc(r.Events, func(a, b update.Event) int { return a.Time.Compare(b.Time) })
	for i := range r.Events {
		if err := r.conclude(&r.Events[i]); err != nil {
			return err
		}
	}
	r.Events = slices.DeleteFunc(r.Events, func(e update.Event) bool { return isStatus(&e) })
	for i := range r.Events {
		r.Events[i].Misc = cut(r.Events[i].Misc)
	}
	return nil
}

// readEvent turns one event into the noun.
func readEvent(in *reportingws.ReportingEvent, clock *clock) (update.Event, error) {
	b := in.BasicData
	id, err := update.ParseID(strings.TrimSpace(string(b.EventInstanceID)))
	if err != nil {
		return update.Event{}, fmt.Errorf("%w: EventInstanceID: %w", errBatch, err)
	}
	e := update.Event{
		InstanceID: id,
		Time:       clock.received,
		Namespace:  int(b.NamespaceID), EventID: int(b.EventID), Source: int(b.SourceID),
		Win32Result: b.Win32HResult,
		AppName:     shorten(b.AppName),
	}
	if !b.TimeAtTarget.IsUnset() {
		e.Time = clock.at(b.TimeAtTarget.Time().UTC())
	}
	if b.TargetID != nil {
		e.ClientID = shorten(strings.ToLower(strings.TrimSpace(b.TargetID.Sid)))
	}
	if b.UpdateID != nil && b.UpdateID.UpdateID != "" {
		of, err := update.ParseID(strings.TrimSpace(string(b.UpdateID.UpdateID)))
		if err != nil {
			return update.Event{}, fmt.Errorf("%w: UpdateID: %w", errBatch, err)
		}
		if !of.IsZero() {
			e.Update = update.Identity{ID: of, Number: b.UpdateID.RevisionNumber}
		}
	}
	if x := in.ExtendedData; x != nil {
		if x.ReplacementStrings != nil {
			e.Replacement = cut(x.ReplacementStrings.String)
		}
		if x.MiscData != nil {
			e.Misc = x.MiscData.String
		}
	}
	if len(e.Replacement) > maxStrings || len(e.Misc) > maxStrings {
		return update.Event{}, fmt.Errorf("%w: more than %d strings", errBatch, maxStrings)
	}
	return e, nil
}

// cut shortens the strings of a list, and the list itself where its text is more
// than is worth keeping.
func cut(list []string) []string {
	kept := 0
	for i, s := range list {
		list[i] = shorten(s)
		if kept += len(list[i]); kept > maxKept {
			return list[:i]
		}
	}
	return list
}

// shorten cuts a text that is only ever shown to what is worth showing.
func shorten(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "")
}

func isStatus(e *update.Event) bool { return e.Namespace == 1 && e.EventID == eventStatus }

// conclude draws what an event says about states. A status is newer than all
// that came before it.
func (r *Report) conclude(e *update.Event) error {
	if e.Namespace != 1 {
		return nil
	}
	switch e.EventID {
	case eventStatus:
		states, err := parseStatus(e.Misc)
		if err != nil {
			return err
		}
		r.Status, r.States = &Status{Time: e.Time, States: states}, nil
	case eventInstallFailed, eventScheduledFailed, eventShutdownFailed:
		if e.Update.ID.IsZero() {
			return nil
		}
		r.States = slices.DeleteFunc(r.States, func(s StateChange) bool { return s.Update.ID == e.Update.ID })
		r.States = append(r.States, StateChange{Time: e.Time, Update: e.Update, State: update.Failed, Win32Result: e.Win32Result})
	}
	return nil
}

// maxStatus bounds the updates of a status: more than any catalog offers.
const maxStatus = 50_000

// statusLists are the keys of the lists of a status, told apart by letter case,
// and what being in one means. An update that is in several is what the last of
// them says: one that is downloaded, or failed, is needed as well.
var statusLists = [...]struct {
	key   string
	state update.State
}{
	{"U=", update.NotInstalled},
	{"V=", update.Installed},
	{"h=", update.Downloaded},
	{"g=", update.Failed},
	{"W=", update.InstalledPendingReboot},
}

// parseStatus reads the MiscData of a status (MS-WUSP 2.2.2.3.1): each list is
// one string of GUIDs of updates, joined by semicolons, and absent when empty.
// What is no GUID is passed over.
func parseStatus(misc []string) (map[update.ID]update.State, error) {
	states := make(map[update.ID]update.State)
	for _, list := range statusLists {
		for _, s := range misc {
			ids, ok := strings.CutPrefix(s, list.key)
			if !ok {
				continue
			}
			if len(ids) > maxListText {
				return nil, fmt.Errorf("%w: a list of %d bytes", errBatch, len(ids))
			}
			for text := range strings.SplitSeq(ids, ";") {
				id, err := update.ParseID(strings.TrimSpace(text))
				if err != nil || id.IsZero() {
					continue
				}
				states[id] = list.state
				if len(states) > maxStatus {
					return nil, fmt.Errorf("%w: a status of more than %d updates", errBatch, maxStatus)
				}
			}
		}
	}
	return states, nil
}
