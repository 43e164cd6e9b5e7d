package dialogue_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/omadm/updatecsp"
	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
)

// idle is what is asked at a poll of a device with nothing new.
var idle = []string{
	"Get ./DevDetail/SwV",
	"Get ./Vendor/MSFT/Update/LastSuccessfulScanTime",
	"Get ./Vendor/MSFT/Update/InstallableUpdates?list=StructData",
	"Get ./Vendor/MSFT/Update/PendingRebootUpdates?list=StructData",
	"Get ./Vendor/MSFT/Update/FailedUpdates?list=StructData",
}

// some are settings that every Windows 10 since 1507 knows.
func some() map[string]string {
	return map[string]string{"UpdateServiceUrl": "https://sluice.example:8531", "AllowUpdateService": "0", "ScheduledInstallDay": "0"}
}

// A device goes from nothing to configured in one session, and is asked
// only for its state from then on.
func TestFromNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t, some())
	o.list("InstallableUpdates", kb1, "Type", "1", "RevisionNumber", "201")
	o.list("InstalledUpdates", kb2, "RevisionNumber", "100")
	o.poll()
	if d := cmp.Diff(some(), o.policies()); d != "" {
		t.Errorf("policies of the device (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]device.Status{"UpdateServiceUrl": 200, "AllowUpdateService": 200, "ScheduledInstallDay": 200}, o.statuses()); d != "" {
		t.Errorf("statuses (-want +got):\n%s", d)
	}
	if got := o.record.Settings["AllowUpdateService"]; got != (dialogue.Setting{Value: "0", Status: 200, Effective: "0", At: start, OSVersion: "10.0.19045.4170"}) {
		t.Errorf("setting %+v", got)
	}
	wantFacts := dialogue.Facts{
		DeviceID: "0123456789ABCDEF0123456789ABCDEF", Manufacturer: "Example", Model: "Box 3", DMVersion: "1.3", Language: "en-US",
		OSVersion: "10.0.19045.4170", OSEdition: 48, Platform: "Windows 10 Pro", Architecture: "AMD64",
		DeviceName: "PC-1", DNSName: "PC-1.corp.example", Serial: "S/N 1",
		SignatureVersion: "1.403.2259.0", SignatureOutdated: true, SignatureSince: start,
		Renewal: dialogue.Renewal{Period: "60", Interval: "4", Status: "0"},
	}
	if d := cmp.Diff(wantFacts, o.record.Facts); d != "" {
		t.Errorf("facts (-want +got):\n%s", d)
	}
	wantReport := &tree.Report{
		LastScan:      time.Date(2026, 3, 14, 7, 30, 0, 0, time.UTC),
		Installable:   map[update.ID]tree.Installable{kb1: {Type: tree.Security, Number: 201}},
		Installed:     map[update.ID]int32{kb2: 100},
		Failed:        map[update.ID]tree.Failure{},
		PendingReboot: map[update.ID]tree.Pending{},
		Nodes:         []string{"ApprovedUpdates", "DeferUpgrade", "InstallableUpdates", "InstalledUpdates", "LastSuccessfulScanTime", "Rollback"},
	}
	if d := cmp.Diff(wantReport, o.record.Report); d != "" {
		t.Errorf("report (-want +got):\n%s", d)
	}
	if len(o.lessons) != 2 || o.seen != 1 || o.record.FactsAt != start || o.record.ReportedAt != start {
		t.Errorf("%d lessons, seen %d times, facts %v, report %v", len(o.lessons), o.seen, o.record.FactsAt, o.record.ReportedAt)
	}
	for range 3 {
		o.later(time.Hour)
		said := o.poll()
		if len(said) != 1 {
			t.Fatalf("%d messages, want 1: %v", len(said), said)
		}
		if d := cmp.Diff(idle, uris(said[0])); d != "" {
			t.Errorf("idle poll (-want +got):\n%s", d)
		}
	}
	if len(o.lessons) != 2 || o.seen != 4 {
		t.Errorf("idle polls: %d lessons, seen %d times", len(o.lessons)-2, o.seen)
	}
	o.later(24 * time.Hour)
	if said := o.poll(); len(said) < 2 || len(o.lessons) != 3 || o.lessons[2].FactsAt != o.now || o.lessons[2].ReportedAt != o.now {
		t.Errorf("after a day: %v", said)
	}
	if got := o.lessons[2]; *got.Facts != o.record.Facts || got.Settings != nil || !got.Report.Equal(wantReport) {
		t.Errorf("nothing new, and learned %+v", got)
	}
}

