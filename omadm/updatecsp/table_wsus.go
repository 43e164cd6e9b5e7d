package updatecsp

// wsusSettings are the settings that say where a device looks for updates.
func wsusSettings() []Setting {
	// The revisions that brought the four source settings to versions that were
	// out before Windows 11.
	sources := builds(w(19041, 1202), w(19042, 1202), w(19043, 1202), w(19044, 1288), w(19045, 2130), w(20348, 371), w(22000))
	source := []Value{{Value: "0", Meaning: "from Windows Update"}, {Value: "1", Meaning: "from the WSUS server"}}
	together := "set all four SetPolicyDrivenUpdateSourceFor settings together: a device that has a WSUS server and any deferral, and lacks them, scans Windows Update"
	return []Setting{
		{
			Name: "UpdateServiceUrl", Kind: Text, Text: URL, Default: "CorpWSUS",
			Builds: builds(w(10240)), Since: "1507", Conflict: LastWrite, Editions: singleSession(),
			GroupPolicy: "CorpWuURL/CorpWUURL_Name",
			Meaning:     "WSUS server that the device scans and reports to. Without it the device scans Windows Update.",
			Caveats: []string{
				"the default CorpWSUS of the description is a placeholder, not a server",
				"over http anyone on the way can change what a device is told to install; use https",
				"from 1703 not supported on Windows 10 Mobile and, as older documents say, on IoT Enterprise",
				"machines set up by registry or group policy need WUServer, WUStatusServer and UseWUServer; OMA DM does with this one",
			},
		},
		{
			Name: "UpdateServiceUrlAlternate", Kind: Text, Text: URL,
			Builds: builds(w(14393)), Since: "1607", Conflict: LastWrite, Needs: WSUS,
			GroupPolicy: "CorpWuURL/CorpWUContentHost_Name",
			Meaning:     "Host that files of updates are downloaded from in place of the WSUS server.",
			Caveats: []string{
				"has an effect only together with UpdateServiceUrl",
				"has no effect where automatic updates are switched off",
				"came to 1607 with an update of January 2017",
			},
		},
		{
			Name: "FillEmptyContentUrls", Kind: Enum, Values: offOn("leave files without a URL alone", "ask the alternate host for files without a URL"), Default: "0",
			Builds: builds(w(14393)), Since: "1607", Conflict: LastWrite, Needs: WSUS,
			GroupPolicy: "CorpWuURL/CorpWUFillEmptyContentUrls",
			Meaning:     "Lets the device work out the URL of a file on the alternate host where the metadata has none.",
			Caveats:     []string{"only together with UpdateServiceUrlAlternate"},
		},
		{
			Name: "SetPolicyDrivenUpdateSourceForFeatureUpdates", Kind: Enum, Values: source, Default: "1",
			Builds: sources, Since: "2004", Conflict: LastWrite, Needs: WSUS,
			GroupPolicy: "CorpWuURL/CorpWUSetPolicyDrivenUpdateSourceForFeatureUpdates",
			Meaning:     "Where feature updates come from.",
			Caveats:     []string{together},
		},
		{
			Name: "SetPolicyDrivenUpdateSourceForQualityUpdates", Kind: Enum, Values: source, Default: "1",
			Builds: sources, Since: "2004", Conflict: LastWrite, Needs: WSUS,
			GroupPolicy: "CorpWuURL/CorpWUSetPolicyDrivenUpdateSourceForQualityUpdates",
			Meaning:     "Where quality updates come from.",
			Caveats:     []string{together},
		},
		{
			Name: "SetPolicyDrivenUpdateSourceForDriverUpdates", Kind: Enum, Values: source, Default: "1",
			Builds: sources, Since: "2004", Conflict: LastWrite, Needs: WSUS,
			GroupPolicy: "CorpWuURL/CorpWUSetPolicyDrivenUpdateSourceForDriverUpdates",
			Meaning:     "Where drivers come from.",
			Caveats:     []string{together},
		},
		{
			Name: "SetPolicyDrivenUpdateSourceForOtherUpdates", Kind: Enum, Values: source, Default: "1",
			Builds: sources, Since: "2004", Conflict: LastWrite, Needs: WSUS,
			// The description names the part for drivers, by mistake it seems; the
			// registry value has its own name.
			GroupPolicy: "CorpWuURL/CorpWUSetPolicyDrivenUpdateSourceForDriverUpdates",
			Meaning:     "Where all other updates come from, such as those of other Microsoft products.",
			Caveats:     []string{together},
		},
		{
			Name: "AllowUpdateService", Kind: Enum, Values: offOn("no contact with public update services", "contact now and then, as Windows likes"), Default: "1",
			Builds: builds(w(10240)), Since: "1507", Conflict: LowestWins, Editions: singleSession(), Needs: WSUS,
			GroupPolicy: "CorpWuURL",
			Meaning:     "Whether a device with a WSUS server still calls Windows Update, Microsoft Update and the Store.",
			Caveats: []string{
				"has an effect only together with UpdateServiceUrl",
				"0 also stops the Store; behind a gap nothing is lost, and retries that cannot work end",
				"the description joins it with the policy CorpWuURL; by registry it is DoNotConnectToWindowsUpdateInternetLocations, with the opposite value",
			},
		},
		{
			Name: "DetectionFrequency", Kind: Range, Min: 1, Max: 22, Default: "22",
			Builds: builds(w(15063)), Since: "1703", Conflict: LastWrite, Needs: WSUS,
			GroupPolicy: "DetectionFrequency_Title/DetectionFrequency_Hour2",
			Meaning:     "Hours between scans of the WSUS server.",
			Caveats: []string{
				"has an effect only together with UpdateServiceUrl",
				"the device adds a random part of up to four hours",
			},
		},
		{
			Name: "AllowNonMicrosoftSignedUpdate", Kind: Enum, Values: offOn("only what Microsoft signed", "also what a publisher signed that the device trusts"), Default: "1",
			Builds: builds(w(10240)), Since: "1507", Conflict: LowestWins, Needs: WSUS,
			Meaning: "Whether updates of the WSUS server may be signed by somebody else than Microsoft, whose certificate is in the device's Trusted Publishers.",
			Caveats: []string{
				"the default lets others in: set 0 where no packages of your own are published",
				"with 1 the signer's certificate must be in Trusted Publishers and its authority in Trusted Root",
			},
		},
		{
			Name: "SetProxyBehaviorForUpdateDetection", Kind: Enum, Values: offOn("only the system's proxy", "the user's proxy where the system's fails"), Default: "0",
			Builds: builds(w(10240, 18696), w(14393, 3930), w(15063, 2500), w(16299, 2107), w(17134, 1726), w(17763, 1457), w(18362, 1082), w(18363, 1082), w(19041, 508), w(22000)),
			Since:  "1507", Conflict: LastWrite, Needs: WSUS,
			GroupPolicy: "CorpWuURL/SetProxyBehaviorForUpdateDetection",
			Meaning:     "Which proxy may be used to reach a WSUS server over http.",
			Caveats:     []string{"a user's proxy can change what comes over http: 1 only where there is no other way"},
		},
		{
			Name: "DoNotEnforceEnterpriseTLSCertPinningForUpdateDetection", Kind: Enum, Values: offOn("pinning is enforced", "pinning is left out"), Default: "0",
			Builds: builds(w(10240, 18818), w(14393, 4169), w(15063, 2108), w(16299, 2166), w(17134, 1967), w(17763, 1697), w(18362, 1316), w(18363, 1316), w(19041, 746), w(19042, 746), w(22000)),
			Since:  "1507", Conflict: LastWrite, Needs: WSUS,
			GroupPolicy: "CorpWuURL/CorpWUDoNotEnforceEnterpriseTLSCertPinningForUpdateDetection",
			Meaning:     "Whether the certificate of the WSUS server must be one that is pinned in the device's WSUS store, where that store has any.",
			Caveats:     []string{"has an effect only where certificates are in the WSUS store of the device, and over https"},
		},
		{
			Name: "DisableDualScan", Kind: Enum, Values: offOn("deferrals may lead to scans of Windows Update", "deferrals do not lead to scans of Windows Update"), Default: "0",
			Builds: builds(w(14393)), Until: w(22000), Since: "1607", Conflict: LastWrite, Needs: WSUS,
			Status: Legacy, Instead: "the four SetPolicyDrivenUpdateSourceFor settings",
			GroupPolicy: "DisableDualScan",
			Meaning:     "Keeps a device with a WSUS server and a deferral from scanning Windows Update.",
			Caveats: []string{
				"not supported on Windows 11",
				"not to be combined with the four source settings: a device that gets those is not sent it",
			},
		},
	}
}
