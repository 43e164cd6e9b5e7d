package updatecsp

// RegistryType is the type of a registry value.
type RegistryType string

// The types.
const (
	DWord  RegistryType = "REG_DWORD"
	String RegistryType = "REG_SZ"
)

// RegistryValue is one value of HKEY_LOCAL_MACHINE, as a group policy would set it.
type RegistryValue struct {
	Key  string // below HKEY_LOCAL_MACHINE
	Name string
	Type RegistryType
	Data string // decimal for a DWord
	// Weak is a value that gives way where another setting writes the same one.
	Weak bool
}

// The keys of the policies.
const (
	updateKey      = `SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate`
	automaticKey   = updateKey + `\AU`
	downloadKey    = `SOFTWARE\Policies\Microsoft\Windows\DeliveryOptimization`
	maintenanceKey = `SOFTWARE\Policies\Microsoft\Windows\Task Scheduler\Maintenance`
)

// Registry returns the registry values by which group policy sets the same on a
// machine that does not enrol, or why there are none. value is one that
// [Setting.Validate] returned.
func (s *Setting) Registry(value string) (values []RegistryValue, why string) {
	if why, ok := unregistered[s.Name]; ok {
		return nil, why
	}
	if s.Area == DeliveryOptimization {
		kind := DWord
		if s.Kind == Text {
			kind = String
		}
		return []RegistryValue{{Key: downloadKey, Name: s.Name, Type: kind, Data: value}}, ""
	}
	if s.Name == "ManagePreviewBuilds" && value == "3" {
		return nil, "leaving it to the user is what Windows does where nothing is set"
	}
	if write, ok := written[s.Name]; ok {
		return write(s.Name, value), ""
	}
	return []RegistryValue{{Key: updateKey, Name: s.Name, Type: DWord, Data: value}}, ""
}

// TargetGroup returns the registry values that put a machine into a target group of
// its WSUS server by its own word.
func TargetGroup(name string) []RegistryValue {
	return []RegistryValue{
		{Key: updateKey, Name: "TargetGroup", Type: String, Data: name},
		on("TargetGroupEnabled"),
	}
}

// unregistered are the settings without a registry value, and why.
var unregistered = map[string]string{
	"AllowRebootlessUpdates":                       "no registry value for it is published",
	"ConfigureFeatureUpdateUninstallPeriod":        "there is no policy for it; use DISM /Online /Set-OSUninstallWindow",
	"DOSetHoursToLimitBackgroundDownloadBandwidth": "its parts are several values of an ADMX policy; set it in the Group Policy editor",
	"DOSetHoursToLimitForegroundDownloadBandwidth": "its parts are several values of an ADMX policy; set it in the Group Policy editor",
	"IgnoreMOAppDownloadLimit":                     "there is no policy for it, only OMA DM",
	"IgnoreMOUpdateDownloadLimit":                  "there is no policy for it, only OMA DM",
	"PhoneUpdateRestrictions":                      "it is for phones, which take it by OMA DM only",
	"RequireUpdateApproval":                        "what is approved can be told by OMA DM only; machines with a WSUS server have its approvals",
}

// writer makes the registry values of a setting.
type writer func(name, value string) []RegistryValue

