package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/wsus/reporting"
	"sluice/wsus/update"
)

func newStore(t *testing.T) *store.Store {
	t.Helper()
	return storetest.New(t)
}

var reportTime = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func status(minute int, states map[update.ID]update.State) reporting.Report {
	at := reportTime.Add(time.Duration(minute) * time.Minute)
	return reporting.Report{Received: at, Status: &reporting.Status{Time: at, States: states}}
}

func failure(minute, n int) reporting.Report {
	at := reportTime.Add(time.Duration(minute) * time.Minute)
	return reporting.Report{Received: at, States: []reporting.StateChange{{Time: at, Update: named(n), State: update.Failed, Win32Result: -2145124329}}}
}

func states(t *testing.T, s *store.Store, device int64) map[update.ID]update.State {
	t.Helper()
	list, err := s.DeviceStates(t.Context(), device)
	if err != nil {
		t.Fatal(err)
	}
	m := make(map[update.ID]update.State)
	for _, d := range list {
		m[d.Update] = d.State
	}
	return m
}

func report(t *testing.T, s *store.Store, device int64, r reporting.Report) {
	t.Helper()
	if err := s.Report(t.Context(), device, r); err != nil {
		t.Fatal(err)
	}
}

func TestStatusIsTheWholeTruth(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	d := login(t, s, "c1", "pc1")
	report(t, s, d, status(0, map[update.ID]update.State{uid(1): update.NotInstalled, uid(2): update.Installed, uid(3): update.NotInstalled}))
	report(t, s, d, failure(1, 1))
	if got := states(t, s, d)[uid(1)]; got != update.Failed {
		t.Errorf("after a failure the state is %v", got)
	}
	// The status that comes next sets it back, also where it says what the last said.
	report(t, s, d, status(2, map[update.ID]update.State{uid(1): update.NotInstalled, uid(2): update.Installed, uid(3): update.NotInstalled}))
	report(t, s, d, status(3, map[update.ID]update.State{uid(1): update.Installed, uid(2): update.Installed}))
	want := map[update.ID]update.State{uid(1): update.Installed, uid(2): update.Installed}
	if diff := cmp.Diff(want, states(t, s, d)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	late := status(1, map[update.ID]update.State{uid(1): update.NotInstalled})
	late.Received = reportTime.Add(time.Hour)
	report(t, s, d, late)
	if diff := cmp.Diff(want, states(t, s, d)); diff != "" {
		t.Errorf("after a status that came late: -want +got\n%s", diff)
	}
	counts, err := s.UpdateCounts(t.Context())
	if err != nil || counts[uid(1)] != (store.UpdateCount{Installed: 1}) || counts[uid(3)] != (store.UpdateCount{}) {
		t.Errorf("counts %+v, %v", counts, err)
	}
}

func TestUnchangedStateKeepsItsTime(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	d := login(t, s, "c1", "pc1")
	report(t, s, d, status(0, map[update.ID]update.State{uid(1): update.NotInstalled}))
	report(t, s, d, status(9, map[update.ID]update.State{uid(1): update.NotInstalled, uid(2): update.NotInstalled}))
	list, err := s.DeviceStates(t.Context(), d)
	if err != nil || len(list) != 2 || !list[1].Since.Equal(reportTime) {
		t.Errorf("states %+v, %v, want the first since %v", list, err, reportTime)
	}
}

func TestEventsAreKeptOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	d := login(t, s, "c1", "pc1")
	event := func(instance, id int, up update.Identity) update.Event {
		return update.Event{InstanceID: uid(instance), Time: reportTime, EventID: id, Update: up, Misc: []string{"G=1"}}
	}
	batch := reporting.Report{Received: reportTime, Events: []update.Event{
		event(1, 167, named(1)), event(2, 162, named(1)), event(3, 147, update.Identity{}), event(4, 147, update.Identity{}),
	}}
	report(t, s, d, batch)
	report(t, s, d, batch)
	list, err := s.DeviceEvents(t.Context(), d, 0)
	if err != nil || len(list) != 3 {
		t.Errorf("kept %d events, %v, want 3: two that name an update and the last 147", len(list), err)
	}
}

// An event from a client whose clock is off gets another time when it comes again.
func TestMovedEventsAreKeptOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	d := login(t, s, "c1", "pc1")
	for minute := range 3 {
		at := reportTime.Add(time.Duration(minute) * time.Minute)
		report(t, s, d, reporting.Report{Received: at, Moved: true, Events: []update.Event{
			{InstanceID: uid(1), Time: at, EventID: 167, Update: named(1)},
			{InstanceID: uid(2), Time: at, EventID: 162, Update: named(1)},
			{InstanceID: uid(3), Time: at, EventID: 147},
		}})
	}
	if list, err := s.DeviceEvents(t.Context(), d, 0); err != nil || len(list) != 3 {
		t.Errorf("kept %d events, %v, want 3", len(list), err)
	}
}

// What was kept while the server's own clock was ahead does not stop the states
// of devices until that time comes.
func TestServerClockSetBack(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	d := login(t, s, "c1", "pc1")
	const years = 5 * 365 * 24 * 60
	scan := func(minute int) update.Event {
		return update.Event{InstanceID: uid(minute), Time: reportTime.Add(time.Duration(minute) * time.Minute), EventID: 147}
	}
	for _, minute := range []int{years, 1} {
		r := status(minute, map[update.ID]update.State{uid(1): update.NotInstalled})
		r.Events = []update.Event{scan(minute)}
		report(t, s, d, r)
	}
	report(t, s, d, failure(2, 1))
	if got := states(t, s, d)[uid(1)]; got != update.Failed {
		t.Errorf("after a failure the state is %v", got)
	}
	report(t, s, d, status(3, map[update.ID]update.State{uid(1): update.Installed}))
	if got := states(t, s, d)[uid(1)]; got != update.Installed {
		t.Errorf("after a status the state is %v", got)
	}
	late := status(2, map[update.ID]update.State{uid(1): update.NotInstalled})
	late.Received = reportTime.Add(time.Hour)
	report(t, s, d, late)
	if got := states(t, s, d)[uid(1)]; got != update.Installed {
		t.Errorf("after a status that came late the state is %v", got)
	}
	if list, err := s.DeviceEvents(t.Context(), d, 0); err != nil || len(list) != 1 || !list[0].Time.Equal(scan(1).Time) {
		t.Errorf("last scan %+v, %v", list, err)
	}
}

