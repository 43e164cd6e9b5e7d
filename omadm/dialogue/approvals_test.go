package dialogue_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/wsus/update"
)

// approving is an office whose device asks for approval, can install kb1 and kb2,
// and may install kb1.
func approving(t *testing.T) *office {
	o := newOffice(t, map[string]string{"RequireUpdateApproval": "1"})
	o.list("InstallableUpdates", kb1, "Type", "1", "RevisionNumber", "1")
	o.list("InstallableUpdates", kb2, "Type", "0", "RevisionNumber", "1")
	o.plan = []update.ID{kb1, kb3}
	return o
}

// The device's approvals follow the plan: of what it can install, what it may,
// and definition updates as a whole.
func TestApprovals(t *testing.T) {
	t.Parallel()
	o := approving(t)
	o.poll()
	want := func(what string, ids ...string) {
		t.Helper()
		slices.Sort(ids)
		if got := o.approvedIDs(); !slices.Equal(got, ids) {
			t.Errorf("%s: approved %q, want %q", what, got, ids)
		}
		if got := o.record.Report.Approved; len(got) != len(ids) {
			t.Errorf("%s: reported %v", what, got)
		}
		lessons := len(o.lessons)
		o.later(time.Minute)
		if said := o.poll(); len(said) != 1 || len(o.lessons) != lessons {
			t.Errorf("%s: not idle afterwards: %v", what, said)
		}
	}
	want("at first", definitions, kb1.String())

	// A licence that is not accepted keeps an update out of the plan; when it is,
	// the update follows.
	o.plan = append(o.plan, kb2)
	o.poll()
	want("licence accepted", definitions, kb1.String(), kb2.String())

	o.plan = []update.ID{kb2, kb3}
	o.poll()
	want("no longer deployed", definitions, kb2.String())

	// What is being installed keeps its approval, and what is installed loses it.
	o.unlist("InstallableUpdates", kb2)
	o.list("PendingRebootUpdates", kb2, "InstalledTime", "2026-03-14T09:00:00Z", "RevisionNumber", "1")
	o.poll()
	want("waits for a restart", definitions, kb2.String())
	o.unlist("PendingRebootUpdates", kb2)
	o.list("InstalledUpdates", kb2, "RevisionNumber", "1")
	o.poll()
	want("installed", definitions)

	// Someone else's approvals are seen once a day, and taken away.
	o.inner[updateRoot+"ApprovedUpdates/{"+kb1.String()+"}"] = true
	delete(o.inner, updateRoot+"ApprovedUpdates/{"+definitions+"}")
	o.later(24 * time.Hour)
	o.poll()
	want("put right", definitions)
}

// Where approval is not asked for, or the device did not take that, there is no
// word of it.
func TestNoApprovals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(o *office)
	}{
		{"not wanted", func(o *office) { o.want(nil) }},
		{"wanted off", func(o *office) { o.want(map[string]string{"RequireUpdateApproval": "0"}) }},
		{"refused", func(o *office) { o.refuse = refusing("", "RequireUpdateApproval", device.NotSupported) }},
		{"not known to the edition", func(o *office) {
			o.values["Vendor/MSFT/DeviceStatus/OS/Edition"], o.record.Enrollment.OSEdition = "101", 101
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := approving(t)
			tt.change(o)
			for range 3 {
				o.poll()
				o.later(24 * time.Hour)
			}
			for _, c := range o.heard {
				if strings.Contains(c.URI, "ApprovedUpdates") {
					t.Errorf("%s %s", c.Verb, c.URI)
				}
			}
		})
	}
	o := approving(t)
	o.poll()
	o.want(nil)
	o.later(time.Hour)
	o.poll()
	if o.record.Report.Approved != nil {
		t.Errorf("turned off, and still known: %v", o.record.Report.Approved)
	}
}

// An approval that the device refuses is tried once a day.
func TestApprovalRefused(t *testing.T) {
	t.Parallel()
	o := approving(t)
	o.inner[updateRoot+"ApprovedUpdates/{"+kb3.String()+"}"] = true
	o.refuse = func(c device.Command) device.Status {
		if strings.Contains(c.URI, "ApprovedUpdates/") && (c.Verb == device.Delete || strings.Contains(c.URI, kb1.String())) {
			return device.NotAllowed
		}
		return 0
	}
	tried := func() (n int) {
		o.heard = nil
		o.poll()
		for _, c := range o.heard {
			if strings.Contains(c.URI, "ApprovedUpdates/") && c.Verb != device.Get {
				n++
			}
		}
		o.later(time.Hour)
		return n
	}
	if n := tried(); n != 3 { // kb1 and definitions added, kb3 taken away
		t.Errorf("%d changes at first", n)
	}
	if n := tried(); n != 0 {
		t.Errorf("%d changes at the next poll", n)
	}
	o.later(24 * time.Hour)
	if n := tried(); n != 2 {
		t.Errorf("%d changes a day later", n)
	}
	if got := o.record.Report.Refused; len(got) != 2 {
		t.Errorf("refused %v", got)
	}
	o.refuse = nil
	o.later(24 * time.Hour)
	if tried(); o.record.Report.Refused != nil || !slices.Equal(o.approvedIDs(), []string{kb1.String(), definitions}) {
		t.Errorf("refused %v, approved %q", o.record.Report.Refused, o.approvedIDs())
	}
}

