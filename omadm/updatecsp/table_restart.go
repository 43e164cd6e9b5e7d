package updatecsp

// restartSettings are the settings that say when a device restarts.
func restartSettings() []Setting {
	return []Setting{
		{
			Name: "ActiveHoursStart", Kind: Range, Min: 0, Max: 23, Default: "8",
			Builds: builds(w(14393)), Since: "1607", Conflict: LastWrite, Editions: everyEdition(),
			GroupPolicy: "ActiveHours/ActiveHoursStartTime",
			Meaning:     "Hour at which active hours begin: from here on no restart by itself.",
			Caveats:     []string{"set both ends; the span is at most 12 hours on 1607 and at most ActiveHoursMaxRange, 18 without it, from 1703"},
		},
		{
			Name: "ActiveHoursEnd", Kind: Range, Min: 0, Max: 23, Default: "17",
			Builds: builds(w(14393)), Since: "1607", Conflict: LastWrite, Editions: everyEdition(),
			GroupPolicy: "ActiveHours/ActiveHoursEndTime",
			Meaning:     "Hour at which active hours end: from here on restarts are allowed again.",
			Caveats:     []string{"set both ends; the span is at most 12 hours on 1607 and at most ActiveHoursMaxRange, 18 without it, from 1703"},
		},
		{
			Name: "ActiveHoursMaxRange", Kind: Range, Min: 8, Max: 18, Default: "18",
			Builds: builds(w(15063)), Since: "1703", Conflict: LastWrite, Editions: everyEdition(),
			GroupPolicy: "ActiveHoursMaxRange",
			Meaning:     "Longest span of active hours, in hours.",
		},
		{
			Name: "ConfigureDeadlineForQualityUpdates", Kind: Range, Min: 0, Max: 30, Default: "7",
			Builds: builds(w(18362)), Since: "1903", Conflict: LastWrite, Editions: everyEdition(),
			GroupPolicy: "ConfigureDeadlineForQualityUpdates",
			Meaning:     "Days after which a quality update is installed whatever the hour. Until then users may schedule the restart.",
			Caveats:     []string{"replaces the AutoRestartDeadline and EngagedRestart settings, which do nothing beside it", "0 begins at once and may still take longer than a day"},
		},
		{
			Name: "ConfigureDeadlineForFeatureUpdates", Kind: Range, Min: 0, Max: 30, Default: "2",
			Builds: builds(w(18362)), Since: "1903", Conflict: LastWrite, Editions: singleSession(),
			GroupPolicy: "ConfigureDeadlineForFeatureUpdates",
			Meaning:     "Days after which a feature update is installed whatever the hour. Until then users may schedule the restart.",
			Caveats:     []string{"replaces the AutoRestartDeadline and EngagedRestart settings, which do nothing beside it", "0 begins at once and may still take longer than a day"},
		},
		{
			Name: "ConfigureDeadlineGracePeriod", Kind: Range, Min: 0, Max: 7, Default: "2",
			Builds: builds(w(18362)), Since: "1903", Conflict: LastWrite, Editions: everyEdition(),
			GroupPolicy: "ConfigureDeadlineGracePeriod",
			Meaning:     "Days that pass at least between the install of a quality update and a forced restart.",
			Caveats:     []string{"only with ConfigureDeadlineForQualityUpdates", "counts for feature updates too where ConfigureDeadlineGracePeriodForFeatureUpdates is not set"},
		},
		{
			Name: "ConfigureDeadlineGracePeriodForFeatureUpdates", Kind: Range, Min: 0, Max: 7, Default: "7",
			Builds: builds(w(17763, 1852), w(18363, 1474), w(19041, 906), w(19042, 906), w(22000)),
			Since:  "1809", Conflict: LastWrite,
			GroupPolicy: "ConfigureDeadlineGracePeriodForFeatureUpdates",
			Meaning:     "Days that pass at least between the install of a feature update and a forced restart.",
			Caveats:     []string{"only with ConfigureDeadlineForFeatureUpdates"},
		},
		{
			Name: "ConfigureDeadlineNoAutoReboot", Kind: Enum, Values: offOn("may restart before", "waits for the deadline"), Default: "0",
			Builds: builds(w(18362)), Since: "1903", Conflict: HighestWins, Editions: singleSession(),
			Status: Legacy, Instead: "from Windows 11 22H2 ConfigureDeadlineNoAutoRebootForFeatureUpdates and ...ForQualityUpdates",
			GroupPolicy: "ConfigureDeadlineNoAutoReboot",
			Meaning:     "Whether a device keeps from restarting by itself until deadline and grace period are over.",
			Caveats:     []string{"only with one of the ConfigureDeadlineFor settings"},
		},
		{
			Name: "ConfigureDeadlineNoAutoRebootForFeatureUpdates", Kind: Enum, Values: offOn("may restart before", "waits for the deadline"), Default: "0",
			Builds: builds(w(22621)), Since: "Win11 22H2", Conflict: HighestWins,
			GroupPolicy: "ConfigureDeadlineNoAutoRebootForFeatureUpdates",
			Meaning:     "The same as ConfigureDeadlineNoAutoReboot, for feature updates.",
			Caveats:     []string{"only with ConfigureDeadlineForFeatureUpdates"},
		},
		{
			Name: "ConfigureDeadlineNoAutoRebootForQualityUpdates", Kind: Enum, Values: offOn("may restart before", "waits for the deadline"), Default: "0",
			Builds: builds(w(22621)), Since: "Win11 22H2", Conflict: HighestWins,
			GroupPolicy: "ConfigureDeadlineNoAutoRebootForQualityUpdates",
			Meaning:     "The same as ConfigureDeadlineNoAutoReboot, for quality updates.",
			Caveats:     []string{"only with ConfigureDeadlineForQualityUpdates"},
		},
	}
}
