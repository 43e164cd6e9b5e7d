package updatecsp

import (
	"fmt"
	"slices"
)

// schedule warns about automatic updates and their schedule.
func (r *review) schedule() {
	if r.is("AllowAutoUpdate", "5") {
		r.caution("5 also stops security updates: only where a regulation demands it", "AllowAutoUpdate")
	}
	weeks := []string{"ScheduledInstallFirstWeek", "ScheduledInstallSecondWeek", "ScheduledInstallThirdWeek", "ScheduledInstallFourthWeek"}
	all := append([]string{"ScheduledInstallDay", "ScheduledInstallTime", "ScheduledInstallEveryWeek"}, weeks...)
	if set := r.those(all...); len(set) > 0 && !r.is("AllowAutoUpdate", "3") {
		r.caution("has an effect only with AllowAutoUpdate 3", append(set, "AllowAutoUpdate")...)
	}
	picked := r.valued("1", weeks...)
	switch {
	case r.is("ScheduledInstallEveryWeek", "0") && len(picked) == 0:
		r.refuse("0 needs at least one of the four weeks: nothing would ever be installed", "ScheduledInstallEveryWeek")
	case len(picked) > 0 && !r.is("ScheduledInstallEveryWeek", "0"):
		r.caution("has no effect while ScheduledInstallEveryWeek is 1, as it is by default", append(picked, "ScheduledInstallEveryWeek")...)
	}
	if r.is("RequireUpdateApproval", "1") && r.has("UpdateServiceUrl") {
		r.caution("with 1 an update must be approved twice: on the WSUS server and in the device's list of approved updates", "RequireUpdateApproval", "UpdateServiceUrl")
	}
	if r.is("SetEDURestart", "1") && !r.has("ScheduledInstallTime") {
		r.caution("goes with ScheduledInstallTime", "SetEDURestart", "ScheduledInstallTime")
	}
	if r.has("AlwaysAutoRebootAtScheduledTimeMinutes") && !r.is("AllowAutoUpdate", "3") {
		r.caution("has an effect only with AllowAutoUpdate 3", "AlwaysAutoRebootAtScheduledTimeMinutes", "AllowAutoUpdate")
	}
}

// activeHours refuses spans that are too long.
func (r *review) activeHours() {
	ends := r.those("ActiveHoursStart", "ActiveHoursEnd")
	switch len(ends) {
	case 0:
		return
	case 1:
		r.caution("set ActiveHoursStart and ActiveHoursEnd together", ends...)
		return
	}
	start, end := r.number("ActiveHoursStart", 8), r.number("ActiveHoursEnd", 17)
	span := (end - start + 24) % 24
	most := r.number("ActiveHoursMaxRange", 18)
	if !r.os.IsZero() && r.os.Compare(w(15063)) < 0 {
		most = 12
	}
	switch {
	case span == 0:
		r.refuse("active hours begin and end at the same hour", ends...)
	case span > most:
		r.refuse(fmt.Sprintf("active hours span %d hours, at most %d are allowed", span, most), ends...)
	case span > 12 && r.os.IsZero():
		r.caution(fmt.Sprintf("active hours span %d hours; 1607 allows at most 12", span), ends...)
	}
	if r.is("AllowAutoUpdate", "3") {
		if at := r.number("ScheduledInstallTime", 3); (at-start+24)%24 < span {
			r.caution(fmt.Sprintf("the scheduled install at %d o'clock is within active hours: its restart waits for their end", at), "ScheduledInstallTime", "ActiveHoursStart", "ActiveHoursEnd")
		}
	}
}

