package dialogue

import (
	"maps"
	"slices"

	"sluice/omadm/device"
	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
)

// requireApproval is the setting with which a device installs approved updates
// only.
const requireApproval = "RequireUpdateApproval"

// approving reports whether the device asks for approval, because it is wanted
// and the device took it.
func (t *talk) approving() bool {
	s := t.settings[requireApproval]
	return !t.leaving() && t.kept.Desired[requireApproval].Value == "1" &&
		s.Value == "1" && s.Status.Done() && !s.Deleted && s.Skipped == ""
}

// askApproved is the stage that reads what the device was approved, where that is
// not known or was read a day ago.
func (t *talk) askApproved() {
	r := t.reading.Report()
	switch {
	case t.leaving():
	case !t.approving():
		r.Approved, r.ApprovedTimes, r.Refused = nil, nil, nil
	case t.whole || r.Approved == nil:
		r.Refused = nil
		t.read(tree.ApprovedList)
	}
}

// approve is the stage that brings the device's approvals in step with the plan
// that the WSUS door answers by: of what the device can install, what it may, and
// the classifications. Approvals of updates that are under way stay while the
// plan has them.
func (t *talk) approve() {
	if !t.approving() {
		return
	}
	r := t.reading.Report()
	want := union(t.Classifications, t.allowed(slices.Collect(maps.Keys(r.Installable))))
	keep := union(want, t.allowed(slices.Concat(slices.Collect(maps.Keys(r.PendingReboot)), slices.Collect(maps.Keys(r.Failed)))))
	has, refused := r.Approved, r.Refused
	for _, id := range want {
		if !holds(has, id) && !holds(refused, id) {
			t.say(tree.Approve(id), func(a device.Answer) {
				t.approved(id, a, a.Status.Done() || a.Status == device.AlreadyExists, true)
			})
		}
	}
	if r.Installable == nil {
		return // what it can install is not known
	}
	for _, id := range has {
		if !holds(keep, id) && !holds(refused, id) {
			t.say(tree.Withdraw(id), func(a device.Answer) {
				t.approved(id, a, a.Status.Done() || a.Status == device.NotFound, false)
			})
		}
	}
}

// allowed returns which of some updates the device may install.
func (t *talk) allowed(ids []update.ID) []update.ID {
	if t.kept.Approve == nil || len(ids) == 0 {
		return nil
	}
	slices.SortFunc(ids, compare)
	allowed := slices.Clone(t.kept.Approve(slices.Compact(ids)))
	return slices.DeleteFunc(allowed, func(id update.ID) bool { return !holds(ids, id) })
}

// approved notes that the device has an approval, or has it no longer, or refused
// the change.
func (t *talk) approved(id update.ID, a device.Answer, done, has bool) {
	r := t.reading.Report()
	switch {
	case !done:
		r.Refused = insert(r.Refused, id)
		t.log.Info("approval refused", "update", id, "verb", a.Command.Verb, "status", a.Status, "detail", plain(a.Detail))
	case has:
		r.Approved = insert(r.Approved, id)
	default:
		r.Approved = slices.DeleteFunc(r.Approved, func(o update.ID) bool { return o == id })
		delete(r.ApprovedTimes, id)
	}
}

// union returns the ids of two lists, ascending, each once; never nil.
func union(a, b []update.ID) []update.ID {
	all := append(append(make([]update.ID, 0, len(a)+len(b)), a...), b...)
	slices.SortFunc(all, compare)
	return slices.Compact(all)
}

// insert puts an id into an ascending list.
func insert(ids []update.ID, id update.ID) []update.ID {
	i, ok := slices.BinarySearchFunc(ids, id, compare)
	if ok {
		return ids
	}
	return slices.Insert(ids, i, id)
}

// holds looks an id up in an ascending list.
func holds(ids []update.ID, id update.ID) bool {
	_, ok := slices.BinarySearchFunc(ids, id, compare)
	return ok
}

func compare(a, b update.ID) int { return slices.Compare(a[:], b[:]) }
