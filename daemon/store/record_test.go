package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/omadm/updatecsp/tree"
	"sluice/wsus/update"
)

func openRecord(t *testing.T, s *store.Store, id device.EnrollmentID) *store.DeviceRecord {
	t.Helper()
	r, err := s.OpenRecord(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What a session taught is there in the next one, and told again changes nothing.
func TestRecord(t *testing.T) {
	t.Parallel()
	c := &clock{monday}
	s := openAt(t, c)
	d := openDoor(t, s, c.now)
	n := d.request("A", "hw", "PC1")
	machine := d.enroll(n)
	first := openRecord(t, s, n.Enrollment.ID)
	if first.Machine != machine || first.Facts.DeviceName != "PC1" || !first.FactsAt.IsZero() || first.Report != nil || len(first.Settings) != 0 || first.SyncAsked {
		t.Errorf("first record %+v", first)
	}
	if _, err := s.AskSync(t.Context(), anna, machine); err != nil {
		t.Fatal(err)
	}
	if !openRecord(t, s, n.Enrollment.ID).SyncAsked {
		t.Error("the sync that was asked for is not told")
	}
	facts := first.Facts
	facts.DNSName, facts.SignatureVersion, facts.SignatureSince = "pc1.ship.example", "1.403.1.0", monday
	set := dialogue.Setting{Value: "99", Status: 200, Effective: "99", At: monday, OSVersion: "10.0.19045", Tries: 2}
	gone := dialogue.Setting{Deleted: true, Status: 404, Detail: "0x86000002", Skipped: "not on Home", At: monday}
	report := &tree.Report{LastScan: monday, Installed: map[update.ID]int32{uid(1): 200}, Failed: map[update.ID]tree.Failure{}, Approved: []update.ID{uid(1)}, QualityRollback: "x"}
	lesson := &dialogue.Lesson{
		Facts: &facts, FactsAt: monday, Settings: map[string]*dialogue.Setting{"DODownloadMode": &set, "BranchReadinessLevel": &gone},
		Report: report, ReportedAt: monday, SyncDone: true,
	}
	want := &store.DeviceRecord{Machine: machine, Record: dialogue.Record{
		Enrollment: first.Enrollment, Facts: facts, FactsAt: monday, Report: report, ReportedAt: monday,
		Settings: map[string]dialogue.Setting{"DODownloadMode": set, "BranchReadinessLevel": gone},
	}}
	for range 2 {
		d.learn(n.Enrollment.ID, lesson)
		if diff := cmp.Diff(want, openRecord(t, s, n.Enrollment.ID)); diff != "" {
			t.Errorf("record: -want +got\n%s", diff)
		}
		c.at = c.at.Add(time.Hour)
	}
	d.learn(n.Enrollment.ID, &dialogue.Lesson{Settings: map[string]*dialogue.Setting{"BranchReadinessLevel": nil}})
	delete(want.Settings, "BranchReadinessLevel")
	if diff := cmp.Diff(want, openRecord(t, s, n.Enrollment.ID)); diff != "" {
		t.Errorf("after one was forgotten: -want +got\n%s", diff)
	}
	if dev, err := s.Device(t.Context(), machine); err != nil || dev.Name != "pc1.ship.example" || !dev.FactsAt.Equal(monday) {
		t.Errorf("device %+v, %v", dev, err)
	}
}

func TestOrders(t *testing.T) {
	t.Parallel()
	c := &clock{monday}
	s := openAt(t, c)
	d := openDoor(t, s, c.now)
	n := d.request("A", "", "PC1")
	machine := d.enroll(n)
	id := n.Enrollment.ID
	order := func(kind store.OrderKind, once bool) int64 {
		o, err := s.Order(t.Context(), anna, machine, kind, device.Command{Verb: device.Exec, URI: "./" + string(kind)}, once)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	waiting := func(want ...int64) {
		t.Helper()
		var got []int64
		for _, o := range openRecord(t, s, id).Orders {
			got = append(got, o.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("orders that wait: -want +got\n%s", diff)
		}
	}
	state := func(o int64, want store.OrderState) {
		t.Helper()
		for _, got := range enrolledDetail(t, s, machine).Orders {
			if got.ID == o && got.State != want {
				t.Errorf("order %d is %q, want %q", o, got.State, want)
			}
		}
	}
	quality, feature := order(store.RollbackQualityOrder, true), order(store.RollbackFeatureOrder, true)
	if again := order(store.RollbackQualityOrder, true); again != quality {
		t.Errorf("the same order again is %d, want %d", again, quality)
	}
	waiting(quality, feature)
	if o := openRecord(t, s, id).Orders[0]; o.Command.Once != quality || o.Command.URI != "./rollback-quality" {
		t.Errorf("order %+v", o)
	}
	if err := s.Sending(t.Context(), id, []int64{quality}); err != nil {
		t.Fatal(err)
	}
	if err := s.Sending(t.Context(), id, []int64{feature, quality}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("sending one that was sent: %v", err)
	}
	waiting(feature)
	state(quality, store.OrderSent)
	c.at = c.at.Add(time.Hour)
	state(quality, store.OrderUnknown)
	for range 2 {
		d.learn(id, &dialogue.Lesson{Orders: []dialogue.OrderResult{{ID: quality, Status: 200}, {ID: feature, Status: 500, Detail: "0x1"}}})
		state(quality, store.OrderDone)
		state(feature, store.OrderFailed)
	}
	waiting()
	other := d.request("B", "", "PC2")
	d.enroll(other)
	third := order(store.RollbackQualityOrder, true)
	d.learn(other.Enrollment.ID, &dialogue.Lesson{Orders: []dialogue.OrderResult{{ID: third, Status: 200}}})
	state(third, store.OrderQueued)

	if err := s.Unenroll(t.Context(), anna, machine, device.Command{Verb: device.Exec, URI: "./Unenroll"}); err != nil {
		t.Fatal(err)
	}
	if r := openRecord(t, s, id); r.Enrollment.State != device.Leaving || len(r.Orders) != 2 || r.Orders[1].Command.Once != 0 {
		t.Errorf("record of a device that is leaving: %+v", r)
	}
	d.learn(id, &dialogue.Lesson{Unenrolled: "by an administrator"})
	if _, err := s.OpenRecord(t.Context(), id); !errors.Is(err, store.ErrEnded) {
		t.Errorf("record after it left: %v", err)
	}
	for _, o := range enrolledDetail(t, s, machine).Orders {
		if o.Kind == store.UnenrollOrder && o.State != store.OrderDone {
			t.Errorf("the order that it followed: %+v", o)
		}
	}
}

// Polls are noted together; one of a device that is gone is left out.
func TestPolled(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	d := openDoor(t, s, time.Now)
	n := d.request("A", "", "PC1")
	machine := d.enroll(n)
	at := time.Now().UTC().Add(time.Hour).Truncate(time.Millisecond)
	polls := map[device.EnrollmentID]store.Poll{n.Enrollment.ID: {At: at, Addr: "10.9.9.9"}, eid(999): {At: at}}
	if err := s.Polled(t.Context(), polls); err != nil {
		t.Fatal(err)
	}
	got := enrolledDetail(t, s, machine)
	if !got.LastPoll.Equal(at) || !got.LastSeen.Equal(at) || got.PollAddress != "10.9.9.9" {
		t.Errorf("device %+v", got)
	}
	if polled, err := s.AskSync(t.Context(), anna, machine); err != nil || !polled.Equal(at) {
		t.Errorf("last poll %v, %v", polled, err)
	}
}

func TestEnrolledDevices(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	d := openDoor(t, s, time.Now)
	login(t, s, "c9", "not-enrolled")
	var machines []int64
	for _, name := range []string{"PC1", "PC2", "LAB1"} {
		machines = append(machines, d.enroll(d.request("id-"+name, "", name)))
	}
	if _, err := s.Retire(t.Context(), anna, machines[1]); err != nil {
		t.Fatal(err)
	}
	g, err := s.CreateGroup(t.Context(), anna, "Lab", update.AllComputers)
	if err != nil {
		t.Fatal(err)
	}
	must(t)(s.AssignDevices(t.Context(), anna, machines[2:], []update.ID{g.ID}))
	for _, tt := range []struct {
		name string
		f    store.EnrolledFilter
		want []int64
	}{
		{"now", store.EnrolledFilter{}, []int64{machines[0], machines[2]}},
		{"ever", store.EnrolledFilter{Ended: true}, machines},
		{"by name", store.EnrolledFilter{DeviceFilter: store.DeviceFilter{Text: "pc"}}, machines[:1]},
		{"by device id", store.EnrolledFilter{DeviceFilter: store.DeviceFilter{Text: "ID-LAB1"}}, machines[2:]},
		{"by group", store.EnrolledFilter{DeviceFilter: store.DeviceFilter{Group: g.ID}}, machines[2:]},
		{"next page", store.EnrolledFilter{DeviceFilter: store.DeviceFilter{After: machines[0], Limit: 1}}, machines[2:]},
	} {
		list, err := s.EnrolledDevices(t.Context(), tt.f)
		var got []int64
		for _, d := range list {
			got = append(got, d.ID)
		}
		if err != nil || !cmp.Equal(tt.want, got) {
			t.Errorf("%s: %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
	if _, err := s.EnrolledDevice(t.Context(), 1); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a device that was never enrolled: %v", err)
	}
}
