package updatecsp

// installSettings are the settings that say when updates are installed.
func installSettings() []Setting {
	week := func(name, part, which string) Setting {
		return Setting{
			Name: name, Kind: Enum, Values: offOn("not in the "+which+" week", "in the "+which+" week"), Default: "0",
			Builds: builds(w(16299)), Since: "1709", Conflict: LowestWins,
			GroupPolicy: "AutoUpdateCfg/" + part,
			Meaning:     "Whether scheduled installs are in the " + which + " week of the month.",
			Caveats:     []string{"only with AllowAutoUpdate 3, and with ScheduledInstallEveryWeek 0"},
		}
	}
	return []Setting{
		{
			Name: "AllowAutoUpdate", Kind: Enum, Default: "2",
			Values: []Value{
				{Value: "0", Meaning: "ask before the download"},
				{Value: "1", Meaning: "install, then let the user pick the restart"},
				{Value: "2", Meaning: "install and restart"},
				{Value: "3", Meaning: "install and restart at a set time"},
				{Value: "4", Meaning: "install and restart, nothing left to the user"},
				{Value: "5", Meaning: "no automatic updates"},
			},
			Builds: builds(w(10240)), Since: "1507", Conflict: LowestWins, Editions: singleSession(),
			GroupPolicy: "AutoUpdateCfg/AutoUpdateMode",
			Meaning:     "How far updates go by themselves: scan, download, install, restart.",
			Caveats: []string{
				"5 also stops security updates; only where a regulation demands it",
				"with 1 a restart is forced after seven days; with 3 users who are signed in can put off the countdown of 15 minutes",
				"the ScheduledInstall settings count only with 3; without them that is daily at 3 o'clock",
				"at equal depth of groups the lowest value wins, as the description has it, which is not the most cautious one",
			},
		},
		{
			Name: "ScheduledInstallDay", Kind: Enum, Default: "0",
			Values: []Value{
				{Value: "0", Meaning: "every day"}, {Value: "1", Meaning: "Sunday"}, {Value: "2", Meaning: "Monday"},
				{Value: "3", Meaning: "Tuesday"}, {Value: "4", Meaning: "Wednesday"}, {Value: "5", Meaning: "Thursday"},
				{Value: "6", Meaning: "Friday"}, {Value: "7", Meaning: "Saturday"},
			},
			Builds: builds(w(10240)), Since: "1507", Conflict: LowestWins, Editions: singleSession(),
			GroupPolicy: "AutoUpdateCfg/AutoUpdateSchDay",
			Meaning:     "Day of scheduled installs.",
			Caveats:     []string{"only with AllowAutoUpdate 3"},
		},
		{
			Name: "ScheduledInstallTime", Kind: Range, Min: 0, Max: 23, Default: "3",
			Builds: builds(w(10240)), Since: "1507", Conflict: LowestWins, Editions: singleSession(),
			GroupPolicy: "AutoUpdateCfg/AutoUpdateSchTime",
			Meaning:     "Hour of scheduled installs, in the device's own time; 0 is midnight.",
			Caveats:     []string{"only with AllowAutoUpdate 3"},
		},
		{
			Name: "ScheduledInstallEveryWeek", Kind: Enum, Values: offOn("only in the weeks that are set", "in every week"), Default: "1",
			Builds: builds(w(16299)), Since: "1709", Conflict: LowestWins,
			GroupPolicy: "AutoUpdateCfg/AutoUpdateSchEveryWeek",
			Meaning:     "Whether scheduled installs are in every week of the month.",
			Caveats:     []string{"only with AllowAutoUpdate 3", "with 0 at least one of the four weeks must be set"},
		},
		week("ScheduledInstallFirstWeek", "AutoUpdateSchFirstWeek", "first"),
		week("ScheduledInstallSecondWeek", "ScheduledInstallSecondWeek", "second"),
		week("ScheduledInstallThirdWeek", "ScheduledInstallThirdWeek", "third"),
		week("ScheduledInstallFourthWeek", "ScheduledInstallFourthWeek", "fourth"),
		{
			Name: "AllowAutoWindowsUpdateDownloadOverMeteredNetwork", Kind: Enum, Values: offOn("not over metered links", "also over metered links"), Default: "0",
			Builds: builds(w(16299)), Since: "1709", Conflict: LastWrite,
			GroupPolicy: "AllowAutoWindowsUpdateDownloadOverMeteredNetwork",
			Meaning:     "Whether updates are downloaded by themselves over links that are paid by volume.",
		},
		{
			Name: "AutomaticMaintenanceWakeUp", Kind: Enum, Values: offOn("let it sleep", "wake it"), Default: "1",
			Builds: builds(w(18362)), Since: "1903", Conflict: HighestWins,
			GroupPolicy: "WakeUpPolicy",
			Meaning:     "Whether automatic maintenance may wake the device for its daily run, in which updates are installed.",
			Caveats:     []string{"has no effect where the power policy of the device forbids waking"},
		},
		{
			Name: "SetEDURestart", Kind: Enum, Values: offOn("usual checks", "no checks"), Default: "0",
			Builds: builds(w(15063)), Since: "1703", Conflict: LastWrite,
			GroupPolicy: "SetEDURestart",
			Meaning:     "For devices in charging carts: updates wait until after active hours and restarts skip the checks of power and battery, so that they come at the scheduled time.",
			Caveats:     []string{"goes with ScheduledInstallTime and active hours"},
		},
		{
			Name: "ConfigureFeatureUpdateUninstallPeriod", Kind: Range, Min: 2, Max: 60, Default: "10",
			Builds: builds(w(17134)), Since: "1803", Conflict: LastWrite,
			Meaning: "Days in which a feature update can be undone; what that needs stays on the disk so long.",
			Caveats: []string{"counts for feature updates that are installed after it was set"},
		},
		{
			Name: "AllowTemporaryEnterpriseFeatureControl", Kind: Enum, Values: offOn("stay off until the next feature update", "switch on"), Default: "0",
			Builds: builds(w(22621, 1194)), Since: "Win11 22H2", Conflict: LastWrite,
			GroupPolicy: "AllowTemporaryEnterpriseFeatureControl",
			Meaning:     "New features that come with monthly updates and are off on managed devices.",
		},
		{
			Name: "AllowRebootlessUpdates", Kind: Enum, Values: offOn("with restarts", "hotpatches, without restarts"),
			Builds: builds(w(26100)), Since: "Win11 24H2",
			Status: Uncertain, Instead: "nothing; try it on one device first",
			Meaning: "Quality updates that need no restart (hotpatch).",
			Caveats: []string{
				"not in the published description: name, values and editions come from use that was seen",
				"hotpatches come from Windows Update for devices with a subscription; behind a gap nothing is to be expected of it",
			},
		},
	}
}
