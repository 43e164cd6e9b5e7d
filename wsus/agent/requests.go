package agent

import (
	"strings"
	"time"

	"sluice/wsus/update"
)

// protocolVersion is what the native agent calls itself, in requests and in its
// User-Agent.
const protocolVersion = "2.90"

// service is one of the server's doors.
type service struct {
	path, ns string
	cv       bool // the native agent sends a correlation vector here
}

var (
	clientService = service{"/ClientWebService/client.asmx", "http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService", true}
	authService   = service{"/SimpleAuthWebService/SimpleAuth.asmx", "http://www.microsoft.com/SoftwareDistribution/Server/SimpleAuthWebService", false}
	reportService = service{"/ReportingWebService/ReportingWebService.asmx", "http://www.microsoft.com/SoftwareDistribution", false}
)

// Cookie is what a server gives a client to come back with. Both parts are kept
// as they came and sent back unchanged.
type Cookie struct {
	Expiration string // xs:dateTime
	Data       string // base64; empty for no cookie
}

func (c Cookie) write(x *xmlText, name string) {
	x.el(name, func() {
		x.text("Expiration", c.Expiration)
		if c.Data != "" {
			x.text("EncryptedData", c.Data)
		}
	})
}

func getConfig() []byte {
	return envelope(clientService.ns, "GetConfig", func(x *xmlText) { x.text("protocolVersion", protocolVersion) })
}

// getAuthorizationCookie names the groups of client-side targeting joined by
// semicolons, nothing where targeting is the server's.
func getAuthorizationCookie(c *update.Computer) []byte {
	return envelope(authService.ns, "GetAuthorizationCookie", func(x *xmlText) {
		x.text("clientId", c.ClientID)
		if len(c.RequestedGroups) > 0 {
			x.text("targetGroupName", strings.Join(c.RequestedGroups, ";"))
		}
		x.text("dnsName", c.DNSName)
	})
}

func getCookie(plugIn, auth string, old Cookie, lastChange string, now time.Time) []byte {
	if old.Data == "" {
		old.Expiration = wireSeconds(now)
	}
	return envelope(clientService.ns, "GetCookie", func(x *xmlText) {
		x.el("authCookies", func() {
			x.el("AuthorizationCookie", func() {
				x.text("PlugInId", plugIn)
				x.text("CookieData", auth)
			})
		})
		old.write(x, "oldCookie")
		x.text("lastChange", lastChange)
		x.text("currentTime", wireSeconds(now))
		x.text("protocolVersion", protocolVersion)
	})
}

func registerComputer(cookie Cookie, c *update.Computer) []byte {
	return envelope(clientService.ns, "RegisterComputer", func(x *xmlText) {
		cookie.write(x, "cookie")
		x.el("computerInfo", func() { computerInfo(x, c) })
	})
}

func computerInfo(x *xmlText, c *update.Computer) {
	x.text("DnsName", c.DNSName)
	x.int("OSMajorVersion", int64(c.OSMajor))
	x.int("OSMinorVersion", int64(c.OSMinor))
	x.int("OSBuildNumber", int64(c.OSBuild))
	x.int("OSServicePackMajorNumber", int64(c.ServicePackMajor))
	x.int("OSServicePackMinorNumber", int64(c.ServicePackMinor))
	x.text("OSLocale", c.OSLocale)
	x.text("ComputerManufacturer", c.Manufacturer)
	x.text("ComputerModel", c.Model)
	x.text("BiosVersion", c.BiosVersion)
	x.text("BiosName", c.BiosName)
	x.text("BiosReleaseDate", wireSeconds(c.BiosDate))
	x.text("ProcessorArchitecture", c.Architecture)
	x.int("SuiteMask", int64(c.SuiteMask))
	x.int("OldProductType", int64(c.OldProductType))
	x.int("NewProductType", int64(c.NewProductType))
	x.int("SystemMetrics", int64(c.SystemMetrics))
	x.int("ClientVersionMajorNumber", int64(c.ClientVersion[0]))
	x.int("ClientVersionMinorNumber", int64(c.ClientVersion[1]))
	x.int("ClientVersionBuildNumber", int64(c.ClientVersion[2]))
	x.int("ClientVersionQfeNumber", int64(c.ClientVersion[3]))
	x.text("OSDescription", c.OSDescription)
	x.text("OEM", c.OEM)
	x.text("DeviceType", c.DeviceType)
	x.text("FirmwareVersion", c.FirmwareVersion)
	x.text("MobileOperator", c.MobileOperator)
}

