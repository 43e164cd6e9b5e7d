package tree

import (
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
	Approved        []update.ID // ApprovedUpdates: updates and classifications, ascending
	DeferUpgrade    bool
	QualityRollback string // QualityUpdateStatus of Rollback, as it came
	FeatureRollback string // likewise
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
