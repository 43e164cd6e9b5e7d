package updatecsp_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/device"
	"sluice/omadm/updatecsp"
	"sluice/wsus/update/samples"
)

// TestCatalogue checks that every setting is whole, and its edges.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range updatecsp.Settings() {
		if seen[s.Name] {
			t.Errorf("%s is there twice", s.Name)
		}
		seen[s.Name] = true
		switch {
		case s.Meaning == "", len(s.Builds) == 0, s.Since == "", s.Scope != "device":
			t.Errorf("%s is not whole: %+v", s.Name, s)
		case s.Status != updatecsp.Current && s.Instead == "":
			t.Errorf("%s is %s without anything instead", s.Name, s.Status)
		case (s.Kind == updatecsp.Text) != (s.Format == device.Chr):
			t.Errorf("%s is %s of format %s", s.Name, s.Kind, s.Format)
		case !slices.IsSorted(s.Editions) || len(s.Editions) == 0:
			t.Errorf("editions of %s: %v", s.Name, s.Editions)
		case !slices.IsSortedFunc(s.Builds, updatecsp.Version.Compare):
			t.Errorf("builds of %s: %v", s.Name, s.Builds)
		}
		for _, b := range s.Builds {
			if ok, why := s.Applies(b, 48); !ok && s.Until.IsZero() {
				t.Errorf("%s on its own build %s: %s", s.Name, b, why)
			}
			older := b
			if b.Revision > 0 {
				older.Revision--
			} else if older.Build--; len(s.Builds) > 1 {
				continue // a later branch; the one before may have it too
			}
			if ok, _ := s.Applies(older, 48); ok {
				t.Errorf("%s applies on %s, before %s", s.Name, older, b)
			}
		}
		if values, why := s.Registry("1"); (len(values) == 0) == (why == "") {
			t.Errorf("%s has registry values %v and the reason %q for none", s.Name, values, why)
		}
		edges(t, s)
	}
}

// missionSettings are the settings that the mission names.
const missionSettings = `ActiveHoursEnd ActiveHoursMaxRange ActiveHoursStart AllowAutoUpdate AllowMUUpdateService
	AllowNonMicrosoftSignedUpdate AllowUpdateService AutoRestartNotificationSchedule
	AutoRestartRequiredNotificationDismissal BranchReadinessLevel DeferFeatureUpdatesPeriodInDays
	DeferQualityUpdatesPeriodInDays DeferUpdatePeriod DeferUpgradePeriod EngagedRestartDeadline
	EngagedRestartSnoozeSchedule EngagedRestartTransitionSchedule ExcludeWUDriversInQualityUpdate
	IgnoreMOAppDownloadLimit IgnoreMOUpdateDownloadLimit PauseDeferrals PauseFeatureUpdates PauseQualityUpdates
	RequireDeferUpgrade RequireUpdateApproval ScheduleImminentRestartWarning ScheduledInstallDay
	ScheduledInstallTime ScheduleRestartWarning SetAutoRestartNotificationDisable UpdateServiceUrl
	UpdateServiceUrlAlternate`

func TestMissionSettings(t *testing.T) {
	t.Parallel()
	names := strings.Fields(missionSettings)
	if len(names) != 32 {
		t.Fatalf("%d settings", len(names))
	}
	for _, name := range names {
		if s, ok := updatecsp.Find(name); !ok || s.Name != name || s.Area != updatecsp.Update {
			t.Errorf("Find(%s) = %v, %t", name, s, ok)
		}
	}
}

