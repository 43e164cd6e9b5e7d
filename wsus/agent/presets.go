package agent

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"sluice/wsus/update"
)

// nativeVersion is the version of the captured Windows Update Agent.
var nativeVersion = [4]int{1507, 2601, 30012, 0}

// WindowsServer2022 returns a machine that looks like a current Windows Server
// 2022 without roles, called dnsName. id is its SusClientID.
func WindowsServer2022(id update.ID, dnsName string) Machine {
	t := &Table{
		Major: 10, Minor: 0, Build: 20348, Revision: 2700,
		ProductType: 3, SuiteMask: 272, Architecture: 9, Processors: 4, Language: "en-US",
		Registry:   windowsRegistry("Windows Server 2022 Standard", "Server", "20348", 2700),
		Files:      defenderFiles(),
		Packages:   map[string]string{"package_for_dotnetrollup": "10.0.4644.1"},
		Attributes: attributeFacts("10.0.20348.2700", 7, "Windows.Server"),
		Releases:   map[string]string{},
	}
	return machine(id, dnsName, t, 7, "Windows Server 2022 Standard")
}

// Windows11 returns a machine that looks like Windows 11 Pro 25H2.
func Windows11(id update.ID, dnsName string) Machine {
	t := &Table{
		Major: 10, Minor: 0, Build: 26200, Revision: 8037,
		ProductType: 1, SuiteMask: 256, Architecture: 9, Processors: 4, Language: "en-US",
		Registry:   windowsRegistry("Windows 10 Pro", "Client", "26200", 8037),
		Files:      defenderFiles(),
		Packages:   map[string]string{},
		Attributes: attributeFacts("10.0.26200.8037", 48, "Windows.Desktop"),
		Releases:   map[string]string{"client.os.rs2.amd64": "10.0.26200.8037"},
	}
	return machine(id, dnsName, t, 48, "Windows 10 Pro")
}

// Windows7 returns a machine that looks like Windows 7 Professional SP1 on x64,
// for media of that generation.
func Windows7(id update.ID, dnsName string) Machine {
	t := &Table{
		Major: 6, Minor: 1, Build: 7601, Revision: 24545, ServicePackMajor: 1,
		ProductType: 1, SuiteMask: 256, Architecture: 9, Processors: 2, Language: "en-US",
		Registry:   windowsRegistry("Windows 7 Professional", "Client", "7601", 0),
		Files:      map[string]string{},
		Packages:   map[string]string{},
		Attributes: attributeFacts("6.1.7601.24545", 48, "Windows.Desktop"),
		Releases:   map[string]string{},
	}
	m := machine(id, dnsName, t, 48, "Windows 7 Professional")
	m.FeatureScoreKey = "AMD64.6.1"
	return m
}

// For returns another machine of the same image: its own id and name, the same
// facts and devices. Agents of machines that share facts share the judging of
// rules, see [Library].
func (m Machine) For(id update.ID, dnsName string) Machine {
	m.Computer.ClientID, m.Computer.DNSName = id.String(), dnsName
	m.Sample = sample(id)
	return m
}

func sample(id update.ID) int { return int(binary.BigEndian.Uint16(id[:2])) % 1000 }

