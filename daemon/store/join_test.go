package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/daemon/fleet"
	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/omadm/dialogue"
	"sluice/wsus/reporting"
	"sluice/wsus/update"
)

func claim(t *testing.T, s *store.Store, client, name string) (int64, *fleet.SeatChanges) {
	t.Helper()
	d, c, err := s.ClaimDevice(t.Context(), fleet.Claim{ClientID: client, Name: name, Addr: "10.0.0.1"}, false)
	if err != nil {
		t.Fatal(err)
	}
	return d, c
}

var latitude = update.Computer{OSBuild: 19045, Manufacturer: "DELL INC.", Model: "latitude 5400 "}

// Whatever comes first, an enrolled device and its computer become one.
func TestDevicesAreJoined(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]func(t *testing.T, s *store.Store, d *door) (machine int64, client string){
		"computer first, same model": func(t *testing.T, s *store.Store, d *door) (int64, string) {
			c := login(t, s, "c1", "pc1.ship.example")
			must(t)(s.RegisterDevice(t.Context(), c, latitude))
			m := d.enroll(dell(d.request("A", "", "PC1")))
			if m != c {
				t.Errorf("enrolled as device %d, want the computer %d", m, c)
			}
			return m, "c1"
		},
		"computer first, name learned": func(t *testing.T, s *store.Store, d *door) (int64, string) {
			c := login(t, s, "c1", "PC1.ship.example")
			n := d.request("A", "", "PC1")
			m := d.enroll(n)
			changes, err := s.Learn(t.Context(), n.Enrollment.ID, dns(n, "pc1.SHIP.example"))
			if err != nil || !cmp.Equal(changes.Removed, []int64{c}) || changes.Clients["c1"] != m {
				t.Errorf("changes %+v, %v, want device %d merged into %d", changes, err, c, m)
			}
			return m, "c1"
		},
		"enrolled first, name claimed": func(t *testing.T, s *store.Store, d *door) (int64, string) {
			n := d.request("A", "", "PC1")
			m := d.enroll(n)
			d.learn(n.Enrollment.ID, dns(n, "pc1.ship.example"))
			if c, changes := claim(t, s, "c1", "PC1.ship.example"); c != m || len(changes.Removed) != 0 {
				t.Errorf("the claim is device %d, want %d; %+v", c, m, changes)
			}
			return m, "c1"
		},
		"enrolled first, computer renamed": func(t *testing.T, s *store.Store, d *door) (int64, string) {
			n := d.request("A", "", "PC1")
			m := d.enroll(n)
			d.learn(n.Enrollment.ID, dns(n, "pc1.ship.example"))
			login(t, s, "c1", "new-pc")
			if c, _ := claim(t, s, "c1", "pc1.ship.example"); c != m {
				t.Errorf("the claim is device %d, want %d", c, m)
			}
			return m, "c1"
		},
		"enrolled first, model registered": func(t *testing.T, s *store.Store, d *door) (int64, string) {
			m := d.enroll(dell(d.request("A", "", "PC1")))
			c := login(t, s, "c1", "pc1")
			if c == m {
				t.Error("a bare name alone joins")
			}
			changes := must(t)(s.RegisterDevice(t.Context(), c, latitude))
			if !changes.Seats[m].Registered || changes.Clients["c1"] != m {
				t.Errorf("changes %+v", changes)
			}
			return m, "c1"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := storetest.New(t)
			machine, client := tt(t, s, openDoor(t, s, time.Now))
			if n := count(t, s, "device"); n != 1 {
				t.Errorf("%d devices, want one", n)
			}
			dev, err := s.Device(t.Context(), machine)
			if err != nil || dev.ClientID != client || !dev.Enrolled || dev.Collision != "" {
				t.Errorf("device %+v, %v", dev, err)
			}
			if c := login(t, s, client, "pc1.ship.example"); c != machine {
				t.Errorf("its computer logs in as %d", c)
			}
		})
	}
}

// What is not certain stays two devices, and is shown.
func TestDevicesThatMayBeOne(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		make   func(t *testing.T, s *store.Store, d *door)
		reason string
	}{
		{"another model", func(t *testing.T, s *store.Store, d *door) {
			d.enroll(dell(d.request("A", "", "PC1")))
			must(t)(s.RegisterDevice(t.Context(), login(t, s, "c1", "pc1"), update.Computer{Manufacturer: "HP", Model: "x"}))
		}, "HP x there"},
		{"model not known", func(t *testing.T, s *store.Store, d *door) {
			d.enroll(dell(d.request("A", "", "PC1")))
			login(t, s, "c1", "pc1.ship.example")
		}, "not known of both"},
		{"another domain", func(t *testing.T, s *store.Store, d *door) {
			n := dell(d.request("A", "", "PC1"))
			d.enroll(n)
			d.learn(n.Enrollment.ID, dns(n, "pc1.shore.example"))
			must(t)(s.RegisterDevice(t.Context(), login(t, s, "c1", "pc1.ship.example"), latitude))
		}, "another domain"},
		{"two enrolled ones", func(t *testing.T, s *store.Store, d *door) {
			d.enroll(dell(d.request("A", "", "PC1")))
			d.enroll(dell(d.request("B", "", "PC1")))
			must(t)(s.RegisterDevice(t.Context(), login(t, s, "c1", "pc1"), latitude))
		}, "as others have too"},
		{"a computer already", func(t *testing.T, s *store.Store, d *door) {
			n := d.request("A", "", "PC1")
			d.enroll(n)
			d.learn(n.Enrollment.ID, dns(n, "pc1.ship.example"))
			login(t, s, "c1", "pc1.ship.example")
			login(t, s, "c2", "pc1.ship.example")
		}, "a computer of the same name already"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := storetest.New(t)
			tt.make(t, s, openDoor(t, s, time.Now))
			list, err := s.JoinCandidates(t.Context())
			if err != nil || len(list) == 0 || !strings.Contains(list[0].Reason, tt.reason) {
				t.Errorf("candidates %+v, %v, want %q", list, err, tt.reason)
			}
		})
	}
}