// The plan is the upper bound: a function that allows more changes nothing, and
// without one only classifications are approved.
func TestApprovalsBounded(t *testing.T) {
	t.Parallel()
	o := approving(t)
	o.config.Classifications = []update.ID{}
	o.config.Records = generous{o}
	o.poll()
	if got := o.approvedIDs(); !slices.Equal(got, []string{kb2.String(), kb1.String()}) {
		t.Errorf("approved %q", got)
	}
	o = approving(t)
	o.config.Records = mean{o}
	o.poll()
	if got := o.approvedIDs(); !slices.Equal(got, []string{definitions}) {
		t.Errorf("approved %q", got)
	}
	// A list that is not told is not taken for empty.
	o = approving(t)
	o.poll()
	o.refuse = func(c device.Command) device.Status {
		if strings.Contains(c.URI, "InstallableUpdates") || strings.HasSuffix(c.URI, "ApprovedUpdates?list=StructData") || strings.HasSuffix(c.URI, "ApprovedUpdates") {
			return device.Failed
		}
		return 0
	}
	o.record.Report.Installable, o.record.Report.Approved = nil, nil
	o.later(24 * time.Hour)
	o.poll()
	if got := o.approvedIDs(); !slices.Equal(got, []string{kb1.String(), definitions}) {
		t.Errorf("approved %q", got)
	}
}

// Orders are sent after the settings and their results kept at once; what was
// sent and not answered is the store's to judge.
func TestOrders(t *testing.T) {
	t.Parallel()
	o := newOffice(t, some())
	restart := device.Command{Verb: device.Exec, URI: "./Device/Vendor/MSFT/Reboot/RebootNow", Once: 7}
	rollback := device.Command{Verb: device.Exec, URI: "./Vendor/MSFT/Update/Rollback/QualityUpdate", Once: 8}
	o.record.Orders = []dialogue.Order{{ID: 7, Command: restart}, {ID: 8, Command: rollback}}
	o.refuse = func(c device.Command) device.Status {
		if c.URI == rollback.URI {
			return device.Failed
		}
		return 0
	}
	o.poll()
	if len(o.lessons) != 3 || len(o.record.Orders) != 0 || !slices.Equal(o.sending, []int64{7, 8}) {
		t.Fatalf("%d lessons, orders left %v, noted %v", len(o.lessons), o.record.Orders, o.sending)
	}
	want := []dialogue.OrderResult{{ID: 7, Status: 200}, {ID: 8, Status: 500, Detail: "0x86000002"}}
	if got := o.lessons[1]; !slices.Equal(got.Orders, want) || o.lessons[0].Orders != nil || o.lessons[2].Orders != nil || len(got.Settings) != len(some()) {
		t.Errorf("lessons %+v, %+v, %+v", o.lessons[0], got, o.lessons[2])
	}
	o.later(time.Hour)
	o.values[updateRoot+"Rollback/QualityUpdateStatus"] = "0x0"
	o.record.Orders = []dialogue.Order{{ID: 9, Command: rollback}}
	o.record.Orders[0].Command.Once = 9
	o.refuse = nil
	o.poll()
	if o.record.Report.QualityRollback != "0x0" || o.once[8] != 1 || o.once[9] != 1 {
		t.Errorf("report %+v, done %v", o.record.Report, o.once)
	}
}

func TestUnenroll(t *testing.T) {
	t.Parallel()
	alert := device.Alert{Code: 1226, Type: "com.microsoft:mdm.unenrollment.userrequest", Items: []device.Item{{Data: "1"}}}
	t.Run("by the user", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t, some())
		if said := o.poll(device.Alert{Code: 1224, Type: "com.microsoft/MDM/LoginStatus"}, alert); said != nil {
			t.Errorf("said %v to a device that leaves", said)
		}
		if len(o.lessons) != 1 || o.lessons[0].Unenrolled != "by its user" {
			t.Errorf("lessons %+v", o.lessons)
		}
	})
	t.Run("by an order", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t, some())
		c := dialogue.Unenroll("sluice")
		o.record.Orders = []dialogue.Order{{ID: 1, Command: c}}
		said := o.poll()
		if last := said[len(said)-1]; len(last) != 1 || last[0].URI != c.URI || !o.unenrolled {
			t.Errorf("said last %v", last)
		}
		o.record.Enrollment.State = device.Leaving // as the store has it since the order
		if len(o.record.Orders) != 0 {
			t.Errorf("orders %+v", o.record.Orders)
		}
		if said := o.poll(alert); said != nil {
			t.Errorf("said %v to a device that leaves", said)
		}
		if l := o.lessons[len(o.lessons)-1]; l.Unenrolled != "by an administrator" || o.record.Enrollment.State != device.Unenrolled {
			t.Errorf("lesson %+v", l)
		}
	})
	t.Run("leaving", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t, some())
		o.record.Enrollment.State = device.Leaving
		said := o.poll()
		if len(said) != 1 || len(said[0]) != 1 || said[0][0].URI != "./Vendor/MSFT/DMClient/Provider/sluice/Unenroll" || len(o.policies()) != 0 {
			t.Errorf("said %v", said)
		}
		if o.record.Enrollment.State != device.Leaving {
			t.Error("unenrolled before the device said that it leaves")
		}
	})
	t.Run("leaving, broken off", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t, some())
		o.record.Enrollment.State = device.Leaving
		o.session(fate{at: 1, kind: lost, done: 1})
		if o.record.Enrollment.State != device.Leaving {
			t.Error("unenrolled without an answer")
		}
		o.poll(alert)
		if l := o.lessons[len(o.lessons)-1]; l.Unenrolled != "by an administrator" {
			t.Errorf("lesson %+v", l)
		}
	})
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t, nil)
		o.record.Enrollment.State = device.Leaving
		o.refuse = refusing(device.Exec, "Unenroll", device.Failed)
		o.poll()
		if o.record.Enrollment.State != device.Leaving {
			t.Error("unenrolled though the device refused")
		}
	})
}

// generous allows more than it is asked about.
type generous struct{ *office }

// mean has no plan.
type mean struct{ *office }
