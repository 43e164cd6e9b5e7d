package dialogue

import (
	"context"
	"time"

	"sluice/omadm/device"
	"sluice/omadm/updatecsp"
	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
)

// Records is what is known of devices, and wanted of them. The store is one.
type Records interface {
	// Open returns the record of an enrollment, in one read.
	Open(ctx context.Context, id device.EnrollmentID) (*Record, error)
	// Learn keeps what a session taught. It is called only with something new.
	Learn(ctx context.Context, id device.EnrollmentID, l *Lesson) error
	// Sending notes that queued commands that must not be done twice are about to
	// go out.
	Sending(ctx context.Context, id device.EnrollmentID, orders []int64) error
	// Seen notes that a device was heard. It never waits for a disk.
	Seen(id device.EnrollmentID, addr string)
}

// Record is what is known of one enrollment, and wanted of it.
type Record struct {
	Enrollment device.Enrollment
	Facts      Facts
	FactsAt    time.Time                     // when all facts were last asked for; zero for never
	Settings   map[string]Setting            // what the device was told and said to it, by name
	Desired    updatecsp.Desired             // what it is to have
	Report     *tree.Report                  // as last reported, nil for never
	ReportedAt time.Time                     // when the whole report was last asked for
	Orders     []Order                       // commands that wait, in order
	Approve    func([]update.ID) []update.ID // which of these it may install: deployments of its plan whose EULA is accepted
	SyncAsked  bool                          // an administrator asked for a whole sync
}

// Facts are what a device says of itself (DevInfo, DevDetail). Texts are empty
// where it said nothing.
type Facts struct {
	DeviceID         string `json:"deviceId,omitempty"`         // DevInfo/DevId
	Manufacturer     string `json:"manufacturer,omitempty"`     // DevInfo/Man
	Model            string `json:"model,omitempty"`            // DevInfo/Mod
	DMVersion        string `json:"dmVersion,omitempty"`        // DevInfo/DmV
	Language         string `json:"language,omitempty"`         // DevInfo/Lang
	OSVersion        string `json:"osVersion,omitempty"`        // DevDetail/SwV, with the update build revision: 10.0.19045.4170
	OSEdition        int    `json:"osEdition,omitempty"`        // SKU number
	Platform         string `json:"platform,omitempty"`         // DevDetail/Ext/Microsoft/OSPlatform
	Architecture     string `json:"architecture,omitempty"`     // AMD64, ARM64, X86; of ProcessorArchitecture
	DeviceName       string `json:"deviceName,omitempty"`       // NetBIOS name
	DNSName          string `json:"dnsName,omitempty"`          // DNSComputerName, fully qualified
	Serial           string `json:"serial,omitempty"`           // SMBIOSSerialNumber
	LargeObjects     bool   `json:"largeObjects,omitempty"`     // DevDetail/LrgObj
	SignatureVersion string `json:"signatureVersion,omitempty"` // of Defender's definitions
	// SignatureOutdated is what Defender itself thinks of the age of its
	// definitions. No node tells their age; SignatureSince is when this version was
	// first seen, so that they are at least that old.
	SignatureOutdated bool      `json:"signatureOutdated,omitempty"`
	SignatureSince    time.Time `json:"signatureSince,omitzero"`
	Renewal           Renewal   `json:"renewal,omitzero"`
}

// Renewal is how a device says that it renews its certificate
// (CertificateStore/MY/WSTEP/Renew), each as it came.
type Renewal struct {
	Period   string `json:"period,omitempty"`   // RenewPeriod: days before the end
	Interval string `json:"interval,omitempty"` // RetryInterval: days
	Status   string `json:"status,omitempty"`   // of the last try
	Error    string `json:"error,omitempty"`    // ErrorCode of the last try
	Last     string `json:"last,omitempty"`     // LastRenewalAttemptTime
}

// Setting is what became of one setting on a device. Where Deleted is set, Status
// is the answer to its being taken away; where Skipped is, to the same, if it was
// set before.
type Setting struct {
	Value     string        `json:"value"`               // that was sent
	Deleted   bool          `json:"deleted,omitempty"`   // it was to be taken away
	Status    device.Status `json:"status,omitempty"`    // how the device answered; 0 for not yet
	Detail    string        `json:"detail,omitempty"`    // original error
	Effective string        `json:"effective,omitempty"` // Policy/Result, where it was read
	Skipped   string        `json:"skipped,omitempty"`   // why it is not sent to this device
	At        time.Time     `json:"at"`
	OSVersion string        `json:"osVersion,omitempty"` // of the device when it answered
	Tries     int           `json:"tries,omitempty"`     // whole sessions that sent it and got no answer
}

// Order is a command that waits for a device to come.
type Order struct {
	ID      int64
	Command device.Command // with Once set to ID where it must not be done twice
}

// Lesson is what a session taught. What is nil or zero stays as it was.
type Lesson struct {
	Facts      *Facts
	FactsAt    time.Time           // comes with Facts
	Settings   map[string]*Setting // by name; nil for one to be forgotten
	Report     *tree.Report        // the whole report, lists that were not asked for taken from before
	ReportedAt time.Time           // comes with Report
	Orders     []OrderResult
	Unenrolled string // why the device is no longer enrolled: by its user, by an order
	SyncDone   bool   // the whole sync that was asked for was done
}

// OrderResult is what became of an order.
type OrderResult struct {
	ID     int64
	Status device.Status
	Detail string
}