// TestMissionTree reads the same list from the mission's document.
func TestMissionTree(t *testing.T) {
	t.Parallel()
	seed := string(samples.Read(t, "../seeds/000_339afb50beec3058.txt"))
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^-----------(\w+)\s*$`).FindAllStringSubmatch(seed, -1) {
		names = append(names, m[1])
	}
	if diff := cmp.Diff(strings.Fields(missionSettings), names); diff != "" {
		t.Errorf("settings of the mission (-ours +document):\n%s", diff)
	}
}

func TestValidateNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		near     []string
	}{
		{"letters out of order", "ActiveHoursSatrt", []string{"ActiveHoursStart"}},
		{"a part", "DualScan", []string{"DisableDualScan"}},
		{"singular", "DeferFeatureUpdatePeriodInDays", []string{"DeferFeatureUpdatesPeriodInDays"}},
		{"nothing like it", "Wallpaper", nil},
		{"too short", "x", nil},
		{"too long", strings.Repeat("UpdateServiceUrl", 1000), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := updatecsp.Validate(tt.in, "1")
			var unknown *updatecsp.UnknownError
			if !errors.As(err, &unknown) || !errors.Is(err, updatecsp.ErrUnknown) {
				t.Fatalf("Validate(%q) = %v", tt.in, err)
			}
			if len(tt.near) == 0 && len(unknown.Near) > 0 || len(tt.near) > 0 && (len(unknown.Near) == 0 || unknown.Near[0] != tt.near[0]) {
				t.Errorf("near %q are %q, want %q", tt.in, unknown.Near, tt.near)
			}
			if len(err.Error()) > 500 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestValidateText(t *testing.T) {
	t.Parallel()
	const refused = "refused"
	long := "https://" + strings.Repeat("a.", 600) + "example"
	for _, tt := range []struct{ name, value, want string }{
		{"updateserviceurl", "HTTPS://Sluice.Site.Example:8531/", "https://sluice.site.example:8531"},
		{"UpdateServiceUrl", " http://abcd-srv:8530 ", "http://abcd-srv:8530"},
		{"UpdateServiceUrl", "https://[fd00::7]:8531", "https://[fd00::7]:8531"},
		{"UpdateServiceUrl", "https://10.0.0.7", "https://10.0.0.7"},
		{"UpdateServiceUrlAlternate", "https://cache.example/content/", "https://cache.example/content"},
		{"UpdateServiceUrl", "CorpWSUS", refused},
		{"UpdateServiceUrl", "ftp://host", refused},
		{"UpdateServiceUrl", "https://", refused},
		{"UpdateServiceUrl", "https://:8531", refused},
		{"UpdateServiceUrl", "https://host:", refused},
		{"UpdateServiceUrl", "https://host:0", refused},
		{"UpdateServiceUrl", "https://host:65536", refused},
		{"UpdateServiceUrl", "https://user:secret@host", refused},
		{"UpdateServiceUrl", "https://host?x=1", refused},
		{"UpdateServiceUrl", "https://host#top", refused},
		{"UpdateServiceUrl", "https://ho st", refused},
		{"UpdateServiceUrl", "https://höst.example", refused},
		{"UpdateServiceUrl", "https://host\r\n.example", refused},
		{"UpdateServiceUrl", `https://host"/><x`, refused},
		{"UpdateServiceUrl", "https://300.1.1.1", refused},
		{"UpdateServiceUrl", "https://-host", refused},
		{"UpdateServiceUrl", long, refused},
		{"PauseQualityUpdatesStartTime", "2026-02-28", "2026-02-28"},
		{"PauseQualityUpdatesStartTime", "2026-02-29", refused},
		{"PauseQualityUpdatesStartTime", "28.02.2026", refused},
		{"PauseQualityUpdatesStartTime", "0001-01-01", refused},
		{"TargetReleaseVersion", "24h2", "24H2"},
		{"TargetReleaseVersion", "1909", "1909"},
		{"TargetReleaseVersion", "2004", "2004"},
		{"TargetReleaseVersion", "19H1", refused},
		{"TargetReleaseVersion", "24H3", refused},
		{"TargetReleaseVersion", "1913", refused},
		{"TargetReleaseVersion", "0709", refused},
		{"TargetReleaseVersion", "10.0.26100", refused},
		{"ProductVersion", "windows 11", "Windows 11"},
		{"ProductVersion", "Windows 8", refused},
		{"ProductVersion", "Windows", refused},
		{"DOCacheHost", "cache.example , 10.0.0.7", "cache.example,10.0.0.7"},
		{"DOCacheHost", "cache.example,", refused},
		{"DOCacheHost", "https://cache.example", refused},
		{"DOCacheHost", strings.Repeat("a.example,", 200) + "b", refused},
		{"DOGroupId", "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"},
		{"DOGroupId", "3F2504E04F8911D39A0C0305E82C3301", refused},
		{"DOModifyCacheDrive", "D:", "D:"},
		{"DOModifyCacheDrive", `%SystemDrive%\Cache`, `%SystemDrive%\Cache`},
		{"DOModifyCacheDrive", `\\server\share`, refused},
		{"DOModifyCacheDrive", `D:\..\Windows`, refused},
		{"DOModifyCacheDrive", `D:Cache`, refused},
		{"DOModifyCacheDrive", `%%\x`, refused},
		{"DOVpnKeywords", "corp, vpn", "corp,vpn"},
		{"DOSetHoursToLimitBackgroundDownloadBandwidth", "<disabled/>", "<disabled/>"},
		{"DOSetHoursToLimitBackgroundDownloadBandwidth", `<enabled/><data id="a" value=""/>`, `<enabled/><data id="a" value=""/>`},
		{"DOSetHoursToLimitBackgroundDownloadBandwidth", `<data id="a" value="1"/>`, refused},
		{"DOSetHoursToLimitBackgroundDownloadBandwidth", `<enabled/>x`, refused},
		{"DOSetHoursToLimitBackgroundDownloadBandwidth", `<enabled><data id="a" value="1"/></enabled>`, refused},
		{"DOSetHoursToLimitBackgroundDownloadBandwidth", `<enabled/><!DOCTYPE x>`, refused},
		{"DOSetHoursToLimitBackgroundDownloadBandwidth", `<enabled`, refused},
		{"ActiveHoursStart", "007", "7"},
		{"ActiveHoursStart", "7.0", refused},
		{"AllowAutoUpdate", "03", "3"},
		{"AllowAutoUpdate", "0x3", refused},
		{"DOMaxCacheAge", "4294967295", "4294967295"},
		{"DOMaxCacheAge", "99999999999999999999", refused},
	} {
		t.Run(tt.name+" "+tt.value[:min(len(tt.value), 30)], func(t *testing.T) {
			t.Parallel()
			name, got, err := updatecsp.Validate(tt.name, tt.value)
			if tt.want == refused {
				var bad *updatecsp.ValueError
				if !errors.As(err, &bad) || !errors.Is(err, updatecsp.ErrValue) || bad.Allowed == "" {
					t.Fatalf("Validate(%s, %q) = %q, %v; want it refused", tt.name, tt.value, got, err)
				}
				return
			}
			if err != nil || got != tt.want || !strings.EqualFold(name, tt.name) {
				t.Errorf("Validate(%s, %q) = %s, %q, %v; want %q", tt.name, tt.value, name, got, err, tt.want)
			}
		})
	}
}

