package wire

import (
	"encoding/json"
	"time"

	"sluice/catalogimport"
)

// Import asks to import media.
type Import struct {
	Paths          []string `json:"paths"`   // absolute, on the machine of the appliance
	Content        string   `json:"content"` // the WsusContent folder that came with them; empty for one beside each
	AcceptUnsigned bool     `json:"accept_unsigned"`
	Adopt          bool     `json:"adopt"` // serve the content folder from where it is, instead of copying it
}

// ImportEvent is one line of the answer to an [Import]: either how far it is, or
// the report of a medium that is through.
type ImportEvent struct {
	Medium   string                  `json:"medium,omitempty"` // that the progress is of
	Progress *catalogimport.Progress `json:"progress,omitempty"`
	Report   *catalogimport.Report   `json:"report,omitempty"`
	Error    *Error                  `json:"error,omitempty"` // beside the report of a medium that was not applied
}

// ImportFailed is the state of a report about a medium that may be fine and
// could not be taken: it was not found, the disk is full. The others are
// catalogimport's.
const ImportFailed = "failed"

// ImportRecord is the record of an import as it is kept.
type ImportRecord struct {
	ID         int64      `json:"import"`
	Source     string     `json:"source"`
	Format     string     `json:"format"`
	Provenance string     `json:"provenance"`
	AcceptedBy string     `json:"accepted_by,omitempty"`
	SignedBy   string     `json:"signed_by,omitempty"`
	State      string     `json:"state"` // staging, applied, refused
	Started    *time.Time `json:"started"`
	Finished   *time.Time `json:"finished"`
	Revisions  int        `json:"revisions"`
	New        int        `json:"new"`
	Unchanged  int        `json:"unchanged"`
	Files      int        `json:"files"`
	FilesHeld  int        `json:"files_held"`
	Bytes      int64      `json:"bytes"`
	Refused    int        `json:"refused"` // items
	Error      string     `json:"error,omitempty"`
}

// ImportPage is one page of imports, the newest first.
type ImportPage struct {
	Imports []ImportRecord `json:"imports"`
	Next    string         `json:"next,omitempty"`
}

// RefusalPage is one page of what an import refused.
type RefusalPage struct {
	Refused []catalogimport.Refusal `json:"refused"`
	Next    string                  `json:"next,omitempty"`
}

// Backup asks for a copy of the database.
type Backup struct {
	Path string `json:"path"` // absolute; empty: in the data folder, named for the time
}

// BackupEvent is one line of the answer to a [Backup].
type BackupEvent struct {
	Progress *BackupProgress `json:"progress,omitempty"`
	Backup   *BackupResult   `json:"backup,omitempty"`
	Error    *Error          `json:"error,omitempty"`
}

// BackupProgress is how far a backup is, in bytes.
type BackupProgress struct {
	Done  int64 `json:"done"`
	Total int64 `json:"total"`
}

// BackupResult is a finished backup.
type BackupResult struct {
	Path    string  `json:"path"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

// AuditEntry is one act in the audit log.
type AuditEntry struct {
	ID      int64           `json:"id"`
	Time    time.Time       `json:"time"`
	Who     string          `json:"who"`
	Via     string          `json:"via"`
	Action  string          `json:"action"`
	Subject string          `json:"subject"`
	Detail  json.RawMessage `json:"detail"`
	Outcome string          `json:"outcome"` // done, refused, failed
}

// AuditPage is one page of the audit log, the newest first.
type AuditPage struct {
	Entries []AuditEntry `json:"entries"`
	Next    string       `json:"next,omitempty"`
}

// Status is the appliance at a glance.
type Status struct {
	Version   string     `json:"version"`
	Running   bool       `json:"running"` // a daemon answers, not a command by itself
	Started   *time.Time `json:"started"`
	DataDir   string     `json:"data_dir"`
	ServerID  string     `json:"server_id"`
	Health    string     `json:"health"` // ok, checking, damaged
	Damage    string     `json:"damage,omitempty"`
	Doors     []Door     `json:"doors"`
	Names     []string   `json:"names"` // by which devices reach it
	CA        string     `json:"ca"`    // root that devices must trust, PEM; empty with the site's certificate
	Updates   int        `json:"updates"`
	Revisions int        `json:"revisions"`
	Computers int        `json:"computers"`
	Enrolled  int        `json:"enrolled"` // of those
	Approvals int        `json:"approvals"`
	Waiting   int        `json:"approvals_waiting"`
	Declined  int        `json:"declined"`
	Files     int        `json:"files"` // held
	Bytes     int64      `json:"bytes"`
	// LastImport is null where nothing was imported yet.
	LastImport *ImportRecord `json:"last_import"`
}

// Door is an address that the appliance answers at.
type Door struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}