// An unauthenticated claim changes nothing of an enrolled device.
func TestClaimsDoNotChangeEnrolledDevices(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	d := openDoor(t, s, time.Now)
	if _, err := s.CreateGroup(t.Context(), anna, "Exempt", update.AllComputers); err != nil {
		t.Fatal(err)
	}
	mischief := func(client, name string) int64 {
		c := fleet.Claim{ClientID: client, Name: name, Groups: []string{"Exempt"}}
		dev, _, err := s.ClaimDevice(t.Context(), c, true)
		if err != nil {
			t.Fatal(err)
		}
		return dev
	}
	mischief("c1", "pc1.ship.example") // before it enrols
	n := d.request("A", "", "PC1")
	machine := d.enroll(n)
	d.learn(n.Enrollment.ID, dns(n, "pc1.ship.example"))
	if c := mischief("c1", "PC1"); c != machine {
		t.Fatalf("its computer is device %d, want %d", c, machine)
	}
	must(t)(s.RegisterDevice(t.Context(), machine, update.Computer{OSBuild: 7601, OldProductType: 3, Model: "fake"}))
	if c := mischief("c1", "pc9.ship.example"); c != machine {
		t.Errorf("its client id under another name is device %d", c)
	}
	if c := mischief("c2", "pc1.ship.example"); c == machine {
		t.Error("another client id takes the place of its computer")
	}
	dev, err := s.Device(t.Context(), machine)
	if err != nil || dev.Name != "pc1.ship.example" || dev.Computer.OSBuild != 19045 || dev.Claimed.OSBuild != 7601 || dev.ClaimedAt.IsZero() {
		t.Errorf("device %+v, %v", dev, err)
	}
	if !strings.Contains(dev.Collision, "pc9.ship.example") {
		t.Errorf("collision %q, want the name that was claimed", dev.Collision)
	}
	if diff := cmp.Diff([]string{"All Computers", "Unassigned Computers"}, groupsOf(t, s, machine)); diff != "" {
		t.Errorf("groups: -want +got\n%s", diff)
	}
}

// A machine that is renamed is no impostor once OMA DM told its new name.
func TestRenamedDevice(t *testing.T) {
	t.Parallel()
	c := &clock{monday}
	s := openAt(t, c)
	d := openDoor(t, s, c.now)
	n := d.request("A", "", "PC1")
	machine := d.enroll(n)
	d.learn(n.Enrollment.ID, dns(n, "pc1.ship.example"))
	login(t, s, "c1", "pc1.ship.example")
	c.at = c.at.Add(time.Hour)
	login(t, s, "c1", "pc2.ship.example")
	c.at = c.at.Add(time.Hour)
	d.learn(n.Enrollment.ID, dns(n, "pc2.ship.example"))
	c.at = c.at.Add(time.Hour)
	login(t, s, "c1", "pc2.ship.example")
	if dev, err := s.Device(t.Context(), machine); err != nil || dev.Name != "pc2.ship.example" || dev.Collision != "" {
		t.Errorf("device %+v, %v", dev, err)
	}
}

