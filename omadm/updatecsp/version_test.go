package updatecsp_test

import (
	"strings"
	"testing"

	"sluice/omadm/updatecsp"
)

// v reads a version that a test is written with.
func v(t *testing.T, s string) updatecsp.Version {
	t.Helper()
	if s == "" {
		return updatecsp.Version{}
	}
	version, err := updatecsp.ParseVersion(s)
	if err != nil {
		t.Fatal(err)
	}
	return version
}

func TestParseVersion(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"10.0.19045.4170", "10.0.19045.4170"},
		{"10.0.19045", "10.0.19045"},
		{"10.0.19045.0", "10.0.19045"},
		{"10.0", "10.0.0"},
		{"", "error"}, {"10", "error"}, {"10.0.1.2.3", "error"}, {"10.0.-1", "error"}, {"10.0.x", "error"},
		{"10.0.99999999999", "error"}, {strings.Repeat("1.", 50), "error"},
	} {
		got, err := updatecsp.ParseVersion(tt.in)
		if (err != nil) != (tt.want == "error") || err == nil && got.String() != tt.want {
			t.Errorf("ParseVersion(%q) = %s, %v; want %s", tt.in, got, err, tt.want)
		}
	}
}

func TestRelease(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"10.0.14393.1": "Windows 10 1607", "10.0.19045.4170": "Windows 10 22H2", "10.0.26200": "Windows 11 25H2",
		"10.0.12345": "", "6.1.7601": "",
	} {
		if got := v(t, in).Release(); got != want {
			t.Errorf("release of %s = %q, want %q", in, got, want)
		}
	}
}

