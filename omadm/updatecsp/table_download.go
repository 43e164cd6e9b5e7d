package updatecsp

// maxDWord is the greatest value that the registry keeps in a DWORD.
const maxDWord = 1<<32 - 1

// downloadSettings are those of Delivery Optimization, which downloads the files
// of updates.
func downloadSettings() []Setting {
	peers := "counts only with a DODownloadMode that shares with peers (1, 2, 3), which needs a cloud service to find them"
	number := func(name string, min, max int64, since string, build Version, meaning string, caveats ...string) Setting {
		return Setting{
			Name: name, Kind: Range, Min: min, Max: max, Default: "0",
			Builds: builds(build), Since: since, Conflict: LastWrite, Editions: everyEdition(),
			GroupPolicy: name[len("DO"):] + "/" + name[len("DO"):],
			Meaning:     meaning, Caveats: caveats,
		}
	}
	text := func(name string, kind TextKind, since string, build Version, meaning string, caveats ...string) Setting {
		return Setting{
			Name: name, Kind: Text, Text: kind,
			Builds: builds(build), Since: since, Conflict: LastWrite, Editions: everyEdition(),
			GroupPolicy: name[len("DO"):] + "/" + name[len("DO"):],
			Meaning:     meaning, Caveats: caveats,
		}
	}
	choice := func(name string, values []Value, rule Conflict, since string, build Version, meaning string, caveats ...string) Setting {
		s := number(name, 0, 0, since, build, meaning, caveats...)
		s.Kind, s.Values, s.Conflict = Enum, values, rule
		return s
	}
	hours := func(name, which string) Setting {
		s := text(name, ADMX, "1803", w(17134), "Share of the bandwidth that "+which+" downloads may take, in business hours and outside them.",
			"its value is the text of an ADMX policy, which Windows checks by itself")
		s.GroupPolicy = ""
		return s
	}
	vpn := choice("DODisallowCacheServerDownloadsOnVPN", offOn("may", "may not"), LowestWins, "Win11 22H2", w(22621, 2361),
		"Whether the device keeps from cache servers while a VPN is up.")
	vpn.GroupPolicy = "AllowCacheHostWithVPN/DisallowCacheServerDownloadsOnVPN"
	return []Setting{
		choice("DODownloadMode", []Value{
			{Value: "0", Meaning: "HTTP only"},
			{Value: "1", Meaning: "with peers behind the same address"},
			{Value: "2", Meaning: "with peers of a group", From: w(10586)},
			{Value: "3", Meaning: "with peers on the Internet"},
			{Value: "99", Meaning: "HTTP only, no cloud service", From: w(14393)},
			{Value: "100", Meaning: "without Delivery Optimization, not on Windows 11", From: w(14393), Before: w(22000)},
		}, LastWrite, "1507", w(10240), "How files are downloaded.",
			"99 is the one for networks without Internet: 0 to 3 call a cloud service",
			"with 0, 99 and 100 nothing is shared with peers; with 100 neither are there cache hosts"),
		text("DOCacheHost", Hosts, "1709", w(16299), "Cache servers (Microsoft Connected Cache) that the device asks first.",
			"a device with a WSUS server takes files from where the metadata or UpdateServiceUrlAlternate says"),
		choice("DOCacheHostSource", []Value{
			{Value: "1", Meaning: "DHCP option 235, where DOCacheHost is not set"},
			{Value: "2", Meaning: "DHCP option 235, also where DOCacheHost is set"},
		}, LastWrite, "2004", w(19041), "Where the device learns of cache servers.",
			"the default 0 of the description is not to be set: leave it out"),
		number("DODelayCacheServerFallbackBackground", 0, 2592000, "1903", w(18362),
			"Seconds after which a background download goes from the cache server to the source.",
			"behind a gap there may be no other source"),
		number("DODelayCacheServerFallbackForeground", 0, 2592000, "1903", w(18362),
			"Seconds after which a foreground download goes from the cache server to the source.",
			"behind a gap there may be no other source"),
		vpn,
		text("DOVpnKeywords", Keywords, "Win11 22H2", w(22621, 2361), "Words by which a VPN connection is known."),
		text("DOGroupId", GUID, "1607", w(14393), "Group of devices that share.", peers, "with DODownloadMode 2"),
		choice("DOGroupIdSource", []Value{
			{Value: "0", Meaning: "not set"}, {Value: "1", Meaning: "AD site"}, {Value: "2", Meaning: "domain SID"},
			{Value: "3", Meaning: "DHCP option"}, {Value: "4", Meaning: "DNS suffix"}, {Value: "5", Meaning: "Entra tenant"},
		}, LastWrite, "1803", w(17134), "Where the group of devices that share comes from.", peers, "with DODownloadMode 2"),
		choice("DORestrictPeerSelectionBy", []Value{
			{Value: "0", Meaning: "no more"}, {Value: "1", Meaning: "same subnet"}, {Value: "2", Meaning: "found in the local network (DNS-SD)"},
		}, LastWrite, "1803", w(17134), "What peers must have in common besides the mode.", peers),
		choice("DOAllowVPNPeerCaching", offOn("no", "yes"), LowestWins, "1703", w(15063),
			"Whether the device shares with peers while a VPN is up.", peers),
		number("DOMaxCacheSize", 1, 100, "1507", w(10240), "Share of the disk that the cache may take, in percent.", "without effect beside DOAbsoluteMaxCacheSize"),
		number("DOAbsoluteMaxCacheSize", 0, maxDWord, "1607", w(14393), "Size that the cache may take, in gigabytes; 0 for no limit of its own.", "goes before DOMaxCacheSize"),
		number("DOMaxCacheAge", 0, maxDWord, "1507", w(10240), "Seconds that a file stays in the cache after its download."),
		text("DOModifyCacheDrive", Place, "1607", w(14393), "Where the cache is."),
		number("DOMonthlyUploadDataCap", 0, maxDWord, "1607", w(14393), "Gigabytes that the device may send to peers on the Internet in a month.", peers),
		number("DOMinBackgroundQos", 1, maxDWord, "1607", w(14393), "Speed that a background download keeps up with the help of the source, in kilobytes a second.", peers),
		number("DOMaxBackgroundDownloadBandwidth", 0, maxDWord, "2004", w(19041), "Bandwidth of all background downloads together, in kilobytes a second; 0 leaves it to the device."),
		number("DOMaxForegroundDownloadBandwidth", 0, maxDWord, "2004", w(19041), "Bandwidth of all foreground downloads together, in kilobytes a second; 0 leaves it to the device."),
		number("DOPercentageMaxBackgroundBandwidth", 0, 100, "1803", w(17134), "Share of the bandwidth of all background downloads together, in percent; 0 leaves it to the device."),
		number("DOPercentageMaxForegroundBandwidth", 0, 100, "1803", w(17134), "Share of the bandwidth of all foreground downloads together, in percent; 0 leaves it to the device."),
		hours("DOSetHoursToLimitBackgroundDownloadBandwidth", "background"),
		hours("DOSetHoursToLimitForegroundDownloadBandwidth", "foreground"),
		number("DODelayBackgroundDownloadFromHttp", 0, maxDWord, "1803", w(17134), "Seconds that a background download waits for peers before it goes to the source.", peers),
		number("DODelayForegroundDownloadFromHttp", 0, maxDWord, "1803", w(17134), "Seconds that a foreground download waits for peers before it goes to the source.", peers),
		number("DOMinBatteryPercentageAllowedToUpload", 0, 100, "1703", w(15063), "Charge below which a device on battery does not send to peers, in percent.", peers),
		number("DOMinDiskSizeAllowedToPeer", 1, 100000, "1703", w(15063), "Size of disk that a device needs to share, in gigabytes.", peers),
		number("DOMinFileSizeToCache", 1, 100000, "1703", w(15063), "Size of a file from which on it is shared, in megabytes.", peers),
		number("DOMinRAMAllowedToPeer", 1, 100000, "1703", w(15063), "Memory that a device needs to share, in gigabytes.", peers),
	}
}