func TestJoinAndSplit(t *testing.T) {
	t.Parallel()
	c := &clock{reportTime.Add(-time.Hour)}
	s := openAt(t, c)
	d := openDoor(t, s, c.now)
	ship, err := s.CreateGroup(t.Context(), anna, "Ship", update.AllComputers)
	if err != nil {
		t.Fatal(err)
	}
	n := d.request("A", "", "PC1")
	machine := d.enroll(n)
	d.learn(n.Enrollment.ID, &dialogue.Lesson{
		Report: reportOf(map[int]update.State{1: update.Installed, 2: update.NotInstalled}),
	})
	c.at = reportTime
	computer := login(t, s, "c1", "other-name")
	must(t)(s.AssignDevices(t.Context(), anna, []int64{computer}, []update.ID{ship.ID}))
	must(t)(s.HoldDevice(t.Context(), anna, computer, uid(7), "breaks the radar"))
	must(t)(s.RegisterDevice(t.Context(), computer, latitude))
	if err := s.NoteHardware(t.Context(), computer, []string{`PCI\X`}); err != nil {
		t.Fatal(err)
	}
	r := status(0, map[update.ID]update.State{uid(2): update.Installed, uid(3): update.NotInstalled})
	r.Events = []update.Event{
		{InstanceID: uid(50), Time: reportTime, EventID: 167, Update: named(3)}, {InstanceID: uid(51), Time: reportTime, EventID: 147},
	}
	report(t, s, computer, r)
	counts := func(want map[update.ID]store.UpdateCount) {
		t.Helper()
		got, err := s.UpdateCounts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for id, c := range got {
			if c == (store.UpdateCount{}) {
				delete(got, id)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("counts: -want +got\n%s", diff)
		}
	}

	changes := must(t)(s.JoinDevices(t.Context(), anna, machine, computer))
	if !cmp.Equal(changes.Removed, []int64{computer}) || changes.Clients["c1"] != machine || !changes.Seats[machine].Registered {
		t.Errorf("changes %+v", changes)
	}
	counts(map[update.ID]store.UpdateCount{uid(1): {Installed: 1}, uid(2): {Installed: 1}, uid(3): {NotInstalled: 1}})
	dev, err := s.Device(t.Context(), machine)
	if err != nil || dev.Name != "PC1" || dev.ClientID != "c1" || len(dev.Groups) != 1 || len(dev.Holds) != 1 || dev.Claimed.Model == "" || dev.Collision != "" {
		t.Errorf("joined device %+v, %v", dev, err)
	}
	if list, err := s.DeviceEvents(t.Context(), machine, 0); err != nil || len(list) != 2 {
		t.Errorf("%d events, %v, want both", len(list), err)
	}
	if n := count(t, s, "device_hardware WHERE device_id = "+fmt.Sprint(machine)); n != 1 {
		t.Error("the hardware is gone")
	}

	again, changes, err := s.SplitDevice(t.Context(), anna, machine)
	if err != nil || changes.Clients["c1"] != again || !changes.Seats[again].Registered || changes.Seats[machine].Registered {
		t.Fatalf("split: %d, %+v, %v", again, changes, err)
	}
	counts(map[update.ID]store.UpdateCount{uid(1): {Installed: 1}, uid(2): {NotInstalled: 1, Installed: 1}, uid(3): {NotInstalled: 1}})
	for _, one := range []int64{machine, again} {
		if diff := cmp.Diff([]string{"All Computers", "Ship"}, groupsOf(t, s, one)); diff != "" {
			t.Errorf("groups of device %d: -want +got\n%s", one, diff)
		}
	}
	if dev, err := s.Device(t.Context(), again); err != nil || dev.Name != "other-name" || dev.Computer.Model == "" || dev.Enrolled {
		t.Errorf("split computer %+v, %v", dev, err)
	}
	// An unchanged status writes nothing: the computer is as it was before.
	report(t, s, again, reporting.Report{Received: r.Received, Status: r.Status})
	if n := count(t, s, "device_source WHERE device_id = "+fmt.Sprint(again)); n != 0 {
		t.Error("the computer keeps sources apart, and only one of them tells")
	}

	for name, got := range map[string]error{
		"a device that is not enrolled":     second(s.JoinDevices(t.Context(), anna, again, machine)),
		"with itself":                       second(s.JoinDevices(t.Context(), anna, machine, machine)),
		"with none":                         second(s.JoinDevices(t.Context(), anna, machine, 999)),
		"the split of one without computer": func() error { _, _, err := s.SplitDevice(t.Context(), anna, machine); return err }(),
	} {
		if !errors.Is(got, store.ErrNotEnrolled) && !errors.Is(got, store.ErrJoined) && !errors.Is(got, store.ErrNotFound) && !errors.Is(got, store.ErrNotJoined) {
			t.Errorf("joining %s: %v", name, got)
		}
	}
}

// What an administrator split is not joined again by itself, and shown.
func TestSplitStays(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	d := openDoor(t, s, time.Now)
	n := d.request("A", "", "PC1")
	machine := d.enroll(n)
	d.learn(n.Enrollment.ID, dns(n, "pc1.ship.example"))
	login(t, s, "c1", "pc1.ship.example")
	computer, _, err := s.SplitDevice(t.Context(), anna, machine)
	if err != nil {
		t.Fatal(err)
	}
	if c := login(t, s, "c1", "pc1.ship.example"); c != computer {
		t.Errorf("the computer logs in as %d, want %d", c, computer)
	}
	must(t)(s.RegisterDevice(t.Context(), computer, latitude))
	l := dns(n, "pc1.ship.example")
	l.Facts.Language = "de-DE"
	d.learn(n.Enrollment.ID, l)
	list, err := s.JoinCandidates(t.Context())
	if err != nil || len(list) != 1 || !strings.Contains(list[0].Reason, "split") {
		t.Errorf("candidates %+v, %v", list, err)
	}
	must(t)(s.JoinDevices(t.Context(), anna, machine, computer))
	if n := count(t, s, "device"); n != 1 {
		t.Errorf("%d devices after an administrator joined them again", n)
	}
}