// All settings of the catalogue that are for the device go out in one session.
func TestManySettings(t *testing.T) {
	t.Parallel()
	desired, want := map[string]string{}, map[string]string{}
	for _, s := range updatecsp.Settings() {
		v := s.Default
		if s.Kind == updatecsp.Text {
			v = map[string]string{"UpdateServiceUrl": "https://a.example", "UpdateServiceUrlAlternate": "https://b.example"}[s.Name]
		}
		normal, err := s.Validate(v)
		if v == "" || err != nil {
			continue
		}
		desired[s.Name] = normal
		if ok, _ := s.Applies(updatecsp.Version{Major: 10, Build: 19045, Revision: 4170}, 48); ok && s.Check(normal, updatecsp.Version{Major: 10, Build: 19045, Revision: 4170}) == nil {
			want[s.Name] = normal
		}
	}
	if len(want) < 40 {
		t.Fatalf("%d settings, want at least 40", len(want))
	}
	o := newOffice(t, desired)
	o.poll()
	if d := cmp.Diff(want, o.policies()); d != "" && !strings.Contains(d, "DisableDualScan") {
		t.Errorf("policies (-want +got):\n%s", d)
	}
	for name, s := range o.record.Settings {
		if _, ok := want[name]; !ok && s.Skipped == "" {
			t.Errorf("%s is not for this device: %+v", name, s)
		}
	}
	if len(o.lessons) != 2 { // what is about to be sent, and what became of it
		t.Errorf("%d lessons", len(o.lessons))
	}
	o.later(time.Hour)
	if said := o.poll(); len(said) != 1 || len(said[0]) != len(idle) || len(o.lessons) != 2 {
		t.Errorf("not idle afterwards: %v", said)
	}
}

// Only what differs goes out.
func TestChanges(t *testing.T) {
	t.Parallel()
	const config = "./Device/Vendor/MSFT/Policy/Config/Update/"
	for _, tt := range []struct {
		name   string
		change func(o *office)
		want   []string // that is said beyond the idle poll
		after  map[string]device.Status
	}{
		{"another value", func(o *office) { o.want(map[string]string{"AllowUpdateService": "1", "ScheduledInstallDay": "0"}) },
			[]string{"Replace " + config + "AllowUpdateService"}, map[string]device.Status{"AllowUpdateService": 200, "ScheduledInstallDay": 200}},
		{"no longer wanted", func(o *office) { o.want(map[string]string{"ScheduledInstallDay": "0"}) },
			[]string{"Delete " + config + "AllowUpdateService"}, map[string]device.Status{"ScheduledInstallDay": 200}},
		{"no longer wanted nor there", func(o *office) {
			o.want(map[string]string{"ScheduledInstallDay": "0"})
			delete(o.values, policyRoot+"Config/Update/AllowUpdateService")
		}, []string{"Delete " + config + "AllowUpdateService"}, map[string]device.Status{"ScheduledInstallDay": 200}},
		{"not to be taken away", func(o *office) {
			o.want(map[string]string{"ScheduledInstallDay": "0"})
			o.refuse = refusing(device.Delete, "AllowUpdateService", device.Failed)
		}, []string{"Delete " + config + "AllowUpdateService"}, map[string]device.Status{"ScheduledInstallDay": 200, "AllowUpdateService": 500}},
		{"one more", func(o *office) {
			o.want(map[string]string{"AllowUpdateService": "0", "ScheduledInstallDay": "0", "ScheduledInstallTime": "3"})
		}, []string{"Replace " + config + "ScheduledInstallTime"}, map[string]device.Status{"AllowUpdateService": 200, "ScheduledInstallDay": 200, "ScheduledInstallTime": 200}},
		{"added after 404", func(o *office) {
			o.strict = true
			o.want(map[string]string{"AllowUpdateService": "0", "ScheduledInstallDay": "0", "ScheduledInstallTime": "3"})
		}, []string{"Replace " + config + "ScheduledInstallTime", "Add " + config + "ScheduledInstallTime"},
			map[string]device.Status{"AllowUpdateService": 200, "ScheduledInstallDay": 200, "ScheduledInstallTime": 200}},
		{"there after all", func(o *office) {
			n := 0
			o.refuse = func(c device.Command) device.Status {
				if n++; strings.HasSuffix(c.URI, "ScheduledInstallTime") && c.Verb == device.Replace && n < 8 {
					return device.NotFound
				}
				return refusing(device.Add, "ScheduledInstallTime", device.AlreadyExists)(c)
			}
			o.want(map[string]string{"AllowUpdateService": "0", "ScheduledInstallDay": "0", "ScheduledInstallTime": "3"})
		}, []string{"Replace " + config + "ScheduledInstallTime", "Add " + config + "ScheduledInstallTime", "Replace " + config + "ScheduledInstallTime"},
			map[string]device.Status{"AllowUpdateService": 200, "ScheduledInstallDay": 200, "ScheduledInstallTime": 200}},
		{"not known", func(o *office) {
			o.refuse = refusing("", "ScheduledInstallTime", device.NotFound)
			o.want(map[string]string{"AllowUpdateService": "0", "ScheduledInstallDay": "0", "ScheduledInstallTime": "3"})
		}, []string{"Replace " + config + "ScheduledInstallTime", "Add " + config + "ScheduledInstallTime"},
			map[string]device.Status{"AllowUpdateService": 200, "ScheduledInstallDay": 200, "ScheduledInstallTime": 404}},
		{"refused", func(o *office) {
			o.refuse = refusing(device.Replace, "ScheduledInstallTime", device.Failed)
			o.want(map[string]string{"AllowUpdateService": "0", "ScheduledInstallDay": "0", "ScheduledInstallTime": "3"})
		}, []string{"Replace " + config + "ScheduledInstallTime"},
			map[string]device.Status{"AllowUpdateService": 200, "ScheduledInstallDay": 200, "ScheduledInstallTime": 500}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, map[string]string{"AllowUpdateService": "0", "ScheduledInstallDay": "0"})
			o.poll()
			o.later(time.Hour)
			tt.change(o)
			var got []string
			for _, message := range o.poll() {
				got = append(got, uris(message)...)
			}
			if d := cmp.Diff(append(slices.Clone(idle), tt.want...), got); d != "" {
				t.Errorf("said (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.after, o.statuses()); d != "" {
				t.Errorf("statuses (-want +got):\n%s", d)
			}
			o.later(time.Hour)
			lessons := len(o.lessons)
			if said := o.poll(); len(said) != 1 || len(said[0]) != len(idle) || len(o.lessons) != lessons {
				t.Errorf("not idle afterwards: %v", said)
			}
		})
	}
}

