package catalog

import (
	"time"

	"sluice/wsus/update"
)

// CoreID names a stored core fragment. What it names never changes nor goes: a
// revision that gets another core, because a document took the place of
// fragments or a newer import that of an older one, gets another CoreID. A
// snapshot made before that still reads the core whose lengths it knows.
type CoreID int64

// Row is what the graph needs of one stored revision.
type Row struct {
	ID         update.RevisionID
	Identity   update.Identity
	Type       update.Type
	Category   update.CategoryType
	Deployable bool // ExplicitlyDeployable
	Expired    bool
	Document   bool // a full document is stored, not fragments only
	Always     bool // its IsInstalled rule is plain True, so that evaluating it detects nothing

	Prerequisites []update.Clause
	Bundles       [][]update.Identity
	Supersedes    []update.ID
	Drivers       []update.DriverMatch

	// Core is where the core fragment is stored.
	Core CoreID
	// PlainLen is the length in bytes of the core fragment escaped as element
	// text. XpressLen is the length of its stored Xpress blocks, or 0 where it is
	// small and packed when it is sent.
	PlainLen, XpressLen int64
	// Since is when the revision first came to be served. The wire shows it by
	// the day, as the change time of deployments that no approval made.
	Since time.Time
	// Seq is the store-wide number of the commit that first applied an import
	// with this revision.
	Seq int64
}
