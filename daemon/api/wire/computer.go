package wire

import (
	"time"

	"sluice/wsus/update"
)

// Group is a named set of computers.
type Group struct {
	ID        update.ID  `json:"id"`
	Name      string     `json:"name"`
	Parent    *update.ID `json:"parent"` // null for All Computers only
	Depth     int        `json:"depth"`  // below All Computers
	Builtin   bool       `json:"builtin"`
	Computers int        `json:"computers"` // put into it itself
}

// Groups is all groups, each after the one that it lies in.
type Groups struct {
	Groups []Group `json:"groups"`
}

// CreateGroup asks for a new group.
type CreateGroup struct {
	Name   string `json:"name"`
	Parent string `json:"parent"` // id or name; empty for All Computers
}

// ChangeGroup asks to rename or move a group; what is empty stays.
type ChangeGroup struct {
	Name   string `json:"name,omitempty"`
	Parent string `json:"parent,omitempty"` // id or name
}

// Computer is a machine as lists show it.
type Computer struct {
	ID           int64      `json:"id"`
	Name         string     `json:"name"`
	ClientID     string     `json:"client_id"`
	Enrolled     bool       `json:"enrolled"`
	Registered   bool       `json:"registered"`
	OS           string     `json:"os"`
	OSVersion    string     `json:"os_version"`
	Architecture string     `json:"architecture"`
	Server       bool       `json:"server"`
	Manufacturer string     `json:"manufacturer"`
	Model        string     `json:"model"`
	Address      string     `json:"address"`
	Groups       []string   `json:"groups"`    // names; none: Unassigned Computers
	Requested    []string   `json:"requested"` // names that it asks for itself
	Holds        []Hold     `json:"holds"`
	FirstSeen    *time.Time `json:"first_seen"`
	LastSeen     *time.Time `json:"last_seen"` // within the hour
	LastScan     *time.Time `json:"last_scan"`
	LastReport   *time.Time `json:"last_report"`
	Collision    string     `json:"collision"` // whom it is mixed up with, and what to do; empty: nobody
}

// ComputerPage is one page of computers, in order of their numbers.
type ComputerPage struct {
	Computers []Computer `json:"computers"`
	Next      string     `json:"next,omitempty"` // cursor of the next page; empty at the end
}

// ComputerDetail is a computer with how updates stand on it.
type ComputerDetail struct {
	Computer
	Updates []ComputerUpdate `json:"updates"` // open ones first
	Events  []Event          `json:"events"`  // the newest
}

// ComputerUpdate is how one update stands on a computer.
type ComputerUpdate struct {
	UpdateID update.ID  `json:"update_id"`
	Title    string     `json:"title"` // empty where it is not stored
	KB       *string    `json:"kb"`
	State    string     `json:"state"` // as MS-WSUSSS names it
	Since    *time.Time `json:"since"`
	Result   string     `json:"result,omitempty"` // HRESULT of a failure, 0x and eight digits
}

// Event is one event that a computer reported.
type Event struct {
	Time    *time.Time `json:"time"`
	EventID int        `json:"event_id"`
	Update  *update.ID `json:"update_id"`
	Result  string     `json:"result,omitempty"`
	App     string     `json:"app"`
	Texts   []string   `json:"texts"`
}

// Hold is what is held back on a computer.
type Hold struct {
	UpdateID *update.ID `json:"update_id"` // null: every update
	Reason   string     `json:"reason"`
	Created  *time.Time `json:"created"`
}

// AssignComputers asks to put computers into exactly the named groups.
type AssignComputers struct {
	Computers []int64  `json:"computers"`
	Groups    []string `json:"groups"` // ids or names; none: Unassigned Computers
}

// SetHold asks to hold back an update, or all of them.
type SetHold struct {
	UpdateID *update.ID `json:"update_id"`
	Reason   string     `json:"reason"`
}
