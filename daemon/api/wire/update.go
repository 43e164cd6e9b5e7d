package wire

import (
	"time"

	"sluice/wsus/update"
)

// Update is an update as lists show it: its highest revision that is served, or
// each of its revisions where they are asked for.
type Update struct {
	UpdateID         update.ID  `json:"update_id"`
	Revision         int32      `json:"revision"`
	Title            string     `json:"title"`
	Description      string     `json:"description"`
	Created          *time.Time `json:"created"`
	Type             string     `json:"type"`     // Software, Driver, Category, Detectoid
	Category         string     `json:"category"` // of a category: Product, UpdateClassification, ...
	Classification   string     `json:"classification"`
	ClassificationID *update.ID `json:"classification_id"`
	KB               *string    `json:"kb"`  // digits, the first of KBs
	KBs              []string   `json:"kbs"` // all of them
	Severity         string     `json:"severity"`
	Deployable       bool       `json:"deployable"` // may be approved
	Offered          bool       `json:"offered"`    // clients evaluate it: not superseded, expired or declined
	Declined         bool       `json:"declined"`
	Expired          bool       `json:"expired"`
	Local            bool       `json:"local"`   // its identity was made up by a packager: known to this appliance only
	Highest          bool       `json:"highest"` // of the revisions of its update, the only one that is offered
	Provenance       string     `json:"provenance"`
	EulaID           *update.ID `json:"eula_id"` // license terms that must be accepted
	Approved         []Approval `json:"approved"`
	Files            int        `json:"files"`
	FilesMissing     int        `json:"files_missing"`
	Bytes            int64      `json:"bytes"`
	BytesMissing     int64      `json:"bytes_missing"`
}

// UpdatePage is one page of updates, the newest first. A page may hold fewer
// than asked for, even none, with more to come.
type UpdatePage struct {
	Updates []Update `json:"updates"`
	Next    string   `json:"next,omitempty"` // cursor of the next page; empty at the end
}

// UpdateDetail is an update with what only it alone shows.
type UpdateDetail struct {
	Update
	EulaAccepted bool         `json:"eula_accepted"`
	Computers    UpdateStates `json:"computers"`
}

// UpdateStates is how many computers have an update in each state.
type UpdateStates struct {
	NotInstalled  int `json:"not_installed"`
	Downloaded    int `json:"downloaded"`
	Installed     int `json:"installed"`
	Failed        int `json:"failed"`
	PendingReboot int `json:"pending_reboot"`
}

// Approval is what was decided about an update for a group.
type Approval struct {
	Group    string     `json:"group"` // its name
	GroupID  update.ID  `json:"group_id"`
	Action   string     `json:"action"`   // install, uninstall, block
	Deadline *time.Time `json:"deadline"` // null for none
	State    string     `json:"state"`    // waiting, offered, paused
}

// The states of an approval.
const (
	Waiting = "waiting" // for files, or for the acceptance of license terms
	Offered = "offered"
	Paused  = "paused"
)

// Approve asks for an approval.
type Approve struct {
	Action   string     `json:"action"` // install, uninstall, block
	Deadline *time.Time `json:"deadline"`
}

// File is a payload file that an update needs, by itself or through the members
// of its bundles.
type File struct {
	Name     string     `json:"name"`
	Digest   string     `json:"digest"` // SHA-1, upper case
	SHA256   string     `json:"sha256,omitempty"`
	Size     int64      `json:"size"`
	Modified *time.Time `json:"modified"`
	Patching string     `json:"patching_type,omitempty"`
	Language string     `json:"language,omitempty"` // of license terms
	URL      string     `json:"url,omitempty"`      // where it can be had outside
	Held     bool       `json:"held"`               // verified and on disk
}

// Files is the list of an update's files.
type Files struct {
	Files []File `json:"files"`
}

// Budget is what the first scan of a client that holds nothing costs at most.
type Budget struct {
	Revisions int   `json:"revisions"`
	Bytes     int64 `json:"bytes"`
	Trips     int   `json:"trips"`
	MaxTrips  int   `json:"max_trips"` // that a Windows client makes before it gives up
}
