package updatecsp

// legacySettings are kept by Windows for old versions and old habits.
func legacySettings() []Setting {
	deadlines := "from 1903 the ConfigureDeadlineFor settings"
	beside := "has no effect beside the ConfigureDeadlineFor settings"
	engaged := []string{beside, "has no effect beside AutoRestartDeadlinePeriodInDays, nor where restarts wait for users to sign out or always come at the scheduled time"}
	transition := append([]string{"the description allows 0 and 1 too; the documents of the policy say 2 to 30"}, engaged...)
	old := []string{idle, "made for Windows 10 1507 and 1511; not to be used from 1607 on"}
	oldOnly := "from 1607 DeferFeatureUpdatesPeriodInDays, DeferQualityUpdatesPeriodInDays, PauseFeatureUpdates, PauseQualityUpdates and BranchReadinessLevel"
	return []Setting{
		{
			Name: "RequireUpdateApproval", Kind: Enum, Values: offOn("everything that is applicable", "only what is approved"), Default: "0",
			Builds: builds(w(10240)), Since: "1507", Conflict: HighestWins, Editions: singleSession(),
			Status: Legacy, Instead: "approvals of the WSUS server",
			Meaning: "Whether the device installs only what is in ApprovedUpdates of the Update CSP.",
			Caveats: []string{
				"not recommended for desktops; a device with a WSUS server has its approvals there already",
				"approving accepts the license of the update on behalf of the user: it must have been read and accepted",
				"without approved updates the device installs nothing, definition updates neither",
			},
		},
		{
			Name: "PhoneUpdateRestrictions", Kind: Range, Min: 0, Max: 4, Default: "4",
			Builds: builds(w(15063)), Since: "1703", Conflict: LowestWins,
			Status: Legacy, Instead: "RequireUpdateApproval",
			Meaning: "Which updates a phone may install.",
			Caveats: []string{"phones only, and none of them is supported any more"},
		},
		{
			Name: "AutoRestartDeadlinePeriodInDays", Kind: Range, Min: 2, Max: 30, Default: "7",
			Builds: builds(w(14393)), Since: "1607", Conflict: LastWrite,
			Status: Legacy, Instead: deadlines,
			GroupPolicy: "AutoRestartDeadline",
			Meaning:     "Days after which a scheduled restart for quality updates comes whatever the hour.",
			Caveats:     []string{beside},
		},
		{
			Name: "AutoRestartDeadlinePeriodInDaysForFeatureUpdates", Kind: Range, Min: 2, Max: 30, Default: "7",
			Builds: builds(w(17763)), Since: "1809", Conflict: LastWrite,
			Status: Legacy, Instead: deadlines,
			GroupPolicy: "AutoRestartDeadline/AutoRestartDeadlineForFeatureUpdates",
			Meaning:     "Days after which a scheduled restart for feature updates comes whatever the hour.",
			Caveats:     []string{beside},
		},
		{
			Name: "EngagedRestartTransitionSchedule", Kind: Range, Min: 0, Max: 30, Default: "7",
			Builds: builds(w(15063)), Since: "1703", Conflict: LastWrite,
			Status: Legacy, Instead: deadlines,
			GroupPolicy: "EngagedRestartTransitionSchedule",
			Meaning:     "Days after which restarts for quality updates are no longer scheduled by the device but by the user (engaged restart).",
			Caveats:     transition,
		},
		{
			Name: "EngagedRestartTransitionScheduleForFeatureUpdates", Kind: Range, Min: 0, Max: 30, Default: "7",
			Builds: builds(w(17763)), Since: "1809", Conflict: LastWrite,
			Status: Legacy, Instead: deadlines,
			GroupPolicy: "EngagedRestartTransitionSchedule/EngagedRestartTransitionScheduleForFeatureUpdates",
			Meaning:     "The same as EngagedRestartTransitionSchedule, for feature updates.",
			Caveats:     transition,
		},
		{
			Name: "EngagedRestartSnoozeSchedule", Kind: Range, Min: 1, Max: 3, Default: "3",
			Builds: builds(w(15063)), Since: "1703", Conflict: LastWrite,
			Status: Legacy, Instead: deadlines,
			GroupPolicy: "EngagedRestartTransitionSchedule/EngagedRestartSnoozeSchedule",
			Meaning:     "Days that a user may put off the reminder of an engaged restart for quality updates.",
			Caveats:     engaged,
		},
		{
			Name: "EngagedRestartSnoozeScheduleForFeatureUpdates", Kind: Range, Min: 1, Max: 3, Default: "3",
			Builds: builds(w(17763)), Since: "1809", Conflict: LastWrite,
			Status: Legacy, Instead: deadlines,
			GroupPolicy: "EngagedRestartTransitionSchedule/EngagedRestartSnoozeScheduleForFeatureUpdates",
			Meaning:     "The same as EngagedRestartSnoozeSchedule, for feature updates.",
			Caveats:     engaged,
		},
		{
			Name: "EngagedRestartDeadline", Kind: Range, Min: 2, Max: 30, Default: "14",
			Builds: builds(w(15063)), Since: "1703", Conflict: LastWrite,
			Status: Legacy, Instead: deadlines,
			GroupPolicy: "EngagedRestartTransitionSchedule/EngagedRestartDeadline",
			Meaning:     "Days after which a pending restart for quality updates is forced on a user who has not scheduled one.",
			Caveats:     append([]string{"without it, on 1703, a restart is never forced but left to the user"}, engaged...),
		},
		{
			Name: "EngagedRestartDeadlineForFeatureUpdates", Kind: Range, Min: 2, Max: 30, Default: "14",
			Builds: builds(w(17763)), Since: "1809", Conflict: LastWrite,
			Status: Legacy, Instead: deadlines,
			GroupPolicy: "EngagedRestartTransitionSchedule/EngagedRestartDeadlineForFeatureUpdates",
			Meaning:     "The same as EngagedRestartDeadline, for feature updates.",
			Caveats:     engaged,
		},
		{
			Name: "AlwaysAutoRebootAtScheduledTimeMinutes", Kind: Range, Min: 15, Max: 180, Default: "15",
			Builds: builds(w(22621)), Since: "Win11 22H2", Conflict: LastWrite,
			Status: Legacy, Instead: deadlines,
			GroupPolicy: "AlwaysAutoRebootAtScheduledTimeMinutes",
			Meaning:     "Minutes of warning before the restart that follows a scheduled install, also with users signed in.",
			Caveats:     []string{"unsaved work of users who are signed in is lost"},
		},
		{
			Name: "AutoRestartNotificationSchedule", Kind: Enum, Default: "15",
			Values: minutes("15", "30", "60", "120", "240"),
			Builds: builds(w(15063)), Since: "1703", Conflict: LastWrite, Editions: singleSession(),
			Status: Legacy, Instead: "UpdateNotificationLevel",
			GroupPolicy: "AutoRestartNotificationConfig/AutoRestartNotificationSchd",
			Meaning:     "Minutes before a restart at which users are reminded.",
		},
		{
			Name: "AutoRestartRequiredNotificationDismissal", Kind: Enum, Default: "1",
			Values: []Value{{Value: "1", Meaning: "goes away by itself"}, {Value: "2", Meaning: "stays until the user sends it away"}},
			Builds: builds(w(15063)), Since: "1703", Conflict: LastWrite, Editions: singleSession(),
			Status: Legacy, Instead: "UpdateNotificationLevel",
			GroupPolicy: "AutoRestartRequiredNotificationDismissal",
			Meaning:     "How the notice of a needed restart goes away.",
		},
		{
			Name: "ScheduleRestartWarning", Kind: Enum, Default: "4",
			Values: []Value{
				{Value: "2", Meaning: "2 hours"}, {Value: "4", Meaning: "4 hours"}, {Value: "8", Meaning: "8 hours"},
				{Value: "12", Meaning: "12 hours"}, {Value: "24", Meaning: "24 hours"},
			},
			Builds: builds(w(15063)), Since: "1703", Conflict: LastWrite, Editions: singleSession(),
			Status: Legacy, Instead: "UpdateNotificationLevel",
			GroupPolicy: "RestartWarnRemind",
			Meaning:     "Hours before a restart at which users are warned first.",
		},
		{
			Name: "ScheduleImminentRestartWarning", Kind: Enum, Default: "15",
			Values: minutes("15", "30", "60"),
			Builds: builds(w(15063)), Since: "1703", Conflict: LastWrite, Editions: singleSession(),
			Status: Legacy, Instead: "UpdateNotificationLevel",
			GroupPolicy: "RestartWarnRemind/RestartWarn",
			Meaning:     "Minutes before a restart at which users are warned last.",
		},
		{
			Name: "SetAutoRestartNotificationDisable", Kind: Enum, Values: offOn("notices of restarts", "no notices of restarts"), Default: "0",
			Builds: builds(w(15063)), Since: "1703", Conflict: LastWrite,
			Status: Legacy, Instead: "UpdateNotificationLevel",
			GroupPolicy: "AutoRestartNotificationDisable/AutoRestartNotificationSchd",
			Meaning:     "Whether users are told of restarts.",
		},
		{
			Name: "RequireDeferUpgrade", Kind: Enum, Values: offOn("Current Branch", "Current Branch for Business"), Default: "0",
			Builds: builds(w(14393)), Since: "1607", Conflict: LastWrite, Needs: Internet,
			Status: Legacy, Instead: oldOnly,
			GroupPolicy: "DeferUpgrade/DeferUpgradePeriodId",
			Meaning:     "Puts a device on the slower branch of old.",
			Caveats:     old,
		},
		{
			Name: "DeferUpdatePeriod", Kind: Range, Min: 0, Max: 4, Default: "0",
			Builds: builds(w(14393)), Since: "1607", Conflict: LastWrite, Needs: Internet,
			Status: Legacy, Instead: oldOnly,
			GroupPolicy: "DeferUpgrade/DeferUpdatePeriodId",
			Meaning:     "Weeks that updates are held back.",
			Caveats:     old,
		},
		{
			Name: "DeferUpgradePeriod", Kind: Range, Min: 0, Max: 8, Default: "0",
			Builds: builds(w(14393)), Since: "1607", Conflict: LastWrite, Needs: Internet,
			Status: Legacy, Instead: oldOnly,
			GroupPolicy: "DeferUpgrade/DeferUpgradePeriodId",
			Meaning:     "Months that upgrades are held back.",
			Caveats:     old,
		},
		{
			Name: "PauseDeferrals", Kind: Enum, Values: offOn("not paused", "paused"), Default: "0",
			Builds: builds(w(14393)), Since: "1607", Conflict: LastWrite, Needs: Internet,
			Status: Legacy, Instead: oldOnly,
			GroupPolicy: "DeferUpgrade/PauseDeferralsId",
			Meaning:     "Pauses updates and upgrades for up to five weeks.",
			Caveats:     old,
		},
		{
			Name: "IgnoreMOUpdateDownloadLimit", Kind: Enum, Values: offOn("keep to the limit", "ignore the limit"), Default: "0",
			Builds: builds(w(15063)), Since: "1703", Conflict: LowestWins,
			Status: Legacy, Instead: "AllowAutoWindowsUpdateDownloadOverMeteredNetwork",
			Meaning: "Whether updates of Windows may pass the mobile operator's limit of downloads.",
			Caveats: []string{"may cost money"},
		},
		{
			Name: "IgnoreMOAppDownloadLimit", Kind: Enum, Values: offOn("keep to the limit", "ignore the limit"), Default: "0",
			Builds: builds(w(15063)), Since: "1703", Conflict: LowestWins,
			Status: Legacy, Instead: "AllowAutoWindowsUpdateDownloadOverMeteredNetwork",
			Meaning: "Whether apps and their updates may pass the mobile operator's limit of downloads.",
			Caveats: []string{"may cost money"},
		},
	}
}

func minutes(values ...string) []Value {
	list := make([]Value, len(values))
	for i, v := range values {
		list[i] = Value{Value: v, Meaning: v + " minutes"}
	}
	return list
}
