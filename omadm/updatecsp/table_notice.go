package updatecsp

// noticeSettings are the settings of what users see and may touch.
func noticeSettings() []Setting {
	return []Setting{
		{
			Name: "UpdateNotificationLevel", Kind: Enum, Default: "0",
			Values: []Value{
				{Value: "0", Meaning: "as Windows does"},
				{Value: "1", Meaning: "none but warnings of a restart"},
				{Value: "2", Meaning: "none at all"},
			},
			Builds: builds(w(17763)), Since: "1809", Conflict: LastWrite, Editions: singleSession(),
			GroupPolicy: "UpdateNotificationLevel",
			Meaning:     "Which notifications of updates users see.",
			Caveats:     []string{"with 1 or 2 on devices that do not update by themselves nobody learns of missing updates"},
		},
		{
			Name: "NoUpdateNotificationsDuringActiveHours", Kind: Enum, Values: offOn("as UpdateNotificationLevel says, at all hours", "only in active hours"), Default: "0",
			Builds: builds(w(22621)), Since: "Win11 22H2", Conflict: LowestWins,
			GroupPolicy: "NoUpdateNotificationsDuringActiveHours",
			Meaning:     "Whether UpdateNotificationLevel counts in active hours only.",
			Caveats:     []string{"only with UpdateNotificationLevel 1 or 2", "once a deadline has passed a notification is shown all the same"},
		},
		{
			Name: "SetDisableUXWUAccess", Kind: Enum, Values: offOn("users may", "users may not"), Default: "0",
			Builds: builds(w(17763)), Since: "1809", Conflict: LastWrite, Editions: singleSession(),
			GroupPolicy: "SetDisableUXWUAccess",
			Meaning:     "Whether users may scan, download and install in Settings.",
			Caveats:     []string{"with 1 support cannot ask a user to look for updates either"},
		},
		{
			Name: "SetDisablePauseUXAccess", Kind: Enum, Default: "0",
			Values: []Value{{Value: "1", Meaning: "users may not pause"}, {Value: "0", Meaning: "users may pause"}},
			Builds: builds(w(17763)), Since: "1809", Conflict: LastWrite, Editions: everyEdition(),
			GroupPolicy: "SetDisablePauseUXAccess",
			Meaning:     "Whether users may pause updates in Settings.",
		},
	}
}
