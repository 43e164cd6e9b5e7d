package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"sluice/omadm/device"
)

// Version is the version of an operating system: major, minor, build, revision.
type Version [4]int

// String returns the four numbers with dots between.
func (v Version) String() string {
	return fmt.Sprintf("%d.%d.%d.%d", v[0], v[1], v[2], v[3])
}

// Build is the third number.
func (v Version) Build() int { return v[2] }

// The editions that the presets use (MS-MDE2 2.2.9.6).
const (
	Enterprise           = 4
	Professional         = 48
	EnterpriseEvaluation = 72
	Core                 = 101 // Home
	Education            = 121
	EnterpriseS          = 125 // LTSC
)

// Machine is the device that an [Agent] plays. Agents may share its slices.
type Machine struct {
	DeviceID     string // 32 hexadecimal digits; changes with a new image
	HardwareID   string // HWDevID, 64 hexadecimal digits
	Name         string // of the computer, without a domain, in upper case
	DNSName      string // fully qualified
	Manufacturer string
	Model        string
	Serial       string
	MAC          []string // 00-0C-29-51-60-9D
	Version      Version
	Edition      int    // SKU number
	Platform     string // the edition's name, such as "Windows 10 Pro"
	Locale       string // en-US
	// Context is for whom it is enrolled; UserContext where it is empty.
	Context device.Context
	// LoggedIn says whether a user of the enrollment is logged in.
	LoggedIn bool
	Domain   string // that it is joined to; empty for none
	Defender Defender
	// BareRequests leaves the NUL out at the end of the name in certificate
	// requests: builds differ.
	BareRequests bool
	// BareUpdateIDs makes the Update CSP name updates without braces.
	BareUpdateIDs bool
}

// Defender is what Microsoft Defender Antivirus says of itself. Without a
// SignatureVersion there is no such product.
type Defender struct {
	SignatureVersion string // 1.405.1234.0
	EngineVersion    string
	ProductVersion   string
	OutOfDate        bool // the signatures
	QuickScan        time.Time
}

// check refuses what Windows never says of itself.
func (m *Machine) check() error {
	switch {
	case !isHex(m.DeviceID, 32):
		return errors.New("machine: the device id is not 32 hexadecimal digits")
	case !isHex(m.HardwareID, 64):
		return errors.New("machine: the hardware id is not 64 hexadecimal digits")
	case m.Name == "" || m.Manufacturer == "" || m.Model == "" || m.Locale == "":
		return errors.New("machine: name, manufacturer, model or locale is missing")
	case m.Version.Build() == 0 || m.Edition == 0:
		return errors.New("machine: version or edition is missing")
	case m.Context != "" && m.Context != device.UserContext && m.Context != device.DeviceContext:
		return fmt.Errorf("machine: no such context %q", m.Context)
	}
	return nil
}

func isHex(s string, n int) bool {
	_, err := hex.DecodeString(s)
	return len(s) == n && err == nil
}

// Windows10Pro returns a machine with Windows 10 Pro 22H2, called dnsName.
func Windows10Pro(dnsName string) Machine {
	return newMachine(dnsName, Version{10, 0, 19045, 5487}, Professional, "Windows 10 Pro")
}

// Windows11Enterprise returns a machine with Windows 11 Enterprise 24H2.
func Windows11Enterprise(dnsName string) Machine {
	return newMachine(dnsName, Version{10, 0, 26100, 3775}, Enterprise, "Windows 11 Enterprise")
}

// Windows10RTM returns a machine with the first Windows 10 Pro, 1507.
func Windows10RTM(dnsName string) Machine {
	return newMachine(dnsName, Version{10, 0, 10240, 16384}, Professional, "Windows 10 Pro")
}

// WindowsHome returns a machine with Windows 10 Home 22H2.
func WindowsHome(dnsName string) Machine {
	return newMachine(dnsName, Version{10, 0, 19045, 5487}, Core, "Windows 10 Home")
}

// WindowsLTSC returns a machine with Windows 10 Enterprise LTSC 2019.
func WindowsLTSC(dnsName string) Machine {
	return newMachine(dnsName, Version{10, 0, 17763, 7136}, EnterpriseS, "Windows 10 Enterprise LTSC")
}

func newMachine(dnsName string, v Version, edition int, platform string) Machine {
	m := Machine{
		Manufacturer: "VMware, Inc.", Model: "VMware7,1", Version: v, Edition: edition, Platform: platform,
		Locale: "en-US", Context: device.UserContext, LoggedIn: true,
		Defender: Defender{
			SignatureVersion: "1.427.111.0", EngineVersion: "1.1.25030.1", ProductVersion: "4.18.25030.2",
			QuickScan: time.Date(2025, 4, 1, 2, 0, 0, 0, time.UTC),
		},
	}
	return m.For(dnsName)
}

// For returns another machine of the same image: names, identifiers and adapters
// of its own, made from dnsName.
func (m Machine) For(dnsName string) Machine {
	sum := sha256.Sum256([]byte("sluice device " + strings.ToLower(dnsName)))
	digits := strings.ToUpper(hex.EncodeToString(sum[:]))
	m.HardwareID = digits
	m.DeviceID = digits[16:48]
	m.Name = strings.ToUpper(strings.SplitN(dnsName, ".", 2)[0])
	m.DNSName = dnsName
	m.Serial = "VMware-" + strings.ToLower(digits[:16])
	m.MAC = nil
	for i := range 2 {
		mac := net.HardwareAddr{0x00, 0x0C, 0x29, sum[3*i], sum[3*i+1], sum[3*i+2]}
		m.MAC = append(m.MAC, strings.ToUpper(strings.ReplaceAll(mac.String(), ":", "-")))
	}
	return m
}

// requestVersion is the version of MS-MDE2 that its client asks for: note 20
// there.
func (m *Machine) requestVersion() string {
	switch b := m.Version.Build(); {
	case b < 15063:
		return "3.0"
	case b < 19041, b < 22000 && m.Version[3] < 2486, b == 22000 && m.Version[3] < 1165:
		return "4.0"
	}
	return "5.0"
}

// contextItem is one ContextItem of a RequestSecurityToken.
type contextItem struct{ name, value string }

// contextItems returns the additional context in the order of the captured
// client, without what the machine's build does not know (MS-MDE2 notes 24-27).
func (m *Machine) contextItems(interactive bool) []contextItem {
	build := m.Version.Build()
	var list []contextItem
	add := func(since int, name, value string) {
		if build >= since {
			list = append(list, contextItem{name, value})
		}
	}
	kind := m.Context
	if kind == "" {
		kind = device.UserContext
	}
	add(16299, "UXInitiated", strconv.FormatBool(interactive))
	add(15063, "HWDevID", m.HardwareID)
	add(15063, "Locale", m.Locale)
	add(15063, "TargetedUserLoggedIn", strconv.FormatBool(m.LoggedIn))
	add(0, "OSEdition", strconv.Itoa(m.Edition))
	add(0, "DeviceName", m.Name)
	for _, mac := range m.MAC {
		add(0, "MAC", mac)
	}
	add(0, "DeviceID", m.DeviceID)
	add(0, "EnrollmentType", string(kind))
	add(0, "DeviceType", deviceType)
	add(0, "OSVersion", m.Version.String())
	add(0, "ApplicationVersion", m.Version.String())
	add(18362, "NotInOobe", "false")
	add(26100, "Manufacturer", m.Manufacturer)
	add(26100, "DeviceModel", m.Model)
	add(26100, "SerialNumber", m.Serial)
	add(26100, "RequestVersion", m.requestVersion())
	return list
}

const deviceType = "CIMClient_Windows"