// refusing answers commands to a setting with a status; an empty verb is any.
func refusing(verb device.Verb, name string, s device.Status) func(device.Command) device.Status {
	return func(c device.Command) device.Status {
		if strings.HasSuffix(c.URI, "/"+name) && (verb == "" || verb == c.Verb) {
			return s
		}
		return 0
	}
}

// A refused setting waits until its value, the version of the device or an
// administrator gives a reason to try again.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		reason func(o *office)
		again  bool
	}{
		{"no reason", func(*office) {}, false},
		{"a day passes", func(o *office) { o.later(25 * time.Hour) }, false},
		{"another value", func(o *office) { o.want(map[string]string{"ScheduledInstallDay": "2"}) }, true},
		{"another version", func(o *office) { o.values["DevDetail/SwV"] = "10.0.19045.5000" }, true},
		{"a sync", func(o *office) { o.record.SyncAsked = true }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, map[string]string{"ScheduledInstallDay": "1"})
			o.refuse = refusing("", "ScheduledInstallDay", device.NotSupported)
			o.poll()
			o.heard = nil
			o.later(time.Hour)
			tt.reason(o)
			o.poll()
			sent := 0
			for _, c := range o.heard {
				if c.Verb != device.Get {
					sent++
				}
			}
			if got := sent == 1; got != tt.again || sent > 1 {
				t.Errorf("sent %d times, want again %v", sent, tt.again)
			}
			if o.record.SyncAsked {
				t.Error("the sync is not done")
			}
			s := o.record.Settings["ScheduledInstallDay"]
			if s.Status != device.NotSupported || s.Detail != "0x86000002" {
				t.Errorf("setting %+v", s)
			}
		})
	}
}

// A device that answers to everything but one setting is not asked for ever.
func TestMute(t *testing.T) {
	t.Parallel()
	o := newOffice(t, map[string]string{"ScheduledInstallDay": "1"})
	o.mute = func(c device.Command) bool { return strings.Contains(c.URI, "ScheduledInstallDay") }
	for i, want := range []int{1, 1, 1, 0, 0} {
		o.heard = nil
		o.poll()
		sent := 0
		for _, c := range o.heard {
			if c.Verb == device.Replace {
				sent++
			}
		}
		if sent != want {
			t.Errorf("poll %d: sent %d times, want %d", i, sent, want)
		}
		o.later(time.Hour)
	}
	o.want(map[string]string{"ScheduledInstallDay": "2"})
	o.mute = nil
	o.poll()
	if got := o.record.Settings["ScheduledInstallDay"]; got.Status != 200 || got.Tries != 0 {
		t.Errorf("setting %+v", got)
	}
}