// FuzzValidate checks that what is let pass stays as it is when it comes again,
// and holds nothing that could break out of a message or a file.
func FuzzValidate(f *testing.F) {
	f.Add("UpdateServiceUrl", "https://sluice.site.example:8531")
	f.Add("DOModifyCacheDrive", `%SystemDrive%\Cache`)
	f.Add("DOSetHoursToLimitBackgroundDownloadBandwidth", `<enabled/><data id="From" value="8"/>`)
	f.Add("DOCacheHost", "cache.example,10.0.0.7")
	f.Add("TargetReleaseVersion", "24H2")
	f.Add("AllowAutoUpdate", "3")
	f.Add("alowautoupdate", "\x00")
	f.Fuzz(func(t *testing.T, name, value string) {
		canonical, normal, err := updatecsp.Validate(name, value)
		if err != nil {
			if err.Error() == "" || len(err.Error()) > 2000 {
				t.Fatalf("message of %d bytes", len(err.Error()))
			}
			return
		}
		if _, again, err := updatecsp.Validate(canonical, normal); err != nil || again != normal {
			t.Fatalf("Validate(%s, %q) = %q, again %q, %v", name, value, normal, again, err)
		}
		if normal == "" || len(normal) > 4096 || strings.ContainsAny(normal, "\x00\r\n") {
			t.Fatalf("Validate(%s, %q) = %q", name, value, normal)
		}
	})
}