func startCategoryScan(categories []update.ID) []byte {
	return envelope(clientService.ns, "StartCategoryScan", func(x *xmlText) {
		x.el("requestedCategories", func() {
			for i, id := range categories {
				x.el("CategoryRelationship", func() {
					x.int("IndexOfAndGroup", int64(i))
					x.text("CategoryId", id.String())
				})
			}
		})
	})
}

// syncRequest is what varies in SyncUpdates.
type syncRequest struct {
	cookie           Cookie
	installed, other []update.RevisionID // other: software round; ignored in the driver pass
	drivers          []update.RevisionID // CachedDriverIDs
	machine          *Machine            // whose devices to send; nil: a software round
	filter           []update.ID
	device, caller   string // DeviceAttributes and CallerAttributes
	products         string
}

func syncUpdates(r *syncRequest) []byte {
	return envelope(clientService.ns, "SyncUpdates", func(x *xmlText) {
		r.cookie.write(x, "cookie")
		x.el("parameters", func() {
			x.bool("ExpressQuery", false)
			x.ints("InstalledNonLeafUpdateIDs", r.installed)
			if r.machine == nil {
				x.ints("OtherCachedUpdateIDs", r.other)
			} else {
				x.el("SystemSpec", func() { devices(x, r.machine.Devices) })
				x.ints("CachedDriverIDs", r.drivers)
			}
			x.bool("SkipSoftwareSync", r.machine != nil)
			if len(r.filter) > 0 {
				x.el("FilterCategoryIds", func() {
					for _, id := range r.filter {
						x.el("CategoryIdentifier", func() { x.text("Id", id.String()) })
					}
				})
			}
			x.bool("NeedTwoGroupOutOfScopeUpdates", true)
			x.bool("AlsoPerformRegularSync", len(r.filter) == 0)
			computerSpec(x, r.machine)
			x.el("ProductsParameters", func() {
				x.bool("SyncCurrentVersionOnly", false)
				x.text("DeviceAttributes", r.device)
				x.text("CallerAttributes", r.caller)
				x.text("Products", r.products)
			})
		})
	})
}

func computerSpec(x *xmlText, m *Machine) {
	if m == nil || len(m.HardwareIDs) == 0 {
		x.text("ComputerSpec", "")
	} else {
		x.el("ComputerSpec", func() {
			x.el("HardwareIDs", func() {
				for _, id := range m.HardwareIDs {
					x.text("guid", id.String())
				}
			})
		})
	}
	if m != nil {
		x.text("FeatureScoreMatchingKey", m.FeatureScoreKey)
	}
}

// noComputerHWID is how the native agent writes the computer hardware id of a
// driver that was not chosen by one, own prefix and all.
const noComputerHWID = `<MatchingComputerHWID a:nil="true" xmlns:a="http://www.w3.org/2001/XMLSchema-instance"/>`

func devices(x *xmlText, list []Device) {
	for i := range list {
		d := &list[i]
		x.el("Device", func() {
			x.texts("HardwareIDs", "string", d.HardwareIDs)
			x.texts("CompatibleIDs", "string", d.CompatibleIDs)
			x.el("installedDriver", func() { installedDriver(x, &d.Driver) })
			if len(d.Extensions) > 0 {
				x.el("extensionDrivers", func() {
					for _, e := range d.Extensions {
						x.el("ExtensionDriver", func() {
							x.text("ExtensionId", e.ExtensionID)
							x.text("DriverVerDate", wireSeconds(e.VerDate))
							x.int("DriverVerVersion", int64(e.VerVersion))
							x.text("Class", e.Class)
							x.int("DriverRank", int64(e.Rank))
							x.WriteString(noComputerHWID)
						})
					}
				})
			}
			if d.Flags != 0 {
				x.int("DeviceFlags", int64(d.Flags))
			}
		})
	}
}

