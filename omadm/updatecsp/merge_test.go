package updatecsp_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/omadm/updatecsp"
	"sluice/wsus/update"
)

// group makes an assignment of a group whose id is made of its name.
func group(name string, depth int, preset string, values map[string]string, without ...string) updatecsp.Assignment {
	var id update.ID
	copy(id[:], name)
	return updatecsp.Assignment{Group: id, Name: name, Depth: depth, Preset: preset, Values: values, Without: without}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	type values = map[string]string
	type lost struct{ Value, From, Preset, Reason string }
	const (
		hand  = "the value that was set by hand goes before that of the preset"
		near  = "a group nearer to the device wins"
		low   = "of groups at the same depth the lowest value wins, for it is the most secure"
		high  = "of groups at the same depth the highest value wins, for it is the most secure"
		first = "of groups at the same depth the first by name wins"
	)
	for _, tt := range []struct {
		name        string
		groups      []updatecsp.Assignment
		setting     string
		value, from string // value empty: not set
		lost        []lost
	}{
		{
			"one group", []updatecsp.Assignment{group("all", 0, "", values{"AllowAutoUpdate": "3"})},
			"AllowAutoUpdate", "3", "all", nil,
		},
		{
			"nearer wins over what the rule prefers",
			[]updatecsp.Assignment{group("all", 0, "", values{"AllowAutoUpdate": "0"}), group("lab", 1, "", values{"AllowAutoUpdate": "4"})},
			"AllowAutoUpdate", "4", "lab", []lost{{"0", "all", "", near}},
		},
		{
			"lowest at the same depth",
			[]updatecsp.Assignment{group("a", 1, "", values{"AllowAutoUpdate": "4"}), group("b", 1, "", values{"AllowAutoUpdate": "3"})},
			"AllowAutoUpdate", "3", "b", []lost{{"4", "a", "", low}},
		},
		{
			"highest at the same depth",
			[]updatecsp.Assignment{group("a", 1, "", values{"ConfigureDeadlineNoAutoReboot": "0"}), group("b", 1, "", values{"ConfigureDeadlineNoAutoReboot": "1"})},
			"ConfigureDeadlineNoAutoReboot", "1", "b", []lost{{"0", "a", "", high}},
		},
		{
			"numbers, not text, are compared",
			[]updatecsp.Assignment{group("a", 1, "", values{"ScheduledInstallTime": "9"}), group("b", 1, "", values{"ScheduledInstallTime": "10"})},
			"ScheduledInstallTime", "9", "a", []lost{{"10", "b", "", low}},
		},
		{
			"first by name where the last write would win",
			[]updatecsp.Assignment{group("b", 1, "", values{"DetectionFrequency": "4"}), group("a", 1, "", values{"DetectionFrequency": "22"})},
			"DetectionFrequency", "22", "a", []lost{{"4", "b", "", first}},
		},
		{
			"equal values are not overruled",
			[]updatecsp.Assignment{group("b", 1, "", values{"DetectionFrequency": "4"}), group("a", 1, "", values{"DetectionFrequency": "4"}), group("all", 0, "", values{"DetectionFrequency": "4"})},
			"DetectionFrequency", "4", "a", nil,
		},
		{
			"all that lost, nearest first",
			[]updatecsp.Assignment{
				group("all", 0, "", values{"DetectionFrequency": "1"}), group("site", 1, "", values{"DetectionFrequency": "2"}),
				group("b", 2, "", values{"DetectionFrequency": "3"}), group("a", 2, "", values{"DetectionFrequency": "4"}),
			},
			"DetectionFrequency", "4", "a",
			[]lost{{"3", "b", "", first}, {"2", "site", "", near}, {"1", "all", "", near}},
		},
		{
			"preset", []updatecsp.Assignment{group("all", 0, "airgap", nil)},
			"DODownloadMode", "99", "all", nil,
		},
		{
			"by hand over the preset of the same group",
			[]updatecsp.Assignment{group("all", 0, "airgap", values{"AllowUpdateService": "1"})},
			"AllowUpdateService", "1", "all", []lost{{"0", "all", "airgap", hand}},
		},
		{
			"a deeper preset over a hand-set value",
			[]updatecsp.Assignment{group("all", 0, "", values{"AllowUpdateService": "1"}), group("lab", 1, "airgap", nil)},
			"AllowUpdateService", "0", "lab", []lost{{"1", "all", "", near}},
		},
		{
			"left out of the preset",
			[]updatecsp.Assignment{group("all", 0, "airgap", nil, "DODownloadMode")},
			"DODownloadMode", "", "", nil,
		},
		{
			"left out of the preset, so the higher group's counts",
			[]updatecsp.Assignment{group("all", 0, "", values{"DODownloadMode": "0"}), group("lab", 1, "airgap", nil, "DODownloadMode")},
			"DODownloadMode", "0", "all", nil,
		},
		{
			"a preset that there is not", []updatecsp.Assignment{group("all", 0, "gone", values{"AllowAutoUpdate": "3"})},
			"AllowAutoUpdate", "3", "all", nil,
		},
		{
			"a setting that there is not", []updatecsp.Assignment{group("all", 0, "", values{"Gone": "3"})},
			"Gone", "3", "all", nil,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := updatecsp.Merge(tt.groups, updatecsp.Environment{})
			c, ok := d[tt.setting]
			if ok != (tt.value != "") || c.Value != tt.value || c.From.Name != tt.from {
				t.Fatalf("%s = %+v, want %q from %q", tt.setting, c, tt.value, tt.from)
			}
			var got []lost
			for _, o := range c.Overruled {
				got = append(got, lost{o.Value, o.From.Name, o.From.Preset, o.Reason})
			}
			if diff := cmp.Diff(tt.lost, got); diff != "" {
				t.Errorf("overruled (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMergeOrder checks that the order in which groups come does not matter.
func TestMergeOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var as []updatecsp.Assignment
		for i := range rapid.IntRange(1, 6).Draw(t, "groups") {
			values := map[string]string{}
			for _, name := range []string{"AllowAutoUpdate", "DetectionFrequency", "ConfigureDeadlineNoAutoReboot"} {
				if rapid.Bool().Draw(t, "set") {
					values[name] = rapid.SampledFrom([]string{"0", "1"}).Draw(t, name)
				}
			}
			preset := rapid.SampledFrom([]string{"", "airgap"}).Draw(t, "preset")
			as = append(as, group(string(rune('a'+i)), rapid.IntRange(0, 2).Draw(t, "depth"), preset, values))
		}
		env := updatecsp.Environment{UpdateService: "https://a", Content: "https://b"}
		want := updatecsp.Merge(as, env)
		if diff := cmp.Diff(want, updatecsp.Merge(rapid.Permutation(as).Draw(t, "order"), env)); diff != "" {
			t.Fatalf("in another order (-want +got):\n%s", diff)
		}
		for name, c := range want {
			for _, o := range c.Overruled {
				if o.Value == c.Value || o.From.Depth > c.From.Depth || o.Reason == "" {
					t.Fatalf("%s = %+v", name, c)
				}
			}
		}
	})
}

func TestAirgap(t *testing.T) {
	t.Parallel()
	env := updatecsp.Environment{UpdateService: "https://sluice.site.example:8531", Content: "https://content.site.example:8531"}
	p, ok := updatecsp.FindPreset("AirGap")
	if !ok || len(p.Notes) == 0 {
		t.Fatal(p, ok)
	}
	got := map[string]string{}
	for _, e := range p.Values(env) {
		if e.Why == "" {
			t.Errorf("%s is not explained", e.Name)
		}
		name, value, err := updatecsp.Validate(e.Name, e.Value)
		if err != nil || name != e.Name || value != e.Value {
			t.Errorf("%s = %q: %s, %q, %v", e.Name, e.Value, name, value, err)
		}
		got[name] = value
	}
	want := map[string]string{
		"UpdateServiceUrl": env.UpdateService, "UpdateServiceUrlAlternate": env.Content, "FillEmptyContentUrls": "1",
		"SetPolicyDrivenUpdateSourceForFeatureUpdates": "1", "SetPolicyDrivenUpdateSourceForQualityUpdates": "1",
		"SetPolicyDrivenUpdateSourceForDriverUpdates": "1", "SetPolicyDrivenUpdateSourceForOtherUpdates": "1",
		"DisableDualScan": "1", "AllowUpdateService": "0", "DetectionFrequency": "8", "AllowMUUpdateService": "0",
		"SetProxyBehaviorForUpdateDetection": "0", "DoNotEnforceEnterpriseTLSCertPinningForUpdateDetection": "0",
		"AllowNonMicrosoftSignedUpdate": "0", "ManagePreviewBuilds": "0", "DODownloadMode": "99",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("airgap (-want +got):\n%s", diff)
	}
	if list := p.Values(updatecsp.Environment{UpdateService: "https://a"}); len(list) != len(want)-2 {
		t.Errorf("without a content host there are %d values", len(list))
	}
	// The preset contradicts nothing, on whatever version.
	d := updatecsp.Merge([]updatecsp.Assignment{group("all", 0, "airgap", nil)}, env)
	for _, os := range []string{"", "10.0.14393.1", "10.0.19045.4170", "10.0.26100.1"} {
		if found := updatecsp.Warnings(d, v(t, os)); len(found) > 0 {
			t.Errorf("on %q: %v", os, found)
		}
	}
}

func TestOn(t *testing.T) {
	t.Parallel()
	env := updatecsp.Environment{UpdateService: "https://a", Content: "https://b"}
	airgap := updatecsp.Merge([]updatecsp.Assignment{group("all", 0, "airgap", map[string]string{
		"DeferFeatureUpdatesPeriodInDays": "365", "Gone": "1",
	})}, env)
	for _, tt := range []struct {
		name, os string
		sku      int
		skipped  []string
	}{
		{"unknown", "", 0, []string{"Gone"}},
		{"Windows 11", "10.0.26100.1", 48, []string{"DisableDualScan", "Gone"}},
		{"Windows 10 with the four", "10.0.19045.4170", 48, []string{"DisableDualScan", "Gone"}},
		{"Windows 10 without the four", "10.0.17763.1", 48, []string{
			"DoNotEnforceEnterpriseTLSCertPinningForUpdateDetection", "Gone",
			"SetPolicyDrivenUpdateSourceForDriverUpdates", "SetPolicyDrivenUpdateSourceForFeatureUpdates",
			"SetPolicyDrivenUpdateSourceForOtherUpdates", "SetPolicyDrivenUpdateSourceForQualityUpdates",
			"SetProxyBehaviorForUpdateDetection",
		}},
		{"a range of its version", "10.0.14393.5000", 48, []string{
			"DeferFeatureUpdatesPeriodInDays", "DetectionFrequency", "Gone", "ManagePreviewBuilds",
			"SetPolicyDrivenUpdateSourceForDriverUpdates", "SetPolicyDrivenUpdateSourceForFeatureUpdates",
			"SetPolicyDrivenUpdateSourceForOtherUpdates", "SetPolicyDrivenUpdateSourceForQualityUpdates",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var skipped []string
			for _, d := range airgap.On(v(t, tt.os), tt.sku) {
				if d.Skip != "" {
					skipped = append(skipped, d.Name)
				}
				if (d.Setting == nil) != (d.Name == "Gone") || d.Value == "" {
					t.Errorf("%+v", d)
				}
			}
			if diff := cmp.Diff(tt.skipped, skipped); diff != "" {
				t.Errorf("skipped (-want +got):\n%s", diff)
			}
		})
	}
	for _, sku := range []int{101, 7} {
		for _, d := range airgap.On(v(t, "10.0.26100.1"), sku) {
			if d.Skip == "" {
				t.Errorf("edition %d gets %s", sku, d.Name)
			}
		}
	}
	alone := updatecsp.Desired{"DisableDualScan": {Value: "1"}}
	if d := alone.On(v(t, "10.0.19045.4170"), 48); d[0].Skip != "" {
		t.Errorf("DisableDualScan alone: %s", d[0].Skip)
	}
}

// TestEverySettingIsDelivered gives all settings to a device that knows them all.
func TestEverySettingIsDelivered(t *testing.T) {
	t.Parallel()
	d := updatecsp.Desired{}
	for _, s := range updatecsp.Settings() {
		switch s.Kind {
		case updatecsp.Range:
			d[s.Name] = updatecsp.Choice{Value: "8"}
			if s.Min > 8 || s.Max < 8 {
				d[s.Name] = updatecsp.Choice{Value: map[bool]string{true: "15", false: "3"}[s.Min > 8]}
			}
		case updatecsp.Enum:
			d[s.Name] = updatecsp.Choice{Value: s.Values[0].Value}
		case updatecsp.Text:
			d[s.Name] = updatecsp.Choice{Value: examples()[s.Text]}
		}
	}
	for _, got := range d.On(v(t, "10.0.26100.1742"), 4) {
		if (got.Skip != "") != (got.Name == "DisableDualScan") {
			t.Errorf("%s: %s", got.Name, got.Skip)
		}
	}
}