// written are the settings that are more than one value of the same name and
// number below WindowsUpdate.
var written = map[string]writer{
	"ActiveHoursStart":                                  switched("SetActiveHours"),
	"ActiveHoursEnd":                                    switched("SetActiveHours"),
	"ActiveHoursMaxRange":                               switched("SetActiveHoursMaxRange"),
	"AllowAutoUpdate":                                   automatic,
	"AllowMUUpdateService":                              below(automaticKey),
	"AllowNonMicrosoftSignedUpdate":                     renamed("AcceptTrustedPublisherCerts"),
	"AllowOptionalContent":                              switched("SetAllowOptionalContent"),
	"AllowUpdateService":                                opposite("DoNotConnectToWindowsUpdateInternetLocations"),
	"AlwaysAutoRebootAtScheduledTimeMinutes":            also(below(automaticKey), under(automaticKey, "AlwaysAutoRebootAtScheduledTime")),
	"AutomaticMaintenanceWakeUp":                        wakeUp,
	"AutoRestartDeadlinePeriodInDays":                   switched("SetAutoRestartDeadline"),
	"AutoRestartDeadlinePeriodInDaysForFeatureUpdates":  switched("SetAutoRestartDeadline"),
	"AutoRestartNotificationSchedule":                   switched("SetAutoRestartNotificationConfig"),
	"AutoRestartRequiredNotificationDismissal":          switched("SetAutoRestartRequiredNotificationDismissal"),
	"ConfigureDeadlineForFeatureUpdates":                switched("SetComplianceDeadline", "SetComplianceDeadlineForFU"),
	"ConfigureDeadlineForQualityUpdates":                switched("SetComplianceDeadline", "SetComplianceDeadlineForQU"),
	"ConfigureDeadlineGracePeriod":                      switched("SetComplianceDeadline", "SetComplianceDeadlineForQU"),
	"ConfigureDeadlineGracePeriodForFeatureUpdates":     switched("SetComplianceDeadline", "SetComplianceDeadlineForFU"),
	"ConfigureDeadlineNoAutoReboot":                     switched("SetComplianceDeadline"),
	"ConfigureDeadlineNoAutoRebootForFeatureUpdates":    switched("SetComplianceDeadlineForFU"),
	"ConfigureDeadlineNoAutoRebootForQualityUpdates":    switched("SetComplianceDeadlineForQU"),
	"DeferFeatureUpdatesPeriodInDays":                   deferred("DeferFeatureUpdates"),
	"DeferQualityUpdatesPeriodInDays":                   deferred("DeferQualityUpdates"),
	"DeferUpdatePeriod":                                 switched("DeferUpgrade"),
	"DeferUpgradePeriod":                                switched("DeferUpgrade"),
	"DetectionFrequency":                                also(below(automaticKey), under(automaticKey, "DetectionFrequencyEnabled")),
	"EngagedRestartDeadline":                            switched("SetEngagedRestartTransitionSchedule"),
	"EngagedRestartDeadlineForFeatureUpdates":           switched("SetEngagedRestartTransitionSchedule"),
	"EngagedRestartSnoozeSchedule":                      switched("SetEngagedRestartTransitionSchedule"),
	"EngagedRestartSnoozeScheduleForFeatureUpdates":     switched("SetEngagedRestartTransitionSchedule"),
	"EngagedRestartTransitionSchedule":                  switched("SetEngagedRestartTransitionSchedule"),
	"EngagedRestartTransitionScheduleForFeatureUpdates": switched("SetEngagedRestartTransitionSchedule"),
	"ManagePreviewBuilds":                               previews,
	"NoUpdateNotificationsDuringActiveHours":            switched("SetUpdateNotificationLevel"),
	"PauseFeatureUpdatesStartTime":                      also(text, on("DeferFeatureUpdates")),
	"PauseQualityUpdatesStartTime":                      also(text, on("DeferQualityUpdates")),
	"ProductVersion":                                    also(text, on("TargetReleaseVersion")),
	"RequireDeferUpgrade":                               renamed("DeferUpgrade"),
	"ScheduledInstallDay":                               below(automaticKey),
	"ScheduledInstallEveryWeek":                         below(automaticKey),
	"ScheduledInstallFirstWeek":                         below(automaticKey),
	"ScheduledInstallFourthWeek":                        below(automaticKey),
	"ScheduledInstallSecondWeek":                        below(automaticKey),
	"ScheduledInstallThirdWeek":                         below(automaticKey),
	"ScheduledInstallTime":                              below(automaticKey),
	"ScheduleImminentRestartWarning":                    switched("SetRestartWarningSchd"),
	"ScheduleRestartWarning":                            switched("SetRestartWarningSchd"),
	"SetPolicyDrivenUpdateSourceForDriverUpdates":       sourced,
	"SetPolicyDrivenUpdateSourceForFeatureUpdates":      sourced,
	"SetPolicyDrivenUpdateSourceForOtherUpdates":        sourced,
	"SetPolicyDrivenUpdateSourceForQualityUpdates":      sourced,
	"TargetReleaseVersion":                              targetRelease,
	"UpdateNotificationLevel":                           switched("SetUpdateNotificationLevel"),
	"UpdateServiceUrl":                                  server,
	"UpdateServiceUrlAlternate":                         text,
}

