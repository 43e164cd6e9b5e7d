package dialogue_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/omadm/device"
	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
)

// A change of version brings all facts and the whole report at once.
func TestNewVersion(t *testing.T) {
	t.Parallel()
	o := newOffice(t, some())
	o.poll()
	o.later(time.Hour)
	o.values["DevDetail/SwV"] = "10.0.19045.5000"
	o.values["Vendor/MSFT/Defender/Health/SignatureVersion"] = "1.500.0.0"
	delete(o.values, "DevDetail/Ext/Microsoft/SMBIOSSerialNumber")
	o.refuse = refusing(device.Get, "DNSComputerName", device.Failed)
	o.list("InstalledUpdates", kb1, "RevisionNumber", "3")
	o.poll()
	f := o.record.Facts
	if f.OSVersion != "10.0.19045.5000" || f.Serial != "" || f.DNSName != "PC-1.corp.example" || f.SignatureVersion != "1.500.0.0" || !f.SignatureSince.Equal(o.now) {
		t.Errorf("facts %+v", f)
	}
	if o.record.Report.Installed[kb1] != 3 || !o.record.FactsAt.Equal(o.now) || !o.record.ReportedAt.Equal(o.now) {
		t.Errorf("report %+v", o.record.Report)
	}
}

// A device that knows no StructData is asked by names.
func TestNames(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	o.noStructData = true
	o.list("InstallableUpdates", kb1, "Type", "2", "RevisionNumber", "7")
	o.list("FailedUpdates", kb2, "HResult", "2147942402", "State", "256")
	o.values[updateRoot+"Rollback/QualityUpdateStatus"] = "done"
	o.poll()
	r := o.record.Report
	if r.Installable[kb1] != (tree.Installable{Type: tree.Critical, Number: 7}) || r.Failed[kb2] != (tree.Failure{HResult: -2147024894, Status: 256}) || r.QualityRollback != "done" {
		t.Errorf("report %+v", r)
	}
	o.later(time.Hour)
	o.heard = nil
	if o.poll(); len(o.lessons) != 1 || len(o.heard) != len(idle)+3 {
		t.Errorf("idle poll said %q", uris(o.heard))
	}
}

// Installed updates are read again when something changed.
func TestInstalled(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	o.list("InstallableUpdates", kb1, "Type", "1", "RevisionNumber", "7")
	o.poll()
	o.later(time.Hour)
	o.unlist("InstallableUpdates", kb1)
	o.list("InstalledUpdates", kb1, "RevisionNumber", "7")
	o.list("InstalledUpdates", kb2, "RevisionNumber", "1")
	said := o.poll()
	want := [][]string{idle, {"Get ./Vendor/MSFT/Update/InstalledUpdates"}, {
		"Get ./Vendor/MSFT/Update/InstalledUpdates/%7b" + kb2.String() + "%7d/RevisionNumber",
		"Get ./Vendor/MSFT/Update/InstalledUpdates/%7b" + kb1.String() + "%7d/RevisionNumber"}}
	var got [][]string
	for _, m := range said {
		got = append(got, uris(m))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("said (-want +got):\n%s", d)
	}
	if s := o.record.Report.States()[kb1]; s != (tree.Standing{State: update.Installed, Number: 7}) {
		t.Errorf("standing %+v", s)
	}
	// Windows before 1703 has no revision numbers.
	old := newOffice(t, nil)
	old.values["DevDetail/SwV"] = "10.0.10586.0"
	old.list("InstalledUpdates", kb1, "Name", "x")
	old.poll()
	if slices.ContainsFunc(old.heard, func(c device.Command) bool { return strings.HasSuffix(c.URI, "RevisionNumber") }) {
		t.Error("Windows 10 1511 is asked for a revision number")
	}
}

// A schedule that is not as wanted is set, and looked at once a day.
func TestSchedule(t *testing.T) {
	t.Parallel()
	const poll = "Vendor/MSFT/DMClient/Provider/sluice/Poll/"
	o := newOffice(t, nil)
	o.config.Poll = func(device.Enrollment) map[string]string {
		return map[string]string{"IntervalForFirstSetOfRetries": "15", "NumberOfFirstRetries": "8", "PollOnLogin": "true"}
	}
	o.values[poll+"IntervalForFirstSetOfRetries"], o.values[poll+"NumberOfFirstRetries"] = "15", "5"
	o.poll()
	var changed []device.Command
	for _, c := range o.heard {
		if c.Verb != device.Get {
			changed = append(changed, c)
		}
	}
	want := []device.Command{
		{Verb: device.Replace, URI: "./Device/" + poll + "NumberOfFirstRetries", Format: device.Int, Data: "8"},
		{Verb: device.Replace, URI: "./Device/" + poll + "PollOnLogin", Format: device.Bool, Data: "true"},
	}
	if d := cmp.Diff(want, changed); d != "" {
		t.Errorf("changed (-want +got):\n%s", d)
	}
	o.later(24 * time.Hour)
	o.heard = nil
	o.poll()
	for _, c := range o.heard {
		if c.Verb != device.Get {
			t.Errorf("%v", c)
		}
	}
}

// Whatever a device says of itself, it is bounded and clean.
func TestRubbish(t *testing.T) {
	t.Parallel()
	o := newOffice(t, some())
	o.values["DevDetail/SwV"] = "\x00\xff\nWindows " + strings.Repeat("ü", 1000)
	o.values["Vendor/MSFT/DeviceStatus/OS/Edition"] = "-1"
	o.values["DevDetail/Ext/Microsoft/ProcessorArchitecture"] = "77"
	o.values[updateRoot+"LastSuccessfulScanTime"] = "never"
	o.info["Man"] = strings.Repeat("x", 1_000_000)
	o.poll()
	f := o.record.Facts
	if len(f.OSVersion) > 256 || !strings.HasPrefix(f.OSVersion, "Windows ü") || len(f.Manufacturer) != 256 || f.OSEdition != 0 || f.Architecture != "77" {
		t.Errorf("facts %+v", f)
	}
	if !o.record.Report.LastScan.IsZero() || len(o.policies()) != len(some()) {
		t.Errorf("report %+v, policies %v", o.record.Report, o.policies())
	}
	lessons := len(o.lessons)
	if o.later(time.Hour); len(o.poll()) != 1 || len(o.lessons) != lessons {
		t.Error("not idle afterwards")
	}
}
