package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/daemon/fleet"
	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

var anna = store.Entry{Who: "anna", Via: "cli"}

// clock is a time that a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// openAt opens a store whose time is the clock's.
func openAt(t *testing.T, c *clock) *store.Store {
	t.Helper()
	o := storetest.Options(t, t.TempDir())
	o.Now = c.now
	return storetest.Open(t, o)
}

func login(t *testing.T, s *store.Store, client, name string) int64 {
	t.Helper()
	d, _, err := s.ClaimDevice(t.Context(), fleet.Claim{ClientID: client, Name: name, Addr: "10.0.0.1"}, false)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func must(t *testing.T) func(*fleet.SeatChanges, error) *fleet.SeatChanges {
	return func(c *fleet.SeatChanges, err error) *fleet.SeatChanges {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

// groupsOf returns the groups that a device's plan key means.
func groupsOf(t *testing.T, s *store.Store, device int64) (names []string) {
	t.Helper()
	r := fleet.NewRoster()
	if err := s.LoadRoster(t.Context(), r, func(string, int64) {}); err != nil {
		t.Fatal(err)
	}
	seat, ok := r.Seat(device)
	if !ok {
		t.Fatalf("device %d has no seat", device)
	}
	set, _, ok := r.Sets(seat.Plan)
	if !ok {
		t.Fatalf("device %d has an unknown plan %v", device, seat.Plan)
	}
	groups, err := s.Groups(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range set {
		for _, g := range groups {
			if g.ID == in.Group {
				names = append(names, g.Name)
			}
		}
	}
	return names
}

func TestGroupsReachDevices(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	d := login(t, s, "c1", "pc1")
	want := func(names ...string) {
		t.Helper()
		if diff := cmp.Diff(names, groupsOf(t, s, d)); diff != "" {
			t.Errorf("groups of the device: -want +got\n%s", diff)
		}
	}
	want("All Computers", "Unassigned Computers")
	servers, err := s.CreateGroup(t.Context(), anna, "Servers", update.AllComputers)
	if err != nil {
		t.Fatal(err)
	}
	dcs, err := s.CreateGroup(t.Context(), anna, "Controllers", servers.ID)
	if err != nil {
		t.Fatal(err)
	}
	must(t)(s.AssignDevices(t.Context(), anna, []int64{d}, []update.ID{dcs.ID}))
	want("All Computers", "Servers", "Controllers")
	// Moving a group gives its devices another set, so that cookies notice.
	changes := must(t)(s.ChangeGroup(t.Context(), anna, dcs.ID, "DCs", update.AllComputers))
	if len(changes.Seats) != 1 {
		t.Errorf("moving the group changed %d seats, want 1", len(changes.Seats))
	}
	want("All Computers", "DCs")
	must(t)(s.DeleteGroup(t.Context(), anna, dcs.ID))
	want("All Computers", "Unassigned Computers")

	for name, act := range map[string]func() error{
		"taken name": func() error {
			_, err := s.CreateGroup(t.Context(), anna, "SERVERS", update.AllComputers)
			return expect(err, store.ErrExists)
		},
		"unknown parent": func() error {
			_, err := s.CreateGroup(t.Context(), anna, "x", uid(9))
			return expect(err, fleet.ErrNoGroup)
		},
		"into itself": func() error {
			_, err := s.ChangeGroup(t.Context(), anna, servers.ID, "", servers.ID)
			return expect(err, fleet.ErrCycle)
		},
		"builtin": func() error {
			_, err := s.DeleteGroup(t.Context(), anna, update.AllComputers)
			return expect(err, fleet.ErrBuiltin)
		},
		"no such one": func() error { _, err := s.DeleteGroup(t.Context(), anna, uid(8)); return expect(err, fleet.ErrNoGroup) },
	} {
		if err := act(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func expect(err, want error) error {
	if errors.Is(err, want) {
		return nil
	}
	return errors.Join(errors.New("got another error than "+want.Error()), err)
}

func TestClaims(t *testing.T) {
	t.Parallel()
	c := &clock{time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)}
	s := openAt(t, c)
	pc1 := login(t, s, "c1", "pc1")
	if again := login(t, s, "c1", "pc1"); again != pc1 {
		t.Errorf("the same login is device %d, want %d", again, pc1)
	}
	c.at = c.at.AddDate(0, 0, 20)
	if joined := login(t, s, "c2", "PC1"); joined != pc1 {
		t.Errorf("a new id with the name of a device seen 20 days ago is device %d, want %d", joined, pc1)
	}
	if old := login(t, s, "c1", "pc1"); old != pc1 {
		t.Errorf("the id that it had before is device %d, want %d", old, pc1)
	}
	c.at = c.at.AddDate(0, 0, 31)
	if other := login(t, s, "c3", "pc1"); other == pc1 {
		t.Error("a new id with the name of a device gone for 31 days continues it")
	}
}

func TestClonedImagesAreShown(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	var d int64
	for range 3 {
		d = login(t, s, "clone", "pc1")
		login(t, s, "clone", "pc2")
	}
	dev, err := s.Device(t.Context(), d)
	if err != nil || !strings.Contains(dev.Collision, "pc1") || !strings.Contains(dev.Collision, "SusClientId") {
		t.Errorf("collision %q, %v, want the names and what to do", dev.Collision, err)
	}
	alone := login(t, s, "c9", "pc9")
	if dev, err := s.Device(t.Context(), alone); err != nil || dev.Collision != "" {
		t.Errorf("a machine of its own has collision %q, %v", dev.Collision, err)
	}
}

func TestClientTargeting(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	if _, err := s.CreateGroup(t.Context(), anna, "Bridge", update.AllComputers); err != nil {
		t.Fatal(err)
	}
	claim := func(groups ...string) int64 {
		d, _, err := s.ClaimDevice(t.Context(), fleet.Claim{ClientID: "c1", Name: "pc1", Groups: groups}, true)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := claim("bridge", "nowhere")
	if diff := cmp.Diff([]string{"All Computers", "Bridge"}, groupsOf(t, s, d)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	claim()
	if diff := cmp.Diff([]string{"All Computers", "Unassigned Computers"}, groupsOf(t, s, d)); diff != "" {
		t.Errorf("after asking for no group: -want +got\n%s", diff)
	}
}

// A machine made of an image that another device was made of too, and that got
// an id of its own since, is another device.
func TestImageOfADeviceThatLeftItsID(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	first := login(t, s, "image", "pc1")
	if d := login(t, s, "own", "pc1"); d != first {
		t.Fatalf("a new id with the same name is device %d, want %d", d, first)
	}
	second := login(t, s, "image", "pc2")
	if second == first {
		t.Error("the image under another name is the first device")
	}
	for range 2 {
		if d := login(t, s, "own", "pc1"); d != first {
			t.Errorf("the first device logs in as %d", d)
		}
		if d := login(t, s, "image", "pc2"); d != second {
			t.Errorf("the second device logs in as %d", d)
		}
	}
	for _, d := range []int64{first, second} {
		if dev, err := s.Device(t.Context(), d); err != nil || dev.Collision != "" {
			t.Errorf("device %d collides: %q, %v", d, dev.Collision, err)
		}
	}
}

// What an unauthenticated client claims changes nothing of an enrolled device.
func TestEnrolledDeviceKeepsItsFacts(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	for _, name := range []string{"Bridge", "Galley"} {
		if _, err := s.CreateGroup(t.Context(), anna, name, update.AllComputers); err != nil {
			t.Fatal(err)
		}
	}
	claim := func(client, name, group string) int64 {
		d, _, err := s.ClaimDevice(t.Context(), fleet.Claim{ClientID: client, Name: name, Groups: []string{group}}, true)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := claim("c1", "pc1", "Bridge")
	must(t)(s.RegisterDevice(t.Context(), d, update.Computer{OSBuild: 26100, OldProductType: 3}))
	if err := s.Write(t.Context(), "enrol", func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE device SET enrolled = 1 WHERE id = ?`, d)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	before, err := s.Device(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if as := claim("c1", "pc2", "Galley"); as != d {
		t.Errorf("its client id under another name is device %d, want %d", as, d)
	}
	must(t)(s.RegisterDevice(t.Context(), d, update.Computer{OSBuild: 7601, OldProductType: 1}))
	if other := claim("c2", "pc1", "Galley"); other == d {
		t.Error("its name under another client id is the device")
	}
	after, err := s.Device(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if after.Collision == "" {
		t.Error("no collision is shown")
	}
	if after.Claimed.OSBuild != 7601 {
		t.Errorf("what its agent claims is %+v, want it kept apart", after.Claimed)
	}
	after.Claimed, after.ClaimedAt = before.Claimed, before.ClaimedAt
	after.Collision, after.LastSeen = before.Collision, before.LastSeen
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the enrolled device changed (-before +after):\n%s", diff)
	}
}

func TestRegisterAndHold(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	d := login(t, s, "c1", "pc1")
	changes := must(t)(s.RegisterDevice(t.Context(), d, update.Computer{OSBuild: 20348, OldProductType: 3}))
	if !changes.Seats[d].Registered {
		t.Error("the seat does not show the registration")
	}
	changes = must(t)(s.HoldDevice(t.Context(), anna, d, uid(1), "breaks the radar"))
	key := changes.Seats[d].Plan
	if diff := cmp.Diff(catalog.HoldSet{Updates: []update.ID{uid(1)}}, changes.Holds[key.HoldSet]); diff != "" {
		t.Errorf("hold set: -want +got\n%s", diff)
	}
	dev, err := s.Device(t.Context(), d)
	if err != nil || dev.Computer.OSBuild != 20348 || len(dev.Holds) != 1 || dev.Holds[0].Reason != "breaks the radar" {
		t.Errorf("device %+v, %v", dev, err)
	}
	if changes = must(t)(s.ReleaseDevice(t.Context(), anna, d, uid(1))); changes.Seats[d].Plan.HoldSet != 0 {
		t.Errorf("after the release the hold set is %d, want 0", changes.Seats[d].Plan.HoldSet)
	}
	if err := s.DeleteDevice(t.Context(), anna, d); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Device(t.Context(), d); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a deleted device: %v", err)
	}
	if _, err := s.RegisterDevice(t.Context(), d, update.Computer{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("registering a deleted device: %v", err)
	}
}

// A login that says nothing new leaves the database alone.
func TestSameLoginWritesNothing(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	login(t, s, "c1", "pc1")
	blocked := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- s.Write(context.Background(), "block", func(*store.Tx) error { <-blocked; return nil })
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, _, err := s.ClaimDevice(ctx, fleet.Claim{ClientID: "c1", Name: "pc1", Addr: "10.0.0.1"}, false); err != nil {
		t.Errorf("login while the writer is busy: %v", err)
	}
	close(blocked)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
