package updatecsp_test

import (
	"slices"
	"strings"
	"testing"

	"sluice/omadm/updatecsp"
)

func TestWarnings(t *testing.T) {
	t.Parallel()
	const url = "UpdateServiceUrl=https://a:8531 AllowNonMicrosoftSignedUpdate=0"
	four := " SetPolicyDrivenUpdateSourceForFeatureUpdates=1 SetPolicyDrivenUpdateSourceForQualityUpdates=1" +
		" SetPolicyDrivenUpdateSourceForDriverUpdates=1 SetPolicyDrivenUpdateSourceForOtherUpdates=1"
	for _, tt := range []struct {
		name     string
		values   string
		os       string
		severity updatecsp.Severity // empty: nothing is to be said
		setting  string             // the first
		message  string             // a part
	}{
		{"nothing", "", "", "", "", ""},
		{"a WSUS server", url, "", "", "", ""},
		{"over http", "UpdateServiceUrl=http://a:8530 AllowNonMicrosoftSignedUpdate=0", "", updatecsp.Caution, "UpdateServiceUrl", "over http"},
		{"wrong port", "UpdateServiceUrl=https://a:8530 AllowNonMicrosoftSignedUpdate=0", "", updatecsp.Caution, "UpdateServiceUrl", "8531"},
		{"alternate alone", "UpdateServiceUrlAlternate=https://b", "", updatecsp.Error, "UpdateServiceUrlAlternate", "needs UpdateServiceUrl"},
		{"detection alone", "DetectionFrequency=4", "", updatecsp.Caution, "DetectionFrequency", "UpdateServiceUrl"},
		{"no contact alone", "AllowUpdateService=0", "", updatecsp.Caution, "AllowUpdateService", "UpdateServiceUrl"},
		{"fill without alternate", url + " FillEmptyContentUrls=1", "", updatecsp.Error, "FillEmptyContentUrls", "UpdateServiceUrlAlternate"},
		{"fill with alternate", url + " UpdateServiceUrlAlternate=https://b FillEmptyContentUrls=1", "", "", "", ""},
		{"others' signatures", "UpdateServiceUrl=https://a AllowNonMicrosoftSignedUpdate=1", "", updatecsp.Caution, "AllowNonMicrosoftSignedUpdate", "Trusted Publishers"},
		{"others' signatures by default", "UpdateServiceUrl=https://a", "", updatecsp.Caution, "AllowNonMicrosoftSignedUpdate", "by default"},
		{"proxy with https", url + " SetProxyBehaviorForUpdateDetection=1", "", updatecsp.Caution, "SetProxyBehaviorForUpdateDetection", "over http"},
		{"pinning", url + " DoNotEnforceEnterpriseTLSCertPinningForUpdateDetection=1", "", updatecsp.Caution, "DoNotEnforceEnterpriseTLSCertPinningForUpdateDetection", "pins"},
		{"four sources", url + four, "", "", "", ""},
		{"three sources", url + strings.Replace(four, " SetPolicyDrivenUpdateSourceForOtherUpdates=1", "", 1), "", updatecsp.Caution, "SetPolicyDrivenUpdateSourceForFeatureUpdates", "missing: SetPolicyDrivenUpdateSourceForOtherUpdates"},
		{"sources without a server", four, "", updatecsp.Error, "SetPolicyDrivenUpdateSourceForFeatureUpdates", "none at all"},
		{"a source that is not WSUS", url + strings.Replace(four, "DriverUpdates=1", "DriverUpdates=0", 1), "", updatecsp.Caution, "SetPolicyDrivenUpdateSourceForDriverUpdates", "Windows Update"},
		{"dual scan", url + " DeferQualityUpdatesPeriodInDays=7", "", updatecsp.Caution, "DeferQualityUpdatesPeriodInDays", "dual scan"},
		{"deferral without effect", url + four + " DeferQualityUpdatesPeriodInDays=7", "", updatecsp.Caution, "DeferQualityUpdatesPeriodInDays", "no effect"},
		{"pause without effect", url + four + " PauseQualityUpdates=1 PauseQualityUpdatesStartTime=2026-11-24", "", updatecsp.Caution, "PauseQualityUpdates", "no effect"},
		{"target without effect", url + four + " TargetReleaseVersion=24H2", "", updatecsp.Caution, "TargetReleaseVersion", "no effect"},
		{"dual scan prevented the old way", url + " DeferQualityUpdatesPeriodInDays=7 DisableDualScan=1", "10.0.17763.1", updatecsp.Caution, "DeferQualityUpdatesPeriodInDays", "no effect"},
		{"old and new way", url + four + " DisableDualScan=1", "", updatecsp.Caution, "DisableDualScan", "not to be combined"},
		{"deferral alone", "DeferQualityUpdatesPeriodInDays=7", "", "", "", ""},
		{"deferral too long for 1607", "DeferFeatureUpdatesPeriodInDays=200", "", updatecsp.Caution, "DeferFeatureUpdatesPeriodInDays", "0 to 180"},
		{"deferral too long for this 1607", "DeferFeatureUpdatesPeriodInDays=200", "10.0.14393.1", updatecsp.Caution, "DeferFeatureUpdatesPeriodInDays", "not on Windows 10 1607"},
		{"channel that ended", "BranchReadinessLevel=32", "", updatecsp.Caution, "BranchReadinessLevel", "1903"},
		{"Insider", "ManagePreviewBuilds=2", "", updatecsp.Caution, "ManagePreviewBuilds", "Insider"},
		{"product alone", "ProductVersion=Windows_11", "", updatecsp.Error, "ProductVersion", "needs TargetReleaseVersion"},
		{"release of the other product", "ProductVersion=Windows_11 TargetReleaseVersion=1909", "", updatecsp.Error, "TargetReleaseVersion", "no release 1909"},
		{"product and release", "ProductVersion=Windows_11 TargetReleaseVersion=24H2", "", "", "", ""},
		{"start of no pause", "PauseFeatureUpdates=0 PauseFeatureUpdatesStartTime=2026-11-24", "", updatecsp.Error, "PauseFeatureUpdates", "contradicts"},
		{"Microsoft Update", url + " AllowMUUpdateService=1", "", updatecsp.Caution, "AllowMUUpdateService", "Microsoft Update"},
		{"no safeguards", "DisableWUfBSafeguards=1", "", updatecsp.Caution, "DisableWUfBSafeguards", "harm"},
		{"no updates", "AllowAutoUpdate=5", "", updatecsp.Caution, "AllowAutoUpdate", "security updates"},
		{"schedule", "AllowAutoUpdate=3 ScheduledInstallDay=1 ScheduledInstallTime=3", "", "", "", ""},
		{"schedule alone", "ScheduledInstallTime=3", "", updatecsp.Caution, "ScheduledInstallTime", "AllowAutoUpdate 3"},
		{"no week", "AllowAutoUpdate=3 ScheduledInstallEveryWeek=0", "", updatecsp.Error, "ScheduledInstallEveryWeek", "weeks"},
		{"a week beside every week", "AllowAutoUpdate=3 ScheduledInstallFirstWeek=1", "", updatecsp.Caution, "ScheduledInstallFirstWeek", "ScheduledInstallEveryWeek"},
		{"a week", "AllowAutoUpdate=3 ScheduledInstallEveryWeek=0 ScheduledInstallFirstWeek=1", "", "", "", ""},
		{"active hours", "ActiveHoursStart=8 ActiveHoursEnd=17", "", "", "", ""},
		{"active hours over midnight", "ActiveHoursStart=20 ActiveHoursEnd=4", "", "", "", ""},
		{"one end", "ActiveHoursStart=8", "", updatecsp.Caution, "ActiveHoursStart", "together"},
		{"too long", "ActiveHoursStart=4 ActiveHoursEnd=23", "", updatecsp.Error, "ActiveHoursStart", "span 19 hours, at most 18"},
		{"just right", "ActiveHoursStart=4 ActiveHoursEnd=22", "10.0.19045.1", "", "", ""},
		{"longer than the site wants", "ActiveHoursStart=8 ActiveHoursEnd=20 ActiveHoursMaxRange=10", "", updatecsp.Error, "ActiveHoursStart", "at most 10"},
		{"too long for 1607", "ActiveHoursStart=8 ActiveHoursEnd=21", "", updatecsp.Caution, "ActiveHoursStart", "1607"},
		{"too long for this 1607", "ActiveHoursStart=8 ActiveHoursEnd=21", "10.0.14393.1", updatecsp.Error, "ActiveHoursStart", "at most 12"},
		{"no hours", "ActiveHoursStart=8 ActiveHoursEnd=8", "", updatecsp.Error, "ActiveHoursStart", "same hour"},
		{"install in active hours", "AllowAutoUpdate=3 ScheduledInstallTime=12 ActiveHoursStart=8 ActiveHoursEnd=17", "", updatecsp.Caution, "ScheduledInstallTime", "within active hours"},
		{"grace without deadline", "ConfigureDeadlineGracePeriod=2", "", updatecsp.Caution, "ConfigureDeadlineGracePeriod", "only with"},
		{"grace for features", "ConfigureDeadlineGracePeriodForFeatureUpdates=2", "", updatecsp.Caution, "ConfigureDeadlineGracePeriodForFeatureUpdates", "only with"},
		{"deadline with grace", "ConfigureDeadlineForQualityUpdates=7 ConfigureDeadlineGracePeriod=2", "", "", "", ""},
		{"deadlines of two ages", "ConfigureDeadlineForQualityUpdates=7 AutoRestartDeadlinePeriodInDays=7", "", updatecsp.Caution, "AutoRestartDeadlinePeriodInDays", "no effect beside"},
		{"engaged restart of old", "EngagedRestartTransitionSchedule=1", "", updatecsp.Caution, "EngagedRestartTransitionSchedule", "2 to 30"},
		{"engaged restart and deadline", "EngagedRestartSnoozeSchedule=1 AutoRestartDeadlinePeriodInDays=7", "", updatecsp.Caution, "EngagedRestartSnoozeSchedule", "no effect beside"},
		{"deadline before transition", "EngagedRestartTransitionSchedule=10 EngagedRestartDeadline=5", "", updatecsp.Caution, "EngagedRestartDeadline", "transition"},
		{"approval", "RequireUpdateApproval=1", "", updatecsp.Caution, "RequireUpdateApproval", "legacy"},
		{"approval twice", url + " RequireUpdateApproval=1", "", updatecsp.Caution, "RequireUpdateApproval", "twice"},
		{"phones", "PhoneUpdateRestrictions=1", "", updatecsp.Caution, "PhoneUpdateRestrictions", "legacy"},
		{"hotpatch", "AllowRebootlessUpdates=1", "", updatecsp.Caution, "AllowRebootlessUpdates", "not in the published"},
		{"quiet in active hours", "NoUpdateNotificationsDuringActiveHours=1", "", updatecsp.Caution, "NoUpdateNotificationsDuringActiveHours", "UpdateNotificationLevel"},
		{"nobody learns", "UpdateNotificationLevel=2 AllowAutoUpdate=0", "", updatecsp.Caution, "UpdateNotificationLevel", "nobody"},
		{"nobody may", "SetDisableUXWUAccess=1 AllowAutoUpdate=0", "", updatecsp.Error, "SetDisableUXWUAccess", "nobody else"},
		{"peers", url + " DODownloadMode=1", "", updatecsp.Caution, "DODownloadMode", "cloud service"},
		{"peers alone", "DODownloadMode=99 DOMinFileSizeToCache=10", "", updatecsp.Caution, "DOMinFileSizeToCache", "does not share"},
		{"bypass", "DODownloadMode=100", "", updatecsp.Caution, "DODownloadMode", "Windows 11"},
		{"bypass and cache", "DODownloadMode=100 DOCacheHost=a.example", "", updatecsp.Caution, "DOCacheHost", "around"},
		{"two sizes", "DOMaxCacheSize=10 DOAbsoluteMaxCacheSize=10", "", updatecsp.Caution, "DOMaxCacheSize", "beside"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := updatecsp.Desired{}
			for _, pair := range strings.Fields(tt.values) {
				name, value, _ := strings.Cut(pair, "=")
				value = strings.ReplaceAll(value, "_", " ")
				if _, normal, err := updatecsp.Validate(name, value); err != nil || normal != value {
					t.Fatal(name, value, normal, err)
				}
				d[name] = updatecsp.Choice{Value: value}
			}
			found := updatecsp.Warnings(d, v(t, tt.os))
			if tt.severity == "" {
				if len(found) > 0 {
					t.Errorf("said %v, want nothing", found)
				}
				return
			}
			if !slices.ContainsFunc(found, func(w updatecsp.Warning) bool {
				return w.Severity == tt.severity && w.Settings[0] == tt.setting && strings.Contains(w.Message, tt.message)
			}) {
				t.Errorf("said %v, want %s about %s: %s", found, tt.severity, tt.setting, tt.message)
			}
			for _, w := range found {
				if tt.severity == updatecsp.Caution && w.Severity == updatecsp.Error {
					t.Errorf("said %v, want no error", found)
				}
			}
		})
	}
}
