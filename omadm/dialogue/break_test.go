package dialogue_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/wsus/update"
)

// full is an office with something of everything to do.
func full(t tester) *office {
	o := newOffice(t, some())
	o.record.Desired["RequireUpdateApproval"] = o.record.Desired["AllowUpdateService"]
	c := o.record.Desired["RequireUpdateApproval"]
	c.Value = "1"
	o.record.Desired["RequireUpdateApproval"] = c
	o.list("InstallableUpdates", kb1, "Type", "1", "RevisionNumber", "1")
	o.list("InstallableUpdates", kb2, "Type", "0", "RevisionNumber", "1")
	o.list("InstalledUpdates", kb3, "RevisionNumber", "1")
	o.plan = []update.ID{kb1}
	o.strict = true
	o.config.Poll = func(device.Enrollment) map[string]string { return map[string]string{"NumberOfFirstRetries": "8"} }
	o.record.Orders = []dialogue.Order{
		{ID: 1, Command: device.Command{Verb: device.Exec, URI: "./Device/Vendor/MSFT/Reboot/RebootNow", Once: 1}},
		{ID: 2, Command: device.Command{Verb: device.Exec, URI: "./Vendor/MSFT/Update/Rollback/QualityUpdate", Once: 2}},
	}
	return o
}

// goal compares the device and the record with what was to be.
func goal(t tester, o *office) {
	t.Helper()
	want := map[string]string{}
	for name, c := range o.record.Desired {
		want[name] = c.Value
	}
	if d := cmp.Diff(want, o.policies()); d != "" {
		t.Errorf("policies (-want +got):\n%s", d)
	}
	for name := range want {
		if s := o.record.Settings[name]; s.Value != want[name] || s.Status != 200 || s.Deleted || s.Skipped != "" {
			t.Errorf("%s: %+v, want %s", name, s, want[name])
		}
	}
	if len(o.record.Settings) != len(want) {
		t.Errorf("settings kept: %v", o.record.Settings)
	}
	approved := []string{kb1.String(), definitions}
	if want["RequireUpdateApproval"] == "1" {
		if got := o.approvedIDs(); !slices.Equal(got, approved) {
			t.Errorf("approved %q, want %q", got, approved)
		}
	}
	for id, n := range o.once {
		if n > 1 {
			t.Errorf("order %d was done %d times", id, n)
		}
	}
	if r := o.record.Report; len(r.Installable) != 2 || len(r.Installed) != 1 || o.record.Facts.DNSName == "" {
		t.Errorf("facts %+v, report %+v", o.record.Facts, r)
	}
}

// A session may break at any message in any way: the next one completes it, and
// no order is done twice.
func TestBreaks(t *testing.T) {
	t.Parallel()
	messages := len(full(t).poll())
	if messages < 5 {
		t.Fatalf("%d messages", messages)
	}
	for at := 1; at <= messages; at++ {
		for kind := unsent; kind < breakups; kind++ {
			t.Run(fmt.Sprintf("message %d, kind %d", at, kind), func(t *testing.T) {
				t.Parallel()
				for _, done := range []int{0, 1, 3, 1000} {
					o := full(t)
					o.session(fate{at: at, kind: kind, done: done})
					o.later(again)
					o.poll()
					goal(t, o)
				}
			})
		}
	}
}

// again is after which a device is asked again for a report at which it broke.
const again = 4 * time.Hour

// A device that breaks off whenever it is to give its whole report still hears
// everything else, and is not asked at each poll.
func TestBreaksAtReport(t *testing.T) {
	t.Parallel()
	o := full(t)
	const installed = "./Vendor/MSFT/Update/InstalledUpdates"
	whole := 0
	for range 24 {
		said := o.session(fate{on: installed, kind: lost, done: 1000})
		if slices.ContainsFunc(slices.Concat(said...), func(c device.Command) bool { return c.URI == installed }) {
			whole++
		}
		o.later(time.Hour)
	}
	if whole != 6 {
		t.Errorf("asked for the whole report in %d of 24 hours, want 6", whole)
	}
	if got := o.policies(); len(got) != 4 || len(o.approvedIDs()) != 2 || o.once[1] != 1 {
		t.Errorf("policies %v, approved %v, done %v", got, o.approvedIDs(), o.once)
	}
}

// After any breaks, changes of what is wanted among them, the device is what was
// wanted last.
func TestAnyBreaks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		o := full(rt)
		for range rapid.IntRange(0, 8).Draw(rt, "sessions") {
			if rapid.Bool().Draw(rt, "wanted otherwise") {
				o.want(rapid.MapOfN(rapid.SampledFrom([]string{"ScheduledInstallDay", "AllowUpdateService", "RequireUpdateApproval"}),
					rapid.SampledFrom([]string{"0", "1"}), 0, 3).Draw(rt, "wanted"))
			}
			o.session(fate{
				at:   rapid.IntRange(1, 9).Draw(rt, "at"),
				kind: breaking(rapid.IntRange(0, int(breakups)-1).Draw(rt, "kind")),
				done: rapid.IntRange(0, 40).Draw(rt, "done"),
			})
			o.later(time.Duration(rapid.IntRange(0, 600).Draw(rt, "minutes")) * time.Minute)
		}
		o.later(again)
		o.poll()
		goal(rt, o)
		o.later(24 * time.Hour)
		o.poll() // with all that is asked daily
		lessons := len(o.lessons)
		o.later(time.Minute)
		if said := o.poll(); len(said) != 1 || len(o.lessons) != lessons {
			rt.Errorf("not idle afterwards: %v", said)
		}
		goal(rt, o)
	})
}