func TestDeletedDevicesAreNotCounted(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	gone, stays := login(t, s, "c1", "pc1"), login(t, s, "c2", "pc2")
	for _, d := range []int64{gone, stays} {
		report(t, s, d, status(0, map[update.ID]update.State{uid(1): update.NotInstalled, uid(2): update.Installed}))
	}
	if err := s.DeleteDevice(t.Context(), anna, gone); err != nil {
		t.Fatal(err)
	}
	want := map[update.ID]store.UpdateCount{uid(1): {NotInstalled: 1}, uid(2): {Installed: 1}}
	if got, err := s.UpdateCounts(t.Context()); err != nil || !cmp.Equal(want, got) {
		t.Errorf("counts %+v, %v, want %+v", got, err, want)
	}
}

func TestPurgeEventsKeepsServersLonger(t *testing.T) {
	t.Parallel()
	c := &clock{reportTime}
	s := openAt(t, c)
	pc, srv := login(t, s, "c1", "pc1"), login(t, s, "c2", "srv1")
	must(t)(s.RegisterDevice(t.Context(), srv, update.Computer{OldProductType: 3}))
	for _, d := range []int64{pc, srv} {
		report(t, s, d, reporting.Report{Received: c.at, Events: []update.Event{{InstanceID: uid(int(d)), Time: c.at, EventID: 162, Update: named(1)}}})
	}
	c.at = c.at.AddDate(0, 0, 16)
	if err := s.PurgeEvents(t.Context(), 15*24*time.Hour, 90*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	for d, want := range map[int64]int{pc: 0, srv: 1} {
		if list, err := s.DeviceEvents(t.Context(), d, 0); err != nil || len(list) != want {
			t.Errorf("device %d keeps %d events, %v, want %d", d, len(list), err, want)
		}
	}
}

// Whatever devices report, the counters are the states counted.
func TestCountersFollowStates(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	devices := []int64{login(t, s, "c1", "pc1"), login(t, s, "c2", "pc2")}
	minute := 0
	rapid.Check(t, func(rt *rapid.T) {
		minute++
		d := rapid.SampledFrom(devices).Draw(rt, "device")
		if rapid.Bool().Draw(rt, "fails") {
			report(t, s, d, failure(minute, rapid.IntRange(1, 4).Draw(rt, "update")))
		} else {
			m := make(map[update.ID]update.State)
			for n := 1; n <= 4; n++ {
				if st := update.State(rapid.IntRange(1, 6).Draw(rt, "state")); st != update.NotApplicable {
					m[uid(n)] = st
				}
			}
			report(t, s, d, status(minute, m))
		}
		want := make(map[update.ID]store.UpdateCount)
		for _, d := range devices {
			for id, st := range states(t, s, d) {
				c := want[id]
				switch st {
				case update.NotInstalled:
					c.NotInstalled++
				case update.Downloaded:
					c.Downloaded++
				case update.Installed:
					c.Installed++
				case update.Failed:
					c.Failed++
				case update.InstalledPendingReboot:
					c.PendingReboot++
				}
				want[id] = c
			}
		}
		got, err := s.UpdateCounts(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		for id, c := range got {
			if c != want[id] {
				rt.Fatalf("counts of %v are %+v, want %+v", id, c, want[id])
			}
		}
	})
}

func TestHardwareIsInterned(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for _, client := range []string{"c1", "c2"} {
		d := login(t, s, client, client)
		for range 2 {
			if err := s.NoteHardware(t.Context(), d, []string{`PCI\VEN_8086&DEV_1`, `pci\ven_8086&dev_1`, `USB\X`}); err != nil {
				t.Fatal(err)
			}
		}
	}
	var sets, texts int
	err := s.Write(t.Context(), "look", func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT (SELECT count(*) FROM hardware_set), (SELECT count(*) FROM hardware)`).Scan(&sets, &texts)
	})
	if err != nil || sets != 1 || texts != 2 {
		t.Errorf("%d sets of %d ids, %v, want one set of two", sets, texts, err)
	}
}

func TestMissedFilesCountOnceADay(t *testing.T) {
	t.Parallel()
	c := &clock{reportTime}
	s := openAt(t, c)
	importAll(t, s, "m", software(1, 1, withFile(7, 10)))
	for _, addr := range []string{"a", "a", "b"} {
		if err := s.NoteMissed(t.Context(), digest(7), addr); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Missed(t.Context()); err != nil || got[digest(7)] != 2 {
		t.Errorf("missed %v, %v, want 2", got, err)
	}
	named := func(d update.Digest, in bool) bool {
		ok, err := s.NamedInScope(t.Context(), d, func(update.ID) bool { return in })
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if !named(digest(7), true) || named(digest(7), false) || named(digest(8), true) {
		t.Error("NamedInScope does not follow the metadata and the scope")
	}
	c.at = c.at.AddDate(0, 0, 31)
	if err := s.PurgeMissed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Missed(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("after 31 days: %v, %v", got, err)
	}
}