// What a device lost is sent again, once a day; what another source overrules is
// shown and left.
func TestDrift(t *testing.T) {
	t.Parallel()
	const node = policyRoot + "Config/Update/ScheduledInstallDay"
	const result = policyRoot + "Result/Update/ScheduledInstallDay"
	for _, tt := range []struct {
		name      string
		drift     func(o *office)
		sent      bool
		effective string
	}{
		{"lost", func(o *office) { delete(o.values, node) }, true, ""},
		{"changed", func(o *office) { o.values[node] = "5" }, true, ""},
		{"overruled", func(o *office) { o.values[result] = "6" }, false, "6"},
		{"written otherwise", func(o *office) { o.values[node] = " 1 " }, false, "1"},
		{"not told", func(o *office) { o.refuse = refusing(device.Get, "ScheduledInstallDay", device.NotAllowed) }, false, ""},
		{"nothing", func(*office) {}, false, "1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, map[string]string{"ScheduledInstallDay": "1"})
			o.poll()
			tt.drift(o)
			o.later(time.Hour)
			o.poll() // not looked at
			o.heard = nil
			o.later(24 * time.Hour)
			o.poll()
			sent := slices.ContainsFunc(o.heard, func(c device.Command) bool { return c.Verb == device.Replace })
			if s := o.record.Settings["ScheduledInstallDay"]; sent != tt.sent || s.Effective != tt.effective || s.Status != 200 {
				t.Errorf("sent %v, setting %+v", sent, s)
			}
			if tt.sent && o.values[node] != "1" {
				t.Errorf("the device has %q", o.values[node])
			}
			o.later(24 * time.Hour)
			o.poll()
			if s := o.record.Settings["ScheduledInstallDay"]; tt.sent && s.Effective != "1" {
				t.Errorf("a day later %+v", s)
			}
		})
	}
}

// What a device's version or edition does not know is not sent, and it is said
// why; where that changes it is.
func TestApplicability(t *testing.T) {
	t.Parallel()
	desired := map[string]string{"ScheduledInstallDay": "0", "UpdateServiceUrl": "https://sluice.example", "ActiveHoursStart": "8", "SetPolicyDrivenUpdateSourceForQualityUpdates": "1"}
	for _, tt := range []struct {
		name, version, edition string
		want                   []string
	}{
		{"Windows 10 1507", "10.0.10240.17443", "4", []string{"ScheduledInstallDay", "UpdateServiceUrl"}},
		{"Windows 11 24H2", "10.0.26100.1", "4", []string{"ActiveHoursStart", "ScheduledInstallDay", "SetPolicyDrivenUpdateSourceForQualityUpdates", "UpdateServiceUrl"}},
		{"Home", "10.0.26100.1", "101", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, desired)
			o.record.Enrollment.OSVersion, o.record.Enrollment.OSEdition = "", 0
			o.values["DevDetail/SwV"], o.values["Vendor/MSFT/DeviceStatus/OS/Edition"] = tt.version, tt.edition
			o.poll()
			if got := slices.Sorted(maps.Keys(o.policies())); !slices.Equal(got, tt.want) {
				t.Errorf("policies %q, want %q", got, tt.want)
			}
			for name := range desired {
				if s := o.record.Settings[name]; (s.Skipped == "") != slices.Contains(tt.want, name) {
					t.Errorf("%s: %+v", name, s)
				}
			}
			lessons := len(o.lessons)
			if len(o.record.Settings) != len(desired) || lessons > 2 {
				t.Errorf("settings %v, %d lessons", o.record.Settings, lessons)
			}
			o.later(time.Hour)
			if o.poll(); len(o.lessons) != lessons {
				t.Error("an idle poll teaches something")
			}
			o.values["DevDetail/SwV"], o.values["Vendor/MSFT/DeviceStatus/OS/Edition"] = "10.0.26100.2", "4"
			o.poll()
			if got := o.policies(); len(got) != len(desired) {
				t.Errorf("after an upgrade: policies %q", got)
			}
			o.values["DevDetail/SwV"], o.values["Vendor/MSFT/DeviceStatus/OS/Edition"] = "10.0.26100.3", "101"
			o.poll()
			if got := o.policies(); len(got) != 0 {
				t.Errorf("of an edition that knows none, and has %q", got)
			}
			o.want(nil)
			if o.poll(); len(o.record.Settings) != 0 {
				t.Errorf("no longer wanted: %v", o.record.Settings)
			}
		})
	}
}

func ExampleUnenroll() {
	c := dialogue.Unenroll("sluice")
	fmt.Println(c.Verb, c.URI, c.Format, c.Data)
	// Output: Exec ./Vendor/MSFT/DMClient/Provider/sluice/Unenroll chr sluice
}