func installedDriver(x *xmlText, d *Driver) {
	optional := func(name, value string) {
		if value != "" {
			x.text(name, value)
		}
	}
	rank := d.Rank
	if d.MatchingID == "" {
		rank = -1
	}
	optional("MatchingID", d.MatchingID)
	x.text("DriverVerDate", wireSeconds(d.VerDate))
	x.int("DriverVerVersion", int64(d.VerVersion))
	optional("Class", d.Class)
	optional("Manufacturer", d.Manufacturer)
	optional("Provider", d.Provider)
	optional("Model", d.Model)
	x.WriteString(noComputerHWID)
	x.int("DriverRank", int64(rank))
	if d.SkipProviderFiltering {
		x.bool("SkipProviderFiltering", true)
	}
	if d.IsGeneric {
		x.bool("IsGeneric", true)
	}
}

func getExtendedUpdateInfo(cookie Cookie, ids []update.RevisionID, locales []string, device, geo, caller string) []byte {
	return envelope(clientService.ns, "GetExtendedUpdateInfo", func(x *xmlText) {
		cookie.write(x, "cookie")
		x.ints("revisionIDs", ids)
		x.texts("infoTypes", "XmlUpdateFragmentType", []string{"Extended", "LocalizedProperties"})
		x.texts("locales", "string", locales)
		x.text("deviceAttributes", device)
		x.text("GeoId", geo)
		x.text("callerAttributes", caller)
	})
}

func identities(x *xmlText, name string, ids []update.Identity) {
	x.el(name, func() {
		for _, id := range ids {
			x.el("UpdateIdentity", func() {
				x.text("UpdateID", id.ID.String())
				x.int("RevisionNumber", int64(id.Number))
			})
		}
	})
}

func getExtendedUpdateInfo2(cookie Cookie, ids []update.Identity, locales []string, caller string) []byte {
	return envelope(clientService.ns, "GetExtendedUpdateInfo2", func(x *xmlText) {
		cookie.write(x, "cookie")
		identities(x, "updateIDs", ids)
		x.texts("infoTypes", "XmlUpdateFragmentType", []string{"FileUrl"})
		x.texts("locales", "string", locales)
		x.text("callerAttributes", caller)
	})
}

func refreshCache(cookie Cookie, ids []update.Identity) []byte {
	return envelope(clientService.ns, "RefreshCache", func(x *xmlText) {
		cookie.write(x, "cookie")
		identities(x, "globalIDs", ids)
	})
}

func getFileLocations(cookie Cookie, digests []update.Digest) []byte {
	return envelope(clientService.ns, "GetFileLocations", func(x *xmlText) {
		cookie.write(x, "cookie")
		x.el("fileDigests", func() {
			for _, d := range digests {
				x.text("base64Binary", d.Base64())
			}
		})
	})
}

func syncPrinterCatalog(cookie Cookie, installed, printers []update.RevisionID) []byte {
	return envelope(clientService.ns, "SyncPrinterCatalog", func(x *xmlText) {
		cookie.write(x, "cookie")
		x.ints("installedNonLeafUpdateIDs", installed)
		x.ints("printerUpdateIDs", printers)
	})
}

func getRequiredInventoryType(cookie Cookie, rules update.ID, version string) []byte {
	return envelope(reportService.ns, "GetRequiredInventoryType", func(x *xmlText) {
		cookie.write(x, "cookie")
		x.text("rulesId", rules.String())
		x.text("rulesVersion", version)
	})
}

func reportInventory(cookie Cookie, now time.Time, raw string) []byte {
	return envelope(reportService.ns, "ReportInventory", func(x *xmlText) {
		cookie.write(x, "cookie")
		x.text("clientTime", wireTime(now))
		x.el("inventory", func() {
			x.bool("IsCompressed", false)
			x.text("RawXml", raw)
		})
	})
}
