package device

import (
	"strings"
	"time"
)

// ID is the name that a device gives itself (DeviceID of MS-MDE2, Source/LocURI
// of SyncML): opaque text, 32 hexadecimal digits on Windows. It stays through a
// new enrollment and changes with a new image.
type ID string

// Same reports whether other is the same device. Clients that make a GUID their
// name do not write it alike in every message: with hyphens and braces or without,
// after "urn:uuid:", in any letter case.
func (id ID) Same(other ID) bool { return id.bare() == other.bare() }

func (id ID) bare() string {
	s := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(string(id))), "urn:uuid:")
	return strings.NewReplacer("-", "", "{", "", "}", "").Replace(s)
}

// EnrollmentID names one enrollment: a GUID in lower case without braces, drawn
// by the appliance. It is the EntDMID of the device and in the subject of its
// certificate.
type EnrollmentID string

// Context says for whom a device was enrolled (EnrollmentType of MS-MDE2). It
// decides in which store the device keeps its certificate.
type Context string

// The contexts.
const (
	UserContext   Context = "Full"   // by a person in Settings; My/User
	DeviceContext Context = "Device" // by a provisioning package or a script; My/System
)

// Enrollment is a device that was enrolled, and what it said of itself then
// (AdditionalContext of MS-MDE2 3.4.4.1.1.1). Texts are empty where it said
// nothing.
type Enrollment struct {
	ID      EnrollmentID
	Device  ID
	Context Context
	State   EnrollmentState
	User    string    // the account, or "token " and its label, that it was enrolled with
	Created time.Time // when
	// What the device said.
	Hardware           string   // HWDevID, 64 hexadecimal digits; equal on cloned machines
	Name               string   // DeviceName, without a domain
	OSEdition          int      // SKU number
	OSVersion          string   // such as 10.0.19043.928
	ApplicationVersion string   // of the enrollment client
	DeviceType         string   // CIMClient_Windows
	Locale             string   // such as en-US
	Manufacturer       string   // from Windows 11
	Model              string   // likewise
	Serial             string   // likewise
	MAC                []string // of its network adapters
}

// EnrollmentState says where an enrollment stands.
type EnrollmentState string

// The states.
const (
	Active     EnrollmentState = "active"
	Unenrolled EnrollmentState = "unenrolled" // by the device, or confirmed by it
	Retired    EnrollmentState = "retired"    // a newer enrollment of the same device took over, or an administrator ended it without the device
	Leaving    EnrollmentState = "leaving"    // an administrator unenrolled it and the device was not heard since
)
