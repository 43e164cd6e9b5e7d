package store_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/omadm/dialogue"
	"sluice/wsus/reporting"
	"sluice/wsus/update"
)

// model is how updates stand by two sources, kept in the plainest way.
type model struct {
	wsus, mdm     map[update.ID]update.State
	wsusAt, mdmAt map[update.ID]time.Time // when each was said last
}

func newModel() *model {
	return &model{
		wsus: map[update.ID]update.State{}, mdm: map[update.ID]update.State{},
		wsusAt: map[update.ID]time.Time{}, mdmAt: map[update.ID]time.Time{},
	}
}

func (m *model) effective() map[update.ID]update.State {
	all := make(map[update.ID]update.State)
	for id, s := range m.mdm {
		all[id] = s
	}
	for id, s := range m.wsus {
		if _, both := m.mdm[id]; !both || m.wsusAt[id].After(m.mdmAt[id]) {
			all[id] = s
		}
	}
	return all
}

// Whatever two sources report in whatever order, what counts is what was said
// last, and the counters are the states counted.
func TestStatesOfTwoSources(t *testing.T) {
	t.Parallel()
	c := &clock{reportTime}
	s := openAt(t, c)
	d := openDoor(t, s, c.now)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		n := d.request(fmt.Sprint("dm", round), "", fmt.Sprint("pc", round))
		machine := d.enroll(n)
		client := fmt.Sprint("c", round)
		computer := login(t, s, client, fmt.Sprint("other", round))
		separate := newModel() // of the computer while it is a device of its own
		m, joined := newModel(), false
		defer func() {
			for _, gone := range []int64{machine, computer} {
				if gone == machine || !joined {
					if err := s.DeleteDevice(t.Context(), anna, gone); err != nil {
						t.Error(err)
					}
				}
			}
		}()
		states := func() map[update.ID]update.State {
			list := make(map[update.ID]update.State)
			for k := 1; k <= 4; k++ {
				st := rapid.SampledFrom([]update.State{update.NotApplicable, update.NotInstalled, update.Installed, update.Failed, update.InstalledPendingReboot}).Draw(rt, "state")
				if st != update.NotApplicable {
					list[uid(k)] = st
				}
			}
			return list
		}
		acts := map[string]func(*rapid.T){
			"status": func(*rapid.T) {
				c.at = c.at.Add(time.Minute)
				list := states()
				to, of := computer, separate
				if joined {
					to, of = machine, m
				}
				report(t, s, to, reporting.Report{Received: c.at, Status: &reporting.Status{Time: c.at, States: list}})
				of.wsus = list
				for id := range list {
					of.wsusAt[id] = c.at
				}
			},
			"event": func(rt *rapid.T) {
				c.at = c.at.Add(time.Minute)
				k := rapid.IntRange(1, 4).Draw(rt, "update")
				st := rapid.SampledFrom([]update.State{update.Failed, update.Installed, update.Downloaded}).Draw(rt, "state")
				to, of := computer, separate
				if joined {
					to, of = machine, m
				}
				report(t, s, to, reporting.Report{Received: c.at, States: []reporting.StateChange{{Time: c.at, Update: named(k), State: st}}})
				if of.wsus[uid(k)] != update.Installed || st != update.Failed {
					of.wsus[uid(k)], of.wsusAt[uid(k)] = st, c.at
				}
			},
			"mdm": func(*rapid.T) {
				c.at = c.at.Add(time.Minute)
				list := states()
				byNumber := make(map[int]update.State)
				for k := 1; k <= 4; k++ {
					if st, ok := list[uid(k)]; ok {
						byNumber[k] = st
					}
				}
				l := &dialogue.Lesson{Report: reportOf(byNumber), ReportedAt: c.at}
				for range rapid.IntRange(1, 2).Draw(rt, "times") {
					d.learn(n.Enrollment.ID, l)
				}
				m.mdm = list
				for id := range list {
					m.mdmAt[id] = c.at
				}
			},
			"join or split": func(*rapid.T) {
				if joined {
					split, _, err := s.SplitDevice(t.Context(), anna, machine)
					if err != nil {
						rt.Fatal(err)
					}
					computer = split
					separate.wsus, separate.wsusAt, m.wsus, m.wsusAt = m.wsus, m.wsusAt, map[update.ID]update.State{}, map[update.ID]time.Time{}
				} else {
					// When events told of states, and a status that is the same within
					// the hour, is kept of devices with two sources only.
					c.at = c.at.Add(2 * time.Hour)
					report(t, s, computer, reporting.Report{Received: c.at, Status: &reporting.Status{Time: c.at, States: separate.wsus}})
					for id := range separate.wsus {
						separate.wsusAt[id] = c.at
					}
					must(t)(s.JoinDevices(t.Context(), anna, machine, computer))
					m.wsus, m.wsusAt = separate.wsus, separate.wsusAt
					separate = newModel()
				}
				joined = !joined
			},
		}
		look := func() {
			check := func(device int64, m *model) map[update.ID]update.State {
				want, got := m.effective(), make(map[update.ID]update.State)
				list, err := s.DeviceStates(t.Context(), device)
				if err != nil {
					rt.Fatal(err)
				}
				for _, st := range list {
					got[st.Update] = st.State
					for _, by := range st.Sources {
						of := m.wsus
						if by.Source == "mdm" {
							of = m.mdm
						}
						if of[st.Update] != by.State {
							rt.Fatalf("update %v by %s is %v, want %v", st.Update, by.Source, by.State, of[st.Update])
						}
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					rt.Fatalf("states of device %d: -want +got\n%s", device, diff)
				}
				return got
			}
			total := make(map[update.ID]store.UpdateCount)
			add := func(all map[update.ID]update.State) {
				for id, st := range all {
					n := total[id]
					switch st {
					case update.NotInstalled:
						n.NotInstalled++
					case update.Downloaded:
						n.Downloaded++
					case update.Installed:
						n.Installed++
					case update.Failed:
						n.Failed++
					case update.InstalledPendingReboot:
						n.PendingReboot++
					}
					total[id] = n
				}
			}
			add(check(machine, m))
			if !joined {
				add(check(computer, separate))
			}
			counts, err := s.UpdateCounts(t.Context())
			if err != nil {
				rt.Fatal(err)
			}
			for id, got := range counts {
				if got != total[id] {
					rt.Fatalf("counts of %v are %+v, want %+v", id, got, total[id])
				}
			}
		}
		for range rapid.IntRange(1, 10).Draw(rt, "steps") {
			acts[rapid.SampledFrom(slices.Sorted(maps.Keys(acts))).Draw(rt, "act")](rt)
			look()
		}
	})
	counts, err := s.UpdateCounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for id, got := range counts {
		if got != (store.UpdateCount{}) {
			t.Errorf("counts of %v are %+v after all devices were deleted", id, got)
		}
	}
}