// on is a switch below WindowsUpdate that is on.
func on(name string) RegistryValue { return under(updateKey, name) }

// under is a switch below a key that is on.
func under(key, name string) RegistryValue {
	return RegistryValue{Key: key, Name: name, Type: DWord, Data: "1"}
}

// below writes the value with its own name below another key.
func below(key string) writer {
	return func(name, value string) []RegistryValue {
		return []RegistryValue{{Key: key, Name: name, Type: DWord, Data: value}}
	}
}

// text writes text with its own name.
func text(name, value string) []RegistryValue {
	return []RegistryValue{{Key: updateKey, Name: name, Type: String, Data: value}}
}

// renamed writes the value with another name.
func renamed(to string) writer {
	return func(_, value string) []RegistryValue { return below(updateKey)(to, value) }
}

// opposite writes 1 for 0 and 0 for 1, with another name.
func opposite(to string) writer {
	return func(_, value string) []RegistryValue {
		if value == "0" {
			return below(updateKey)(to, "1")
		}
		return below(updateKey)(to, "0")
	}
}

// also adds more values to what w writes.
func also(w writer, more ...RegistryValue) writer {
	return func(name, value string) []RegistryValue { return append(w(name, value), more...) }
}

// switched writes the value with its own name, and the switches of its policy.
func switched(switches ...string) writer {
	return func(name, value string) []RegistryValue {
		values := below(updateKey)(name, value)
		for _, s := range switches {
			values = append(values, on(s))
		}
		return values
	}
}

// deferred writes days, and a switch that is on where there are any: a deferral of
// no days must not lead to dual scan.
func deferred(name string) writer {
	return func(days, value string) []RegistryValue {
		s := on(name)
		if value == "0" {
			s.Data, s.Weak = "0", true
		}
		return append(below(updateKey)(days, value), s)
	}
}

// automatic writes Configure Automatic Updates. Its options are fewer than the
// values of AllowAutoUpdate: 2 and 4 are the same, and 1 is the install of 2 without
// a restart while somebody is signed in.
func automatic(_, value string) []RegistryValue {
	set := below(automaticKey)
	values := set("NoAutoUpdate", "0")
	maintenance := "1"
	switch value {
	case "5":
		return set("NoAutoUpdate", "1")
	case "0":
		return append(values, set("AUOptions", "2")...)
	case "1":
		values = append(values, set("NoAutoRebootWithLoggedOnUsers", "1")...)
	case "3":
		maintenance = "0"
	}
	values = append(values, set("AUOptions", "4")...)
	values = append(values, set("AutomaticMaintenanceEnabled", maintenance)...)
	// Option 4 needs both of them.
	return append(values,
		RegistryValue{Key: automaticKey, Name: "ScheduledInstallDay", Type: DWord, Data: "0", Weak: true},
		RegistryValue{Key: automaticKey, Name: "ScheduledInstallTime", Type: DWord, Data: "3", Weak: true})
}

// server writes the WSUS server: to scan, to report to, and the switch.
func server(_, value string) []RegistryValue {
	return append(append(text("WUServer", value), text("WUStatusServer", value)...), under(automaticKey, "UseWUServer"))
}

// sourced writes one of the four source settings. Group policy and OMA DM set the
// switch by themselves; where it lacks, Windows does not look at the four.
func sourced(name, value string) []RegistryValue {
	return append(below(updateKey)(name, value), under(automaticKey, "UseUpdateClassPolicySource"))
}

// previews writes the policy in the form of before and after Windows 11.
func previews(_, value string) []RegistryValue {
	return append(below(updateKey)("ManagePreviewBuildsPolicyValue", value), on("ManagePreviewBuilds"))
}

// targetRelease writes the release; the value of the setting's own name is only
// the switch.
func targetRelease(_, value string) []RegistryValue {
	return append(text("TargetReleaseVersionInfo", value), on("TargetReleaseVersion"))
}

func wakeUp(_, value string) []RegistryValue { return below(maintenanceKey)("WakeUp", value) }
