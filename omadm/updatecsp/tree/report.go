package tree

import (
	"maps"
	"slices"
	"time"

	"sluice/wsus/update"
)

// Report is what a device says of its updates. A list that it did not tell, or
// was not asked for, is nil; an empty one is not.
type Report struct {
	LastScan        time.Time // LastSuccessfulScanTime; zero for never
	Installable     map[update.ID]Installable
	Installed       map[update.ID]int32 // revision numbers, 0 where it did not say
	Failed          map[update.ID]Failure
	PendingReboot   map[update.ID]Pending
	Approved        []update.ID             // ApprovedUpdates: updates and classifications, ascending
	ApprovedTimes   map[update.ID]time.Time // ApprovedTime of those that it said it of; nil for none
	DeferUpgrade    bool
	QualityRollback string   // QualityUpdateStatus of Rollback, as it came
	FeatureRollback string   // likewise
	Nodes           []string // children of ./Vendor/MSFT/Update that the device has, ascending; none where it has no such node; nil where it did not say
	// Refused are approvals to be added or taken away that the device refused,
	// ascending. They wait for the next whole report.
	Refused []update.ID
}

// Installable is an update that applies and is not installed.
type Installable struct {
	Type   Type
	Number int32 // RevisionNumber; 0 where it did not say
}

// Type is the classification that a device gives an update.
type Type int

// The types.
const (
	None     Type = 0
	Security Type = 1
	Critical Type = 2
)

// Failure is an update that failed.
type Failure struct {
	HResult int32
	Status  int // bits, see [StatusText]
	Number  int32
}

// Pending is an update that waits for a restart.
type Pending struct {
	Installed time.Time
	Number    int32
}

// Clone returns a copy that shares nothing with r. A nil report gives an empty
// one.
func (r *Report) Clone() *Report {
	if r == nil {
		return &Report{}
	}
	c := *r
	c.Installable = maps.Clone(r.Installable)
	c.Installed = maps.Clone(r.Installed)
	c.Failed = maps.Clone(r.Failed)
	c.PendingReboot = maps.Clone(r.PendingReboot)
	c.Approved = slices.Clone(r.Approved)
	c.ApprovedTimes = maps.Clone(r.ApprovedTimes)
	c.Nodes = slices.Clone(r.Nodes)
	c.Refused = slices.Clone(r.Refused)
	return &c
}

// Equal reports whether two reports say the same. A list that was not told
// differs from an empty one.
func (r *Report) Equal(o *Report) bool {
	if r == nil || o == nil {
		return r == o
	}
	same := func(a, b time.Time) bool { return a.Equal(b) }
	return r.LastScan.Equal(o.LastScan) &&
		sameMap(r.Installable, o.Installable, func(a, b Installable) bool { return a == b }) &&
		sameMap(r.Installed, o.Installed, func(a, b int32) bool { return a == b }) &&
		sameMap(r.Failed, o.Failed, func(a, b Failure) bool { return a == b }) &&
		sameMap(r.PendingReboot, o.PendingReboot, func(a, b Pending) bool {
			return a.Number == b.Number && a.Installed.Equal(b.Installed)
		}) &&
		sameList(r.Approved, o.Approved) &&
		maps.EqualFunc(r.ApprovedTimes, o.ApprovedTimes, same) &&
		r.DeferUpgrade == o.DeferUpgrade &&
		r.QualityRollback == o.QualityRollback && r.FeatureRollback == o.FeatureRollback &&
		(r.Nodes == nil) == (o.Nodes == nil) && slices.Equal(r.Nodes, o.Nodes) && slices.Equal(r.Refused, o.Refused)
}

func sameMap[V any](a, b map[update.ID]V, same func(V, V) bool) bool {
	return (a == nil) == (b == nil) && maps.EqualFunc(a, b, same)
}

func sameList(a, b []update.ID) bool { return (a == nil) == (b == nil) && slices.Equal(a, b) }
