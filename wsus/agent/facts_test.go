package agent_test

import (
	"strings"
	"testing"
	"time"

	"sluice/wsus/agent"
	"sluice/wsus/update"
)

// ruleOf parses one rule by way of a core fragment.
func ruleOf(t testing.TB, rule, metadata string) (*agent.Rule, *agent.Core) {
	t.Helper()
	c := mustCore(t, coreOf(1, "Software", "", nil, nil, `<IsInstalled>`+rule+`</IsInstalled><Metadata>`+metadata+`</Metadata>`))
	return c.Installed.Kids[0], c
}

func table() *agent.Table {
	return &agent.Table{
		Major: 10, Minor: 0, Build: 20348, ServicePackMajor: 0, ProductType: 3, SuiteMask: 272, Architecture: 9, Processors: 4,
		Language: "en-US",
		Registry: map[string]map[string]string{
			`hkey_local_machine\software\x`: {"n": "0x10", "s": "Hello World", "v": "6.3", "dir": `C:\App\`, "": "default"},
		},
		Files:    map[string]string{`c:\app\a.dll`: "1.2.3.4", `csidl38\b.dll`: "2.0.0.0"},
		Packages: map[string]string{"pkg": "10.0.5.0"}, Products: map[string]string{"{aa}": "2.1"}, Patches: map[string]bool{"{pp}": true},
		Attributes: map[string]string{"osskuid": "7", "osversion": "10.0.20348.1"}, Releases: map[string]string{"server": "10.0.20348.5"},
		Metrics: map[int]int{87: 1},
		Devices: []agent.Device{{HardwareIDs: []string{`PCI\A`}, CompatibleIDs: []string{`PCI\B`}, Driver: agent.Driver{
			MatchingID: `PCI\B`, VerDate: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), VerVersion: 1<<48 | 5,
		}}},
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	const x = `Key="HKEY_LOCAL_MACHINE" Subkey="SOFTWARE\X" `
	const cbs = `<CbsPackageApplicabilityMetadata><assembly xmlns="urn:schemas-microsoft-com:asm.v3"><assemblyIdentity name="Pkg" version="VERSION" ` +
		`processorArchitecture="ARCH" /><package><parent buildCompare="EQ"><assemblyIdentity name="F" version="PARENT" /></parent></package></assembly></CbsPackageApplicabilityMetadata>`
	pkg := func(version, arch, parent string) string {
		return strings.NewReplacer("VERSION", version, "ARCH", arch, "PARENT", parent).Replace(cbs)
	}
	driver := func(id, date string) string {
		return `<d.WindowsDriverMetaData HardwareID="` + id + `" DriverVerDate="` + date + `" DriverVerVersion="1.0.0.5" />`
	}
	const product = `<m.MsiApplicationMetadata><m.ProductCode>{AA}</m.ProductCode></m.MsiApplicationMetadata>`
	for _, tt := range []struct{ rule, metadata, want string }{
		{`<b.WindowsVersion Comparison="EqualTo" MajorVersion="10" MinorVersion="0" BuildNumber="20348" />`, "", "yes"},
		{`<b.WindowsVersion MajorVersion="10" />`, "", "yes"},
		{`<b.WindowsVersion Comparison="LessThan" MajorVersion="10" MinorVersion="0" BuildNumber="22000" />`, "", "yes"},
		{`<b.WindowsVersion Comparison="LessThan" MajorVersion="6" MinorVersion="9" />`, "", "no"},
		{`<b.WindowsVersion Comparison="GreaterThan" MajorVersion="6" MinorVersion="3" />`, "", "yes"},
		{`<b.WindowsVersion Comparison="GreaterThanOrEqualTo" MajorVersion="10" ProductType="1" />`, "", "no"},
		{`<b.WindowsVersion Comparison="LessThanOrEqualTo" MajorVersion="10" ProductType="3" />`, "", "yes"},
		{`<b.WindowsVersion SuiteMask="16" />`, "", "yes"},
		{`<b.WindowsVersion SuiteMask="17" AllSuitesMustBePresent="true" />`, "", "no"},
		{`<b.WindowsVersion Comparison="About" MajorVersion="10" />`, "", "unknown"},
		{`<b.WindowsVersion MajorVersion="ten" />`, "", "unknown"},
		{`<b.Platform PlatformID="2" />`, "", "yes"},
		{`<b.Processor Architecture="9" />`, "", "yes"},
		{`<b.Processor Architecture="0" />`, "", "no"},
		{`<b.NumberOfProcessors Comparison="GreaterThan" Number="2" />`, "", "yes"},
		{`<b.SystemMetric Comparison="EqualTo" Index="87" Value="1" />`, "", "yes"},
		{`<b.SystemMetric Comparison="EqualTo" Index="88" Value="1" />`, "", "no"},
		{`<b.WindowsLanguage Language="en" />`, "", "yes"},
		{`<b.MuiInstalled />`, "", "no"},
		{`<b.WindowsLanguage Language="de-de" />`, "", "no"},
		{`<b.RegKeyExists ` + x + `/>`, "", "yes"},
		{`<b.RegKeyExists Key="HKEY_LOCAL_MACHINE" Subkey="SOFTWARE\Y" />`, "", "no"},
		{`<b.RegValueExists ` + x + `Value="N" Type="REG_DWORD" />`, "", "yes"},
		{`<b.RegDword ` + x + `Value="N" Comparison="EqualTo" Data="16" />`, "", "yes"},
		{`<b.RegDword ` + x + `Value="S" Comparison="EqualTo" Data="16" />`, "", "no"},
		{`<b.RegDword ` + x + `Value="Absent" Comparison="LessThan" Data="16" />`, "", "no"},
		{`<b.RegSz ` + x + `Value="S" Comparison="BeginsWith" Data="hello" />`, "", "yes"},
		{`<b.RegSz ` + x + `Value="S" Comparison="Contains" Data="lo wo" />`, "", "yes"},
		{`<b.RegSz ` + x + `Value="S" Comparison="EndsWith" Data="hello" />`, "", "no"},
		{`<b.RegSz ` + x + `Value="S" Comparison="Resembles" Data="hello" />`, "", "unknown"},
		{`<b.RegExpandSz ` + x + `Value="S" Comparison="EqualTo" Data="hello world" />`, "", "yes"},
		{`<b.RegSzToVersion ` + x + `Value="V" Comparison="GreaterThanOrEqualTo" Data="6.3.0.0" />`, "", "yes"},
		{`<b.RegSzToVersion ` + x + `Value="S" Comparison="LessThan" Data="9" />`, "", "no"},
		{`<b.FileExists Path="b.dll" Csidl="38" />`, "", "yes"},
		{`<b.FileExists Path="b.dll" />`, "", "no"},
		{`<b.FileExists Path="b.dll" Csidl="38" Size="5" />`, "", "unknown"},
		{`<b.FileVersion Path="B.DLL" Csidl="38" Comparison="LessThan" Version="2.0.0.1" />`, "", "yes"},
		{`<b.FileVersionPrependRegSz Path="a.dll" ` + x + `Value="Dir" Comparison="EqualTo" Version="1.2.3.4" />`, "", "yes"},
		{`<b.FileExistsPrependRegSz Path="a.dll" ` + x + `Value="Gone" />`, "", "no"},
		{`<b.WmiQuery WqlQuery="select" />`, "", "unknown"},
		{`<LicenseDword Value="x" />`, "", "unknown"},
		{`<CbsPackageInstalled />`, pkg("10.0.5.0", "amd64", "10.0.20348.1"), "yes"},
		{`<CbsPackageInstalled />`, pkg("10.0.6.0", "amd64", "10.0.20348.1"), "no"},
		{`<CbsPackageInstallable />`, pkg("10.0.6.0", "amd64", "10.0.20348.1"), "yes"},
		{`<CbsPackageInstallable />`, pkg("10.0.6.0", "arm64", "10.0.20348.1"), "no"},
		{`<CbsPackageInstallable />`, pkg("10.0.6.0", "amd64", "6.1.7601.1"), "no"},
		{`<CbsPackageInstalled />`, "", "unknown"},
		{`<CbsPackageInstalledByIdentity PackageIdentity="Pkg~31bf3856ad364e35~amd64~~10.0.4.0" />`, "", "yes"},
		{`<CbsPackageInstalledByIdentity PackageIdentity="Pkg" />`, "", "unknown"},
		{`<m.MsiProductInstalled ProductCode="{AA}" VersionMin="2.0" VersionMax="2.1" />`, "", "yes"},
		{`<m.MsiProductInstalled ProductCode="{AA}" VersionMax="2.1" ExcludeVersionMax="true" />`, "", "no"},
		{`<m.MsiProductInstalled ProductCode="{BB}" />`, "", "no"},
		{`<m.MsiPatchInstalledForProduct PatchCode="{PP}" ProductCode="{AA}" />`, "", "yes"},
		{`<m.MsiFeatureInstalledForProduct><m.Feature>f</m.Feature><m.Product>{BB}</m.Product></m.MsiFeatureInstalledForProduct>`, "", "no"},
		{`<m.MsiFeatureInstalledForProduct><m.Feature>f</m.Feature><m.Product>{AA}</m.Product></m.MsiFeatureInstalledForProduct>`, "", "unknown"},
		{`<m.MsiApplicationInstalled />`, product, "yes"},
		{`<m.MsiApplicationInstallable />`, product, "no"},
		{`<m.MsiApplicationSuperseded />`, product, "no"},
		{`<m.MsiApplicationInstalled />`, "", "unknown"},
		{`<m.MsiPatchInstalled />`, "", "unknown"},
		{`<DeviceAttribute Name="OSSkuId" Type="String" Comparison="EqualTo" Value="7" />`, "", "yes"},
		{`<DeviceAttribute Name="OSVersion" Type="Version" Comparison="LessThan" Value="10.0.22621.0" />`, "", "yes"},
		{`<DeviceAttribute Name="OSSkuId" Type="Int" Comparison="GreaterThan" Value="7" />`, "", "no"},
		{`<DeviceAttribute Name="Other" Type="Int" Value="7" />`, "", "no"},
		{`<ProductReleaseInstalled Name="Server" Version="10.0.20348.5" />`, "", "yes"},
		{`<ProductReleaseInstalled Name="Client" Version="10.0.20348.5" />`, "", "no"},
		{`<d.WindowsDriverInstalled />`, driver(`pci\a`, "2020-01-01"), "yes"},
		{`<d.WindowsDriverInstallable />`, driver(`PCI\A`, "2021-01-01"), "yes"},
		{`<d.WindowsDriverInstallable />`, driver(`PCI\Z`, "2021-01-01"), "no"},
		{`<d.WindowsDriverSuperseded />`, driver(`PCI\B`, "2019-01-01"), "yes"},
	} {
		t.Run(tt.rule+tt.want, func(t *testing.T) {
			t.Parallel()
			r, c := ruleOf(t, tt.rule, tt.metadata)
			holds, known := table().Holds(r, c)
			got := "unknown"
			if known {
				got = map[bool]string{true: "yes", false: "no"}[holds]
			}
			if got != tt.want {
				t.Errorf("%s is %s, want %s", tt.rule, got, tt.want)
			}
		})
	}
}

func TestPresetsDiffer(t *testing.T) {
	t.Parallel()
	id := update.MustParseID(guid(7))
	rule, core := ruleOf(t, `<b.WindowsVersion Comparison="EqualTo" MajorVersion="6" MinorVersion="1" ServicePackMajor="1" />`, "")
	for name, tt := range map[string]struct {
		m    agent.Machine
		want bool
	}{
		"server": {agent.WindowsServer2022(id, "s"), false},
		"client": {agent.Windows11(id, "c"), false},
		"old":    {agent.Windows7(id, "o"), true},
	} {
		if got, known := tt.m.Facts.Holds(rule, core); got != tt.want || !known {
			t.Errorf("%s: %t", name, got)
		}
	}
	if m := agent.WindowsServer2022(id, "s"); !m.Computer.IsServer() || m.Computer.ClientID != guid(7) {
		t.Errorf("%+v", m.Computer)
	} else if o := m.For(update.MustParseID(guid(8)), "other"); o.Facts != m.Facts || o.Computer.DNSName != "other" || m.Computer.DNSName != "s" {
		t.Errorf("%+v", o.Computer)
	}
}
