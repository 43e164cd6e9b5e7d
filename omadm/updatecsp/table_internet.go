package updatecsp

// idle is said of the settings that choose among what Windows Update offers.
const idle = "has no effect on what comes from a WSUS server: there an approval decides"

// dual is said of those that also change where a device scans.
const dual = "on a device with a WSUS server and without the four source settings it leads to scans of Windows Update (dual scan)"

// internetSettings are the settings of Windows Update for Business, which decide
// among what Windows Update offers.
func internetSettings() []Setting {
	return []Setting{
		{
			Name: "DeferFeatureUpdatesPeriodInDays", Kind: Range, Min: 0, Max: 365, Default: "0",
			Limits: []Limit{{Before: w(15063), Min: 0, Max: 180}},
			Builds: builds(w(14393)), Since: "1607", Conflict: LastWrite, Editions: singleSession(), Needs: Internet,
			GroupPolicy: "DeferFeatureUpdates/DeferFeatureUpdatesPeriodId",
			Meaning:     "Days that feature updates are held back after they came out.",
			Caveats:     []string{idle, dual, "at most 180 days on 1607"},
		},
		{
			Name: "DeferQualityUpdatesPeriodInDays", Kind: Range, Min: 0, Max: 30, Default: "0",
			Builds: builds(w(14393)), Since: "1607", Conflict: LastWrite, Editions: everyEdition(), Needs: Internet,
			GroupPolicy: "DeferQualityUpdates/DeferQualityUpdatesPeriodId",
			Meaning:     "Days that quality updates are held back after they came out.",
			Caveats:     []string{idle, dual, "definition updates are never held back"},
		},
		{
			Name: "PauseFeatureUpdates", Kind: Enum, Values: offOn("not paused", "paused"), Default: "0",
			Builds: builds(w(14393)), Since: "1607", Conflict: LastWrite, Editions: singleSession(), Needs: Internet,
			GroupPolicy: "DeferFeatureUpdates/PauseFeatureUpdatesId",
			Meaning:     "Pauses feature updates until it is set back.",
			Caveats:     []string{idle, dual, "ends by itself after 60 days on 1607 and after 35 days on newer versions"},
		},
		{
			Name: "PauseFeatureUpdatesStartTime", Kind: Text, Text: Date,
			Builds: builds(w(15063)), Since: "1703", Conflict: LastWrite, Editions: singleSession(), Needs: Internet,
			GroupPolicy: "DeferFeatureUpdates/PauseFeatureUpdatesStartId",
			Meaning:     "Day on which the pause of feature updates begins.",
			Caveats:     []string{idle, dual, "the pause ends 35 days later"},
		},
		{
			Name: "PauseQualityUpdates", Kind: Enum, Values: offOn("not paused", "paused"), Default: "0",
			Builds: builds(w(14393)), Since: "1607", Conflict: LastWrite, Editions: singleSession(), Needs: Internet,
			GroupPolicy: "DeferQualityUpdates/PauseQualityUpdatesId",
			Meaning:     "Pauses quality updates until it is set back.",
			Caveats:     []string{idle, dual, "ends by itself after 35 days"},
		},
		{
			Name: "PauseQualityUpdatesStartTime", Kind: Text, Text: Date,
			Builds: builds(w(15063)), Since: "1703", Conflict: LastWrite, Editions: everyEdition(), Needs: Internet,
			GroupPolicy: "DeferQualityUpdates/PauseQualityUpdatesStartId",
			Meaning:     "Day on which the pause of quality updates begins.",
			Caveats:     []string{idle, dual, "the pause ends 35 days later"},
		},
		{
			Name: "BranchReadinessLevel", Kind: Enum, Default: "16",
			Values: []Value{
				{Value: "2", Meaning: "Insider, Dev or Fast", From: w(16299)},
				{Value: "4", Meaning: "Insider, Beta or Slow", From: w(16299)},
				{Value: "8", Meaning: "Insider, Release Preview", From: w(16299)},
				{Value: "16", Meaning: "general availability"},
				{Value: "32", Meaning: "Semi-Annual Channel, until 1809", Before: w(18362)},
				{Value: "64", Meaning: "release preview of quality updates only"},
				{Value: "128", Meaning: "Insider, Canary"},
			},
			Builds: builds(w(14393)), Since: "1607", Conflict: LastWrite, Editions: singleSession(), Needs: Internet,
			GroupPolicy: "DeferFeatureUpdates/BranchReadinessLevelId",
			Meaning:     "Channel that the device takes its releases from.",
			Caveats:     []string{idle, dual, "32 is not known from 1903 on; the Insider channels came with 1709 and need the Internet"},
		},
		{
			Name: "ManagePreviewBuilds", Kind: Enum, Default: "3",
			Values: []Value{
				{Value: "0", Meaning: "no preview builds"},
				{Value: "1", Meaning: "no preview builds once the next release is out"},
				{Value: "2", Meaning: "preview builds"},
				{Value: "3", Meaning: "the user decides"},
			},
			Builds: builds(w(16299)), Since: "1709", Conflict: LastWrite, Editions: singleSession(), Needs: Internet,
			GroupPolicy: "ManagePreviewBuilds/ManagePreviewBuildsId",
			Meaning:     "Whether Insider builds may be installed.",
			Caveats:     []string{idle},
		},
		{
			Name: "TargetReleaseVersion", Kind: Text, Text: Release,
			Builds: builds(w(17134, 1488), w(17763, 1217), w(18362, 836), w(18363, 836), w(19041)),
			Since:  "1803", Conflict: LastWrite, Needs: Internet,
			GroupPolicy: "TargetReleaseVersion/TargetReleaseVersionId",
			Meaning:     "Release that the device moves to and stays on until its support ends.",
			Caveats:     []string{idle, dual, "where both Windows 10 and 11 have a release of the name, ProductVersion says which is meant"},
		},
		{
			Name: "ProductVersion", Kind: Text, Text: Product,
			Builds: builds(w(19041, 1202), w(19042, 1202), w(19043, 1202), w(22000)),
			Since:  "2004", Conflict: LastWrite, Needs: Internet,
			GroupPolicy: "ProductVersion/ProductVersionId",
			Meaning:     "Product of the release in TargetReleaseVersion.",
			Caveats:     []string{idle, dual, "only together with TargetReleaseVersion"},
		},
		{
			Name: "AllowOptionalContent", Kind: Enum, Default: "0",
			Values: []Value{
				{Value: "0", Meaning: "none"},
				{Value: "1", Meaning: "by itself, with features that come gradually"},
				{Value: "2", Meaning: "by itself"},
				{Value: "3", Meaning: "the user picks"},
			},
			Builds: builds(w(19044, 3757)), Since: "21H2", Conflict: LowestWins, Needs: Internet,
			GroupPolicy: "AllowOptionalContent",
			Meaning:     "Optional updates: previews without security content, and features that come gradually.",
			Caveats:     []string{idle},
		},
		{
			Name: "ExcludeWUDriversInQualityUpdate", Kind: Enum, Values: offOn("with drivers", "without drivers"), Default: "0",
			Builds: builds(w(14393)), Since: "1607", Conflict: LastWrite, Needs: Internet,
			GroupPolicy: "ExcludeWUDriversInQualityUpdate",
			Meaning:     "Whether drivers of Windows Update come with quality updates.",
			Caveats:     []string{idle},
		},
		{
			Name: "AllowMUUpdateService", Kind: Enum, Values: offOn("only Windows", "other Microsoft products too"), Default: "0",
			Builds: builds(w(14393)), Since: "1607", Conflict: LowestWins, Needs: Internet,
			GroupPolicy: "AutoUpdateCfg/AllowMUUpdateServiceId",
			Meaning:     "Whether the device also scans Microsoft Update, for Office and the like.",
			Caveats:     []string{"behind a gap there is no Microsoft Update to scan: a WSUS server offers other products by itself"},
		},
		{
			Name: "DisableWUfBSafeguards", Kind: Enum, Values: offOn("wait for safeguards", "ignore safeguards"), Default: "0",
			Builds: builds(w(17763, 1490), w(18362, 1110), w(18363, 1110), w(19041, 546), w(22000)),
			Since:  "1809", Conflict: LastWrite, Needs: Internet,
			Meaning: "Whether a feature update waits while Microsoft holds it back for devices like this one.",
			Caveats: []string{idle, "with 1 a device may take a feature update that is known to harm it"},
		},
	}
}
