package wire

import (
	"time"

	"sluice/wsus/update"
)

// Device is an enrolled machine as lists show it.
type Device struct {
	ID             int64      `json:"id"` // also its number as a computer
	Name           string     `json:"name"`
	Enrollment     string     `json:"enrollment"` // the id of the enrollment; the EntDMID on the device
	State          string     `json:"state"`      // active, leaving, unenrolled, retired
	User           string     `json:"user"`       // that it was enrolled with
	Context        string     `json:"context"`    // Full: by a person; Device: by a package or a script
	OSVersion      string     `json:"os_version"`
	Edition        string     `json:"edition"`
	EditionNumber  int        `json:"edition_number"` // SKU
	Manufacturer   string     `json:"manufacturer"`
	Model          string     `json:"model"`
	Groups         []string   `json:"groups"`
	ClientID       string     `json:"client_id"` // of the WSUS computer of the same machine; empty where there is none
	Enrolled       *time.Time `json:"enrolled"`
	LastPoll       *time.Time `json:"last_poll"`
	NextPoll       *time.Time `json:"next_poll"` // when it is due by its schedule
	CertificateEnd *time.Time `json:"certificate_end"`
	SyncAsked      bool       `json:"sync_asked"`
	Attention      []string   `json:"attention"` // what an administrator should look at
}

// DevicePage is one page of devices, in order of their numbers.
type DevicePage struct {
	Devices []Device `json:"devices"`
	Next    string   `json:"next,omitempty"` // cursor of the next page; empty at the end
}

// DeviceDetail is a device with everything that is known of it.
type DeviceDetail struct {
	Device
	DeviceID    string             `json:"device_id"`
	HardwareID  string             `json:"hardware_id"`
	Facts       map[string]Fact    `json:"facts"`
	LastScan    *time.Time         `json:"last_scan"` // as OMA DM tells it
	Reported    *time.Time         `json:"reported"`  // when it last told its updates
	Policies    []DevicePolicy     `json:"policies"`
	Warnings    []PolicyWarning    `json:"warnings"`
	Orders      []Order            `json:"orders"`
	Updates     []DeviceUpdate     `json:"updates"` // open ones first
	Approved    []update.ID        `json:"approved"`
	Rollback    map[string]string  `json:"rollback"` // quality, feature: the status that it reports
	Enrollments []EnrollmentRecord `json:"enrollments"`
}

// Fact is what is known of a device in one matter, by who said it.
type Fact struct {
	Value string `json:"value"`
	// Sources are the values of each source: "mdm" is the device itself over OMA
	// DM, "wsus" the Windows Update Agent, which proves nothing.
	Sources map[string]SourcedValue `json:"sources"`
}

// SourcedValue is a value with when it was said.
type SourcedValue struct {
	Value string     `json:"value"`
	At    *time.Time `json:"at"`
}

// DevicePolicy is one setting on a device: what it is to have, and what it has.
type DevicePolicy struct {
	Name      string           `json:"name"`
	Desired   *string          `json:"desired"` // null: not to be configured
	From      string           `json:"from"`    // the group that wants it
	Preset    string           `json:"preset,omitempty"`
	Overruled []OverruledValue `json:"overruled,omitempty"`
	State     string           `json:"state"` // applied, pending, refused, skipped, removing
	Reason    string           `json:"reason,omitempty"`
	Sent      *string          `json:"sent"`
	Effective string           `json:"effective,omitempty"` // as read back from the device
	Status    int              `json:"status,omitempty"`    // OMA DM status of the last answer
	At        *time.Time       `json:"at"`
}

// OverruledValue is a value that a group wants and another one won over.
type OverruledValue struct {
	Value  string `json:"value"`
	From   string `json:"from"`
	Reason string `json:"reason"`
}

// DeviceUpdate is how one update stands on a device, by each source.
type DeviceUpdate struct {
	ComputerUpdate
	Sources map[string]SourcedState `json:"sources"`
}

// SourcedState is a state with who said it when.
type SourcedState struct {
	State  string     `json:"state"`
	At     *time.Time `json:"at"`
	Result string     `json:"result,omitempty"`
}

// Order is a command that waits for a device, or what became of it.
type Order struct {
	ID      int64      `json:"id"`
	What    string     `json:"what"`
	State   string     `json:"state"` // queued, sent, done, failed, unknown
	Status  int        `json:"status,omitempty"`
	Detail  string     `json:"detail,omitempty"`
	By      string     `json:"by"`
	Created *time.Time `json:"created"`
	Sent    *time.Time `json:"sent"`
	Done    *time.Time `json:"done"`
}

// EnrollmentRecord is one enrollment in the history of a device.
type EnrollmentRecord struct {
	ID      string     `json:"id"`
	State   string     `json:"state"`
	User    string     `json:"user"`
	Created *time.Time `json:"created"`
	Ended   *time.Time `json:"ended"`
	Why     string     `json:"why,omitempty"`
}

// SyncAsked says when a sync that was asked for is due.
type SyncAsked struct {
	LastPoll *time.Time `json:"last_poll"`
	Due      *time.Time `json:"due"` // null: it never polled
}

// Rollback asks a device to take its last quality or feature update away.
type Rollback struct {
	What string `json:"what"` // quality or feature
}

// JoinDevices asks to make an enrolled device and a computer one machine.
type JoinDevices struct {
	Computer int64 `json:"computer"`
}

// Candidates are pairs that may be one machine.
type Candidates struct {
	Candidates []Candidate `json:"candidates"`
}

// Candidate is an enrolled device and a computer that may be the same machine.
type Candidate struct {
	Device       int64  `json:"device"`
	DeviceName   string `json:"device_name"`
	Computer     int64  `json:"computer"`
	ComputerName string `json:"computer_name"`
	Reason       string `json:"reason"`
}

// Needed is an update that devices report and the catalog lacks.
type Needed struct {
	UpdateID update.ID  `json:"update_id"`
	Number   int32      `json:"revision"` // 0 where no device said
	Devices  int        `json:"devices"`
	First    *time.Time `json:"first"`
	Last     *time.Time `json:"last"`
}

// NeededPage is one page of needed updates.
type NeededPage struct {
	Needed []Needed `json:"needed"`
	Next   string   `json:"next,omitempty"`
}

// Unenroll asks a device to unenrol.
type Unenroll struct {
	// Force takes it as unenrolled at once, without waiting for it to come.
	Force bool `json:"force"`
}
