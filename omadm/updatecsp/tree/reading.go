package tree

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"sluice/omadm/device"
	"sluice/wsus/update"
)

// What one report may hold.
const (
	maxUpdates = 10_000 // in one list; no more are kept
	maxNodes   = 64     // children of the root
	maxName    = 64     // of such a child, in bytes
	maxStatus  = 256    // of a rollback, in bytes
	maxNotes   = 16     // about one reading
)

// Reading puts the answers of one session together into a report.
type Reading struct {
	before  *Report
	now     *Report
	told    [parts]bool
	absent  [parts]bool // a list that was said not to be there
	refused [parts]device.Status
	bare    [parts]map[update.ID]bool // updates of which nothing but the name is known
	notes   []string
	more    int // notes that were left out
}

// NewReading starts from what the device reported before, nil for nothing; it
// keeps none of it.
func NewReading(before *Report) *Reading {
	return &Reading{before: before.Clone(), now: before.Clone()}
}

// Report is the report as far as it was told: lists that were not, as they were
// before. It belongs to the reading.
func (r *Reading) Report() *Report { return r.now }

// Told reports whether the device answered for a part in this session.
func (r *Reading) Told(p Part) bool { return r.told[p] }

// Refused returns with which status the device refused to tell a part; 0 where
// it did not refuse. That it has no such node (404) is an answer for a list: it
// is empty.
func (r *Reading) Refused(p Part) device.Status { return r.refused[p] }

// Notes says what was left out of the answers, and why. They quote what the
// device said.
func (r *Reading) Notes() []string {
	if r.more > 0 {
		return append(slices.Clone(r.notes), fmt.Sprintf("and %d more", r.more))
	}
	return r.notes
}

func (r *Reading) note(format string, args ...any) {
	if len(r.notes) == maxNotes {
		r.more++
		return
	}
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// Take reads the answer to a command of this package, and reports whether it was
// to one that asks.
func (r *Reading) Take(a device.Answer) bool {
	at, ok := find(a.Command.URI)
	if !ok || a.Command.Verb != device.Get {
		return false
	}
	whole := at.id.IsZero() && at.leaf == ""
	var begun [parts]bool
	switch {
	case a.Status == 0 && len(a.Items) == 0:
		return true // nothing was said
	case a.Status == device.NotFound && whole && at.part == Root:
		r.nothing()
		return true
	case a.Status == device.NotFound && whole && at.part.list():
		if r.absent[at.part] = true; r.now.Nodes != nil && len(r.now.Nodes) == 0 {
			r.forget(at.part) // nor is there any other
			return true
		}
		a.Items = nil // so Windows says that a list is empty
	case a.Status != 0 && !a.Status.Done():
		if whole {
			r.refused[at.part] = a.Status
		}
		return true
	}
	if whole && at.part.list() {
		// A list of which no item comes is empty.
		r.begin(at.part)
		begun[at.part] = true
	}
	for _, item := range a.Items {
		r.item(at, &begun, item)
	}
	slices.SortFunc(r.now.Approved, compare)
	r.now.Approved = slices.Compact(r.now.Approved)
	return true
}

// nothing notes that the device has no Update CSP at all: a list that is not there
// is not told then, instead of empty.
func (r *Reading) nothing() {
	r.now.Nodes, r.told[Root], r.refused[Root] = []string{}, true, 0
	for p := range r.absent {
		if r.absent[p] {
			r.forget(Part(p))
		}
	}
}

// begin empties a list, of which the device tells all now. What it knew of an
// update comes back when the update does.
func (r *Reading) begin(p Part) {
	r.told[p], r.refused[p], r.bare[p] = true, 0, nil
	switch p {
	case InstallableList:
		r.now.Installable = map[update.ID]Installable{}
	case InstalledList:
		r.now.Installed = map[update.ID]int32{}
	case FailedList:
		r.now.Failed = map[update.ID]Failure{}
	case PendingList:
		r.now.PendingReboot = map[update.ID]Pending{}
	case ApprovedList:
		r.now.Approved, r.now.ApprovedTimes = []update.ID{}, nil
	}
}

// forget makes a list one that was not told.
func (r *Reading) forget(p Part) {
	r.told[p] = false
	switch p {
	case InstallableList:
		r.now.Installable = nil
	case InstalledList:
		r.now.Installed = nil
	case FailedList:
		r.now.Failed = nil
	case PendingList:
		r.now.PendingReboot = nil
	case ApprovedList:
		r.now.Approved, r.now.ApprovedTimes = nil, nil
	}
}

// item reads one value of an answer to what asked for the nodes at and below
// asked.
func (r *Reading) item(asked place, begun *[parts]bool, item device.Item) {
	at, ok := asked, true
	if item.URI != "" {
		at, ok = find(item.URI)
	}
	if !ok || !at.within(asked) {
		r.note("%.120q: not a node that was asked for", item.URI)
		return
	}
	if at.part.list() && asked.id.IsZero() && !begun[at.part] {
		r.begin(at.part)
		begun[at.part] = true
	}
	switch {
	case at.part == Root:
		r.nodes(item.Data)
	case !at.part.list():
		r.value(at, item.Data)
	case at.id.IsZero():
		r.names(at.part, item.Data)
	case r.add(at.part, at.id, asked) && at.leaf != "":
		r.leaf(at, item.Data)
	}
}

// within reports whether p is at or below another place.
func (p place) within(o place) bool {
	return o.part == Root ||
		p.part == o.part && (o.id.IsZero() || p.id == o.id) && (o.leaf == "" || strings.EqualFold(p.leaf, o.leaf))
}

// names reads the children of a list.
func (r *Reading) names(p Part, data string) {
	for name := range strings.SplitSeq(data, "/") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		id, err := update.ParseID(unescape(name))
		if err != nil || id.IsZero() {
			r.note("%s: %.64q is not an update", p.node(), name)
			continue
		}
		r.add(p, id, place{part: p})
	}
}

