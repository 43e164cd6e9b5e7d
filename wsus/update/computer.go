package update

import "time"

// Computer is what a client says about itself (MS-WUSP 2.2.2.2.3 ComputerInfo)
// together with the name that it logs in by.
type Computer struct {
	ClientID            string // SusClientID as sent, lower case
	DNSName             string
	RequestedGroups     []string // client-side targeting; names
	OSMajor, OSMinor    int
	OSBuild             int
	ServicePackMajor    int
	ServicePackMinor    int
	OSLocale            string
	Manufacturer, Model string
	BiosVersion         string
	BiosName            string
	BiosDate            time.Time
	Architecture        string // AMD64, ARM64, X86
	SuiteMask           int
	OldProductType      int // 1 workstation, 2 domain controller, 3 server
	NewProductType      int // SKU number
	SystemMetrics       int
	ClientVersion       [4]int
	OSDescription       string
	OEM                 string
	DeviceType          string
	FirmwareVersion     string
	MobileOperator      string
}

// IsServer reports whether the computer runs a server edition.
func (c *Computer) IsServer() bool { return c.OldProductType == 2 || c.OldProductType == 3 }

// State is how an update stands on a computer (SummarizationState of
// MS-WSUSSS 2.2.2.2.4).
type State uint8

// The states.
const (
	StateUnknown           State = 0
	NotApplicable          State = 1
	NotInstalled           State = 2
	Downloaded             State = 3
	Installed              State = 4
	Failed                 State = 5
	InstalledPendingReboot State = 6
)

var stateNames = [...]string{"Unknown", "NotApplicable", "NotInstalled", "Downloaded", "Installed", "Failed", "InstalledPendingReboot"}

// String returns the state's name in MS-WSUSSS.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return stateNames[StateUnknown]
}

// Event is one event that a client reported (MS-WUSP 2.2.2.2.10
// ReportingEvent).
type Event struct {
	InstanceID  ID
	ClientID    string
	Time        time.Time // when it happened, by the server's clock
	Namespace   int
	EventID     int
	Source      int
	Update      Identity // zero where the event names none
	Win32Result int32    // HRESULT
	AppName     string
	Replacement []string // of the message's %1, %2
	Misc        []string // Key=Value; keys differ by letter case
}