func machine(id update.ID, dnsName string, t *Table, sku int, description string) Machine {
	devices := []Device{{
		HardwareIDs:   []string{`PCI\VEN_1AF4&DEV_1000&SUBSYS_00011AF4&REV_00`, `PCI\VEN_1AF4&DEV_1000&SUBSYS_00011AF4`},
		CompatibleIDs: []string{`PCI\VEN_1AF4&DEV_1000`, `PCI\CC_0200`},
		Driver: Driver{
			MatchingID: `PCI\VEN_1AF4&DEV_1000`, VerDate: time.Date(2024, 10, 21, 0, 0, 0, 0, time.UTC),
			VerVersion: 28147927174637544, Class: "{4D36E972-E325-11CE-BFC1-08002BE10318}", Rank: 16711680,
		},
	}, {
		HardwareIDs: []string{`STORAGE\Volume`},
		Driver: Driver{
			MatchingID: `STORAGE\Volume`, VerDate: time.Date(2006, 6, 21, 0, 0, 0, 0, time.UTC),
			VerVersion: 2814751477601234, Class: "{71A27CDD-812A-11D0-BEC7-08002BE2092F}", Rank: 16711680,
		},
	}}
	t.Devices = devices
	version := fmt.Sprintf("%d.%d.%d.%d", t.Major, t.Minor, t.Build, t.Revision)
	return Machine{
		Computer: update.Computer{
			ClientID: id.String(), DNSName: dnsName,
			OSMajor: t.Major, OSMinor: t.Minor, OSBuild: t.Build, ServicePackMajor: t.ServicePackMajor,
			OSLocale: "en-US", Manufacturer: "Sluice", Model: "Simulated Computer", BiosVersion: "1.0", BiosName: "1.0",
			BiosDate: time.Date(2022, 2, 2, 0, 0, 0, 0, time.UTC), Architecture: "AMD64",
			SuiteMask: t.SuiteMask, OldProductType: t.ProductType, NewProductType: sku,
			ClientVersion: nativeVersion, OSDescription: description,
			OEM: "Sluice", DeviceType: "Simulated Computer", FirmwareVersion: "1.0", MobileOperator: "Not Present",
		},
		Facts:           t,
		Devices:         devices,
		HardwareIDs:     []update.ID{update.MustParseID("458ab48b-acb9-5863-b5a8-d2c32f0d3e6f")},
		FeatureScoreKey: "AMD64.10.0",
		Attributes: []string{
			"App=WU_OS", "CurrentBranch=", "DeviceFamily=" + t.Attributes["devicefamily"],
			"InstallationType=" + t.Registry[`hkey_local_machine\software\microsoft\windows nt\currentversion`]["installationtype"],
			"InstallLanguage=en-US", "OEMModel=Simulated Computer", "OEMName_Uncleaned=Sluice",
			"OSArchitecture=AMD64", fmt.Sprintf("OSSkuId=%d", sku), "OSUILocale=en-US", "OSVersion=" + version,
			fmt.Sprintf("ProcessorCores=%d", t.Processors), "TotalPhysicalRAM=8192",
		},
		Locales:  []string{"en-US", "en"},
		GeoID:    "USA",
		LocaleID: 1033,
		Firmware: "Sluice",
		Sample:   sample(id),
	}
}

func attributeFacts(version string, sku int, family string) map[string]string {
	return map[string]string{
		"osversion": version, "osskuid": fmt.Sprint(sku), "osarchitecture": "AMD64",
		"devicefamily": family, "installlanguage": "en-US",
	}
}

// windowsRegistry is what rules ask of any Windows: its version, and Defender.
func windowsRegistry(product, installation, build string, revision int) map[string]map[string]string {
	const (
		current  = `HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion`
		services = `HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\`
		defender = `HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows Defender`
		dotNet   = `HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full`
	)
	keys := map[string]map[string]string{
		current: {
			"productname": product, "installationtype": installation, "currentbuild": build,
			"currentbuildnumber": build, "ubr": fmt.Sprint(revision),
		},
		services + "WinDefend": {"start": "2"},
		services + "WdFilter":  {"start": "0"},
		services + "WdNisSvc":  {"start": "3"},
		defender:               {"installlocation": `C:\Program Files\Windows Defender`},
		defender + `\NIS`:      {},
		defender + `\Signature Updates`: {
			"signaturelocation": `C:\ProgramData\Microsoft\Windows Defender\Definition Updates\Current`,
		},
		dotNet: {"release": "528449", "version": "4.8.04161"},
	}
	table := make(map[string]map[string]string, len(keys))
	for k, values := range keys {
		table[strings.ToLower(k)] = values
	}
	return table
}

func defenderFiles() map[string]string {
	const (
		program     = `c:\program files\windows defender\`
		definitions = `c:\programdata\microsoft\windows defender\definition updates\current\`
	)
	return map[string]string{
		program + "mpclient.dll":                "4.18.25080.5",
		`csidl38\windows defender\mpclient.dll`: "4.18.25080.5",
		definitions + "mpengine.dll":            "1.1.25080.5",
		definitions + "mpasbase.vdm":            "1.437.1.0",
		definitions + "mpavbase.vdm":            "1.437.1.0",
		definitions + "mpasdlta.vdm":            "1.437.1.0",
		definitions + "mpavdlta.vdm":            "1.437.1.0",
	}
}