// A status that says what the last said still says it anew.
func TestSameStatusOverrulesMDM(t *testing.T) {
	t.Parallel()
	c := &clock{reportTime}
	s := openAt(t, c)
	d := openDoor(t, s, c.now)
	n := d.request("A", "", "PC1")
	machine := d.enroll(n)
	d.learn(n.Enrollment.ID, dns(n, "pc1.ship.example"))
	if login(t, s, "c1", "pc1.ship.example") != machine {
		t.Fatal("not joined")
	}
	report(t, s, machine, status(0, map[update.ID]update.State{uid(1): update.NotInstalled}))
	c.at = reportTime.Add(time.Minute)
	d.learn(n.Enrollment.ID, &dialogue.Lesson{Report: reportOf(map[int]update.State{1: update.Installed}), ReportedAt: c.at})
	if got := states(t, s, machine)[uid(1)]; got != update.Installed {
		t.Errorf("after the report of OMA DM: %v", got)
	}
	report(t, s, machine, status(2, map[update.ID]update.State{uid(1): update.NotInstalled}))
	list, err := s.DeviceStates(t.Context(), machine)
	if err != nil || len(list) != 1 || list[0].State != update.NotInstalled || list[0].Source != "status" || len(list[0].Sources) != 2 {
		t.Errorf("after the status: %+v, %v", list, err)
	}
}

func TestNeeded(t *testing.T) {
	t.Parallel()
	c := &clock{monday}
	s := openAt(t, c)
	d := openDoor(t, s, c.now)
	importAll(t, s, "first", software(1, 1))
	var machines []int64
	for k, want := range []map[int]update.State{
		{1: update.NotInstalled, 2: update.NotInstalled, 3: update.Installed, 4: update.InstalledPendingReboot},
		{2: update.Failed, 5: update.NotInstalled},
	} {
		n := d.request(fmt.Sprint(k), "", fmt.Sprint("PC", k))
		machines = append(machines, d.enroll(n))
		d.learn(n.Enrollment.ID, &dialogue.Lesson{Report: reportOf(want), ReportedAt: c.at})
		c.at = c.at.Add(time.Hour)
	}
	want := []store.Needed{
		{Update: uid(2), Number: 1, Devices: 2, First: monday, Last: monday.Add(time.Hour)},
		{Update: uid(5), Number: 1, Devices: 1, First: monday.Add(time.Hour), Last: monday.Add(time.Hour)},
	}
	needed := func() []store.Needed {
		t.Helper()
		var all []store.Needed
		for f := (store.NeededFilter{Limit: 1}); ; f.After = all[len(all)-1].Update {
			list, err := s.NeededUpdates(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 0 {
				return all
			}
			all = append(all, list...)
		}
	}
	if diff := cmp.Diff(want, needed()); diff != "" {
		t.Errorf("needed: -want +got\n%s", diff)
	}
	importAll(t, s, "second", software(2, 1))
	if diff := cmp.Diff(want[1:], needed()); diff != "" {
		t.Errorf("once the catalog has one: -want +got\n%s", diff)
	}
	if err := s.DeleteDevice(t.Context(), anna, machines[1]); err != nil {
		t.Fatal(err)
	}
	if err := s.PurgeNeeded(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "needed"); n != 0 {
		t.Errorf("%d rows after the purge, want none", n)
	}
}

// A device that names very many updates is kept within bounds.
func TestReportsAreBounded(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	d := openDoor(t, s, time.Now)
	n := d.request("A", "", "PC1")
	machine := d.enroll(n)
	many := make(map[int]update.State)
	for k := range 5000 {
		many[k] = update.NotInstalled
	}
	d.learn(n.Enrollment.ID, &dialogue.Lesson{Report: reportOf(many), ReportedAt: time.Now()})
	if list, err := s.DeviceStates(t.Context(), machine); err != nil || len(list) != 2000 {
		t.Errorf("%d states, %v, want 2000", len(list), err)
	}
}
