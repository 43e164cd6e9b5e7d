package agent

import (
	"sort"
	"strings"
	"time"

	"sluice/wsus/update"
)

// Machine is the computer that an [Agent] plays. It is not changed by the agent,
// and many agents may share its slices and Facts.
type Machine struct {
	Computer update.Computer
	Facts    Facts // answers the applicability rules

	Devices         []Device    // SystemSpec of the driver pass
	HardwareIDs     []update.ID // ComputerSpec of the driver pass
	FeatureScoreKey string      // "AMD64.10.0"

	Attributes []string // DeviceAttributes, "Name=Value", sorted as the native agent sorts
	Products   string   // ProductsParameters/Products, as sent
	Locales    []string // asked of extended information: "en-US", "en"
	GeoID      string   // three letters: "USA"
	LocaleID   int      // 1033

	Firmware string // firmware vendor, MiscData T
	Sample   int    // 0-999, MiscData J: a native agent draws it once
}

// Device is one device of a machine (MS-WUSP 2.2.2.2.4 SystemSpec).
type Device struct {
	HardwareIDs   []string
	CompatibleIDs []string
	Driver        Driver // zero where the device has none
	Extensions    []ExtensionDriver
	Flags         int // DeviceFlags; 0: not sent
}

// Driver is the installed driver of a device.
type Driver struct {
	MatchingID   string
	VerDate      time.Time
	VerVersion   uint64 // four 16-bit parts
	Class        string
	Manufacturer string
	Provider     string
	Model        string
	Rank         int

	SkipProviderFiltering bool
	IsGeneric             bool
}

// ExtensionDriver is an installed extension driver of a device.
type ExtensionDriver struct {
	ExtensionID string
	VerDate     time.Time
	VerVersion  uint64
	Class       string
	Rank        int
}

// attributes is the machine's DeviceAttributes text for a server.
func (m *Machine) attributes(server string) string {
	const name = "UpdateServiceUrl="
	list := m.Attributes
	at := sort.Search(len(list), func(i int) bool { return strings.ToLower(list[i]) >= strings.ToLower(name) })
	if at == len(list) || !strings.HasPrefix(list[at], name) {
		list = append(append(append([]string(nil), list[:at]...), name+server), list[at:]...)
	}
	if len(list) == 0 {
		return ""
	}
	return strings.Join(list, ";") + ";"
}
