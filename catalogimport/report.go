package catalogimport

import "time"

// Report is the record of one import, and the object that `sluice import --json`
// prints for a medium.
type Report struct {
	Import     int64     `json:"import,omitempty"`
	Source     string    `json:"source"`
	Format     string    `json:"format"`
	Provenance string    `json:"provenance,omitempty"`
	AcceptedBy string    `json:"accepted_by,omitempty"`
	State      string    `json:"state"` // applied, refused
	Revisions  int       `json:"revisions"`
	New        int       `json:"new"`
	Unchanged  int       `json:"unchanged"`
	Files      int       `json:"files"`      // stored by this import
	FilesHeld  int       `json:"files_held"` // of the medium, held before
	Bytes      int64     `json:"bytes"`      // of the files stored
	Refused    []Refusal `json:"refused"`
	Error      string    `json:"error,omitempty"`
	Started    time.Time `json:"started"`
	Finished   time.Time `json:"finished"`
}

// Refusal is one item that was not imported, and why.
type Refusal struct {
	Item   string `json:"item"`
	Reason string `json:"reason"`
}

// Progress is what an import in progress has done so far.
type Progress struct {
	Phase     string `json:"phase"` // metadata, files, applying
	Revisions int    `json:"revisions"`
	Total     int    `json:"total,omitempty"` // revisions that the medium announces; 0 unknown
	Files     int    `json:"files"`
	Bytes     int64  `json:"bytes"` // of files
	Item      string `json:"item,omitempty"`
}