func TestApplies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		setting, os string
		sku         int
		want        bool
		why         string // part of the reason
	}{
		{"AllowAutoUpdate", "10.0.19045.4170", 48, true, ""},
		{"AllowAutoUpdate", "", 0, true, ""},
		{"AllowAutoUpdate", "", 101, false, "Home"},
		{"AllowAutoUpdate", "10.0.19045.4170", 7, false, "Server Standard"},
		{"AllowAutoUpdate", "10.0.19045.4170", 8, false, "Server Datacenter"},
		{"AllowAutoUpdate", "10.0.19045.4170", 999, false, "edition 999"},
		{"AllowAutoUpdate", "10.0.22621", 175, false, "multi-session"},
		{"ActiveHoursStart", "10.0.22621", 175, true, ""},
		{"DetectionFrequency", "10.0.22621", 136, false, "Holographic"},
		{"ActiveHoursStart", "10.0.10586.1", 48, false, "needs Windows 10 1607 (10.0.14393), the device has 10.0.10586.1"},
		{"AllowTemporaryEnterpriseFeatureControl", "10.0.22621.1193", 4, false, "Windows 11 22H2"},
		{"AllowTemporaryEnterpriseFeatureControl", "10.0.22621.1194", 4, true, ""},
		{"AllowTemporaryEnterpriseFeatureControl", "10.0.22631.2000", 4, true, ""},
		{"AllowTemporaryEnterpriseFeatureControl", "10.0.26100.1", 4, true, ""},
		{"SetPolicyDrivenUpdateSourceForQualityUpdates", "10.0.19041.1201", 48, false, ""},
		{"SetPolicyDrivenUpdateSourceForQualityUpdates", "10.0.19041.1202", 48, true, ""},
		{"SetPolicyDrivenUpdateSourceForQualityUpdates", "10.0.19045.2129", 48, false, ""},
		{"SetPolicyDrivenUpdateSourceForQualityUpdates", "10.0.19045.2130", 48, true, ""},
		{"SetPolicyDrivenUpdateSourceForQualityUpdates", "10.0.18363.9999", 48, false, ""},
		{"SetPolicyDrivenUpdateSourceForQualityUpdates", "10.0.22000.1", 48, true, ""},
		{"SetPolicyDrivenUpdateSourceForQualityUpdates", "10.0.26200.1", 48, true, ""},
		// 21H2 and 22H2 share the updates of 2004 but are not named.
		{"ProductVersion", "10.0.19045.2130", 48, true, ""},
		{"ProductVersion", "10.0.19044.1100", 48, false, ""},
		// 1903 shares the updates of 1909, which is named, and is newer than 1809,
		// which is named too.
		{"ConfigureDeadlineGracePeriodForFeatureUpdates", "10.0.18362.1000", 48, false, ""},
		{"ConfigureDeadlineGracePeriodForFeatureUpdates", "10.0.18363.1474", 48, true, ""},
		{"ConfigureDeadlineGracePeriodForFeatureUpdates", "10.0.17763.1851", 48, false, ""},
		{"ConfigureDeadlineGracePeriodForFeatureUpdates", "10.0.17763.1852", 48, true, ""},
		{"ConfigureDeadlineGracePeriodForFeatureUpdates", "10.0.19043.1000", 48, true, ""},
		{"TargetReleaseVersion", "10.0.19045.1", 48, true, ""},
		{"AllowOptionalContent", "10.0.19045.3756", 48, false, ""},
		{"AllowOptionalContent", "10.0.19045.3757", 48, true, ""},
		{"AllowOptionalContent", "10.0.22621.1", 48, true, ""},
		{"DisableDualScan", "10.0.19045.1", 48, true, ""},
		{"DisableDualScan", "10.0.22000.1", 48, false, "no effect from Windows 11 21H2"},
		{"ActiveHoursStart", "6.3.9600", 48, false, ""},
		{"ActiveHoursStart", "11.0.1", 48, true, ""},
	} {
		s, ok := updatecsp.Find(tt.setting)
		if !ok {
			t.Fatal(tt.setting)
		}
		got, why := s.Applies(v(t, tt.os), tt.sku)
		if got != tt.want || !strings.Contains(why, tt.why) || got != (why == "") {
			t.Errorf("%s on %q, edition %d: %t, %q; want %t, %q", tt.setting, tt.os, tt.sku, got, why, tt.want, tt.why)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		setting, value, os string
		allowed            string // empty for fine
	}{
		{"DeferFeatureUpdatesPeriodInDays", "181", "10.0.14393.1", "0 to 180"},
		{"DeferFeatureUpdatesPeriodInDays", "180", "10.0.14393.1", ""},
		{"DeferFeatureUpdatesPeriodInDays", "365", "10.0.15063.1", ""},
		{"DeferFeatureUpdatesPeriodInDays", "365", "", ""},
		{"BranchReadinessLevel", "32", "10.0.17763.1", ""},
		{"BranchReadinessLevel", "32", "10.0.18362.1", "16 (general availability)"},
		{"BranchReadinessLevel", "8", "10.0.15063.1", "32 ("},
		{"BranchReadinessLevel", "8", "10.0.16299.1", ""},
		{"DODownloadMode", "99", "10.0.10586.1", "0 ("},
		{"DODownloadMode", "99", "10.0.26100.1", ""},
		{"DODownloadMode", "100", "10.0.19045.1", ""},
		{"DODownloadMode", "100", "10.0.22000.1", "99 ("},
		{"UpdateServiceUrl", "https://host", "10.0.10240", ""},
	} {
		s, _ := updatecsp.Find(tt.setting)
		err := s.Check(tt.value, v(t, tt.os))
		if (err == nil) != (tt.allowed == "") || err != nil && !strings.Contains(err.Error(), tt.allowed) {
			t.Errorf("%s = %s on %q: %v; want %q", tt.setting, tt.value, tt.os, err, tt.allowed)
		}
	}
}

func TestEditionName(t *testing.T) {
	t.Parallel()
	for sku, want := range map[int]string{48: "Pro", 101: "Home", 7: "Server Standard", 4: "Enterprise", 125: "Enterprise LTSC", 12345: "edition 12345"} {
		if got := updatecsp.EditionName(sku); got != want {
			t.Errorf("edition %d is %q, want %q", sku, got, want)
		}
	}
}