// nodes reads the children of the root.
func (r *Reading) nodes(data string) {
	var nodes []string
	for name := range strings.SplitSeq(data, "/") {
		name = unescape(name)
		switch {
		case name == "":
		case len(name) > maxName || !utf8.ValidString(name) || len(nodes) == maxNodes:
			r.note("%.64q: not a node of the Update CSP", name)
		default:
			nodes = append(nodes, name)
		}
	}
	if nodes != nil {
		slices.Sort(nodes)
		r.now.Nodes, r.told[Root], r.refused[Root] = slices.Compact(nodes), true, 0
	}
}

// unknown notes an update of which nothing but its name is known.
func (r *Reading) unknown(p Part, id update.ID) {
	if r.bare[p] == nil {
		r.bare[p] = map[update.ID]bool{}
	}
	r.bare[p][id] = true
}

// Missing asks for the values below those updates of a part of which only the
// name came and nothing was known before, at most max of them, ascending; and
// for the results of rollbacks that were not told together.
func (r *Reading) Missing(p Part, max int) []device.Command {
	if p == Rollbacks && r.refused[p] != 0 && r.refused[p] != device.NotFound {
		return []device.Command{
			{Verb: device.Get, URI: p.URI() + "/QualityUpdateStatus"},
			{Verb: device.Get, URI: p.URI() + "/FeatureUpdateStatus"},
		}
	}
	ids := slices.SortedFunc(maps.Keys(r.bare[p]), compare)
	var ask []device.Command
	for _, id := range ids[:min(len(ids), max)] {
		for _, leaf := range p.leaves() {
			ask = append(ask, device.Command{Verb: device.Get, URI: p.uri(id) + "/" + leaf})
		}
	}
	return ask
}

func compare(a, b update.ID) int { return slices.Compare(a[:], b[:]) }
