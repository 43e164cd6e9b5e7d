package tree

import (
	"strings"
	"time"
	"unicode/utf8"

	"sluice/wsus/update"
)

// add puts an update on a list, with what was known of it before, and reports
// whether it is on it. An answer for one update alone puts none there.
func (r *Reading) add(p Part, id update.ID, asked place) bool {
	var on, known bool
	var n int
	switch p {
	case InstallableList:
		n, on, known = put(r.now.Installable, r.before.Installable, id, asked)
	case InstalledList:
		n, on, known = put(r.now.Installed, r.before.Installed, id, asked)
		known = known && r.before.Installed[id] != 0
	case FailedList:
		n, on, known = put(r.now.Failed, r.before.Failed, id, asked)
	case PendingList:
		n, on, known = put(r.now.PendingReboot, r.before.PendingReboot, id, asked)
	case ApprovedList:
		if n, on = len(r.now.Approved), len(r.now.Approved) < maxUpdates; on && asked.id.IsZero() {
			r.now.Approved = append(r.now.Approved, id)
		}
		known = true // its time is not worth another question
	}
	if !on {
		if n >= maxUpdates {
			r.note("%s: more than %d updates", p.node(), maxUpdates)
		}
		return false
	}
	if !known && asked.id.IsZero() {
		r.unknown(p, id)
	}
	return true
}

// put adds an update to a list that is not full, unless it was asked for alone.
// It returns the length of the list, whether the update is on it, and whether
// something was known of it.
func put[V any](list, before map[update.ID]V, id update.ID, asked place) (n int, on, known bool) {
	if _, on = list[id]; on || !asked.id.IsZero() || len(list) >= maxUpdates {
		return len(list), on, true
	}
	list[id], known = before[id]
	return len(list), true, known
}

// leaf reads a value below an update of a list.
func (r *Reading) leaf(at place, data string) {
	var err error
	leaf := strings.ToLower(at.leaf)
	switch at.part {
	case InstallableList:
		u := r.now.Installable[at.id]
		switch leaf {
		case "type":
			err = set(&u.Type, data, parseType)
		case "revisionnumber":
			err = set(&u.Number, data, parseNumber)
		}
		r.now.Installable[at.id] = u
	case InstalledList:
		n := r.now.Installed[at.id]
		if leaf == "revisionnumber" {
			err = set(&n, data, parseNumber)
		}
		r.now.Installed[at.id] = n
	case FailedList:
		u := r.now.Failed[at.id]
		switch leaf {
		case "hresult":
			err = set(&u.HResult, data, parseHResult)
		case "status", "state":
			err = set(&u.Status, data, parseBits)
		case "revisionnumber":
			err = set(&u.Number, data, parseNumber)
		}
		r.now.Failed[at.id] = u
	case PendingList:
		u := r.now.PendingReboot[at.id]
		switch leaf {
		case "installedtime":
			err = set(&u.Installed, data, parseTime)
		case "revisionnumber":
			err = set(&u.Number, data, parseNumber)
		}
		r.now.PendingReboot[at.id] = u
	case ApprovedList:
		var t time.Time
		if err = set(&t, data, parseTime); leaf == "approvedtime" && !t.IsZero() {
			if r.now.ApprovedTimes == nil {
				r.now.ApprovedTimes = map[update.ID]time.Time{}
			}
			r.now.ApprovedTimes[at.id] = t
		}
	}
	if err != nil {
		r.note("%s of %s: %v", at.leaf, at.id, err)
		return
	}
	delete(r.bare[at.part], at.id)
}

// value reads a part that is no list.
func (r *Reading) value(at place, data string) {
	var err error
	switch {
	case at.part == LastScan:
		err = set(&r.now.LastScan, data, parseTime)
	case at.part == Defer:
		err = set(&r.now.DeferUpgrade, data, parseBool)
	case strings.EqualFold(at.leaf, "QualityUpdateStatus"):
		r.now.QualityRollback = text(data)
	case strings.EqualFold(at.leaf, "FeatureUpdateStatus"):
		r.now.FeatureRollback = text(data)
	}
	if err != nil {
		r.note("%s: %v", at.part.node(), err)
		return
	}
	r.told[at.part], r.refused[at.part] = true, 0
}

// set reads a value, and leaves it as it was where it cannot be read.
func set[V any](to *V, data string, parse func(string) (V, error)) error {
	v, err := parse(data)
	if err == nil {
		*to = v
	}
	return err
}

// text cuts and cleans a text that is shown as it came.
func text(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if s = strings.TrimSpace(s); len(s) > maxStatus {
		s = strings.TrimSpace(strings.ToValidUTF8(s[:maxStatus], ""))
	}
	return s
}