// deadlines warns about parts of a deadline without it.
func (r *review) deadlines() {
	feature, quality := r.has("ConfigureDeadlineForFeatureUpdates"), r.has("ConfigureDeadlineForQualityUpdates")
	if r.has("ConfigureDeadlineGracePeriod") && !quality && (!feature || r.has("ConfigureDeadlineGracePeriodForFeatureUpdates")) {
		r.caution("has an effect only with ConfigureDeadlineForQualityUpdates", "ConfigureDeadlineGracePeriod", "ConfigureDeadlineForQualityUpdates")
	}
	for _, name := range []string{"ConfigureDeadlineGracePeriodForFeatureUpdates", "ConfigureDeadlineNoAutoRebootForFeatureUpdates"} {
		if r.has(name) && !feature {
			r.caution("has an effect only with ConfigureDeadlineForFeatureUpdates", name, "ConfigureDeadlineForFeatureUpdates")
		}
	}
	if r.has("ConfigureDeadlineNoAutoRebootForQualityUpdates") && !quality {
		r.caution("has an effect only with ConfigureDeadlineForQualityUpdates", "ConfigureDeadlineNoAutoRebootForQualityUpdates", "ConfigureDeadlineForQualityUpdates")
	}
	if r.has("ConfigureDeadlineNoAutoReboot") {
		if !feature && !quality {
			r.caution("has an effect only with ConfigureDeadlineForQualityUpdates or ConfigureDeadlineForFeatureUpdates", "ConfigureDeadlineNoAutoReboot")
		}
		if newer := r.those("ConfigureDeadlineNoAutoRebootForFeatureUpdates", "ConfigureDeadlineNoAutoRebootForQualityUpdates"); len(newer) > 0 {
			r.caution("from Windows 11 22H2 the settings for each kind of update take its place", append([]string{"ConfigureDeadlineNoAutoReboot"}, newer...)...)
		}
	}
}

// legacyRestarts warns about the three generations of restart settings beside each
// other.
func (r *review) legacyRestarts() {
	autoRestart := []string{"AutoRestartDeadlinePeriodInDays", "AutoRestartDeadlinePeriodInDaysForFeatureUpdates"}
	engaged := []string{
		"EngagedRestartTransitionSchedule", "EngagedRestartTransitionScheduleForFeatureUpdates",
		"EngagedRestartSnoozeSchedule", "EngagedRestartSnoozeScheduleForFeatureUpdates",
		"EngagedRestartDeadline", "EngagedRestartDeadlineForFeatureUpdates",
	}
	deadlines := r.those("ConfigureDeadlineForFeatureUpdates", "ConfigureDeadlineForQualityUpdates")
	if old := r.those(slices.Concat(autoRestart, engaged)...); len(old) > 0 && len(deadlines) > 0 {
		r.caution("has no effect beside the ConfigureDeadlineFor settings", append(old, deadlines...)...)
	}
	if set := r.those(engaged...); len(set) > 0 {
		if by := r.those(append(autoRestart, "AlwaysAutoRebootAtScheduledTimeMinutes")...); len(by) > 0 {
			r.caution("has no effect beside a deadline for automatic restarts or a restart at the scheduled time", append(set, by...)...)
		}
	}
	for _, name := range engaged[:2] {
		if r.is(name, "0", "1") {
			r.caution("the description allows 0 and 1, the documents of the policy say 2 to 30: a device may refuse it", name)
		}
	}
	for _, kind := range []string{"", "ForFeatureUpdates"} {
		deadline, transition := "EngagedRestartDeadline"+kind, "EngagedRestartTransitionSchedule"+kind
		if r.has(deadline) && r.number(deadline, 14) < r.number(transition, 0) {
			r.caution("comes before the transition that it is to follow", deadline, transition)
		}
	}
}

// notices warns about what users are not told.
func (r *review) notices() {
	quiet := r.is("UpdateNotificationLevel", "1", "2")
	if r.is("NoUpdateNotificationsDuringActiveHours", "1") && !quiet {
		r.caution("1 has an effect only with UpdateNotificationLevel 1 or 2", "NoUpdateNotificationsDuringActiveHours", "UpdateNotificationLevel")
	}
	if quiet && r.is("AllowAutoUpdate", "0", "5") {
		r.caution("without notifications and without automatic updates nobody learns of missing updates", "UpdateNotificationLevel", "AllowAutoUpdate")
	}
	if r.is("AllowAutoUpdate", "0") && r.is("SetDisableUXWUAccess", "1") {
		r.refuse("1 keeps users from downloading updates, and with AllowAutoUpdate 0 nobody else does", "SetDisableUXWUAccess", "AllowAutoUpdate")
	}
	if r.is("SetAutoRestartNotificationDisable", "1") {
		if set := r.those("AutoRestartNotificationSchedule", "AutoRestartRequiredNotificationDismissal"); len(set) > 0 {
			r.caution("has no effect while SetAutoRestartNotificationDisable is 1", append(set, "SetAutoRestartNotificationDisable")...)
		}
	}
}
