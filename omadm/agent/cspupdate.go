package agent

import (
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/omadm/device"
)

// Updates is what the update agent of the device knows. It is asked during a
// session, from its goroutine.
type Updates interface {
	// Updates returns what is known now.
	Updates() UpdateList
	// Rollback takes back the last quality or feature update. [ErrRollback] where
	// there is nothing to take back, or the device may not.
	Rollback(feature bool) error
}

// ErrRollback says that no rollback is possible.
var ErrRollback = errors.New("no update to roll back")

// UpdateList is what an update agent knows, and an [Updates] of its own that
// does not change.
type UpdateList struct {
	Installable   []Update
	Installed     []Update
	Failed        []Update
	PendingReboot []Update
	LastScan      time.Time // that succeeded; zero for never
}

// Updates returns the list.
func (l *UpdateList) Updates() UpdateList { return *l }

// Rollback refuses.
func (l *UpdateList) Rollback(bool) error { return ErrRollback }

// Update is one update of a list. Which fields count depends on the list.
type Update struct {
	ID       string // GUID, lower case, without braces
	Revision int
	Type     int       // Installable: 0 none, 1 security, 2 critical
	HResult  uint32    // Failed
	State    int       // Failed: bits of the CSP's table
	Time     time.Time // PendingReboot: when it was installed
}

// updates is the Update CSP (its DDF of 1803): read from [Updates], written by
// approvals.
func (s *session) updates(t *branch) {
	a := s.agent
	now := a.cfg.Updates.Updates()
	build := a.cfg.Machine.Version.Build()
	at := vendor + "Update/"
	t.add(at+"ApprovedUpdates", s.approved())
	lists := []struct {
		name   string
		list   []Update
		leaves func(u *Update, b *branch)
	}{
		{"FailedUpdates", now.Failed, func(u *Update, b *branch) {
			b.add("HResult", leaf(device.Int, strconv.Itoa(int(int32(u.HResult)))))
			b.add(map[bool]string{true: "State", false: "Status"}[build >= 22631], leaf(device.Int, strconv.Itoa(u.State)))
		}},
		{"InstalledUpdates", now.Installed, func(*Update, *branch) {}},
		{"InstallableUpdates", now.Installable, func(u *Update, b *branch) {
			b.add("Type", leaf(device.Int, strconv.Itoa(u.Type)))
		}},
		{"PendingRebootUpdates", now.PendingReboot, func(u *Update, b *branch) {
			b.add("InstalledTime", leaf(device.Time, timeText(u.Time)))
		}},
	}
	for _, l := range lists {
		t.add(at+l.name, s.updateList(l.list, func(u *Update) *node {
			b := newBranch()
			l.leaves(u, b)
			if build >= 15063 {
				b.add("RevisionNumber", leaf(device.Int, strconv.Itoa(u.Revision)))
			}
			return b.node()
		}))
	}
	t.add(at+"LastSuccessfulScanTime", leaf(device.Time, timeText(now.LastScan)))
	_, deferred := a.state.Policies["Update/DeferFeatureUpdatesPeriodInDays"]
	t.add(at+"DeferUpgrade", leaf(device.Bool, strconv.FormatBool(deferred)))
	if build >= 17134 {
		s.rollback(t, at+"Rollback/")
	}
}

// updateList is a list of updates by GUID. An empty one is not there.
func (s *session) updateList(updates []Update, inner func(*Update) *node) *node {
	names := func() []string {
		var l []string
		for i := range updates {
			l = append(l, s.updateName(updates[i].ID))
		}
		return l
	}
	n := list(names, func(name string) *node {
		id, ok := parseGUID(name)
		i := slices.IndexFunc(updates, func(u Update) bool { return u.ID == id })
		if !ok || i < 0 {
			return nil
		}
		return inner(&updates[i])
	})
	if len(updates) == 0 {
		n.format = ""
	}
	return n
}

// updateName is how the device names an update.
func (s *session) updateName(id string) string {
	if s.agent.cfg.Machine.BareUpdateIDs {
		return id
	}
	return "{" + id + "}"
}

// approved is ApprovedUpdates: an Add approves, a Delete takes it back.
func (s *session) approved() *node {
	set := s.agent.state.Approved
	names := func() []string {
		var l []string
		for _, id := range slices.Sorted(maps.Keys(set)) {
			l = append(l, s.updateName(id))
		}
		return l
	}
	return list(names, func(name string) *node {
		id, ok := parseGUID(name)
		if !ok {
			return nil
		}
		at, have := set[id]
		n := &node{access: canAdd, write: func(_ device.Verb, x value) device.Status {
			if _, have := set[id]; have {
				return device.AlreadyExists
			}
			if x.format != device.Node && x.format != device.Chr || x.data != "" {
				return device.UnsupportedFormat
			}
			set[id] = s.agent.cfg.Now().UTC()
			return device.OK
		}}
		if !have {
			return n
		}
		b := newBranch()
		b.add("ApprovedTime", leaf(device.Time, timeText(at)))
		in := b.node()
		in.access = canGet | canAdd | canDelete
		in.write = n.write
		in.remove = func() device.Status { delete(set, id); return device.OK }
		return in
	})
}

// rollback is Rollback, with the result of the last one.
func (s *session) rollback(t *branch, at string) {
	for _, r := range []struct {
		name    string
		feature bool
	}{{"QualityUpdate", false}, {"FeatureUpdate", true}} {
		key := "Update/Rollback/" + r.name + "Status"
		t.add(at+r.name, &node{format: device.Null, access: canExec, exec: func(string) device.Status {
			nodes := s.agent.state.Nodes
			if err := s.agent.cfg.Updates.Rollback(r.feature); err != nil {
				nodes[key] = "Failed: " + err.Error()
				return device.Failed
			}
			nodes[key] = "Succeeded"
			return device.OK
		}})
		t.add(at+r.name+"Status", &node{format: device.Chr, access: canGet, read: func() (string, device.Status) {
			return s.agent.state.Nodes[key], device.OK
		}})
	}
}

// Approved returns the ids that a server approved: updates and classifications.
func (a *Agent) Approved() []string { return slices.Sorted(maps.Keys(a.state.Approved)) }

// parseGUID reads a GUID with or without braces into lower case.
func parseGUID(s string) (string, bool) {
	if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") {
		s = s[1 : len(s)-1]
	}
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return "", false
	}
	if _, err := hex.DecodeString(strings.ReplaceAll(s, "-", "")); err != nil {
		return "", false
	}
	return strings.ToLower(s), true
}
