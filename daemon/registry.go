package daemon

import (
	"context"
	"sync"

	"sluice/daemon/fleet"
	"sluice/daemon/store"
	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/wsus/catalog"
	"sluice/wsus/clientsync"
	"sluice/wsus/reporting"
	"sluice/wsus/update"
)

// registry is the fleet as the doors see it: the roster in memory over the
// devices in the store. Acts go through it, so that what was committed is shown.
type registry struct {
	store    *store.Store
	roster   *fleet.Roster
	byClient bool // computers put themselves into groups

	// acts is held from before an act is committed until the roster shows it, so
	// that the roster shows acts in the order in which they were committed.
	acts sync.Mutex

	mu      sync.RWMutex
	clients map[string]int64 // client id -> device
	ids     map[int64]string // the inverse: a device has one id
}

var (
	_ clientsync.Roster   = (*registry)(nil)
	_ reporting.Computers = (*registry)(nil)
)

func openRegistry(ctx context.Context, s *store.Store, byClient bool) (*registry, error) {
	r := &registry{store: s, roster: fleet.NewRoster(), byClient: byClient, clients: make(map[string]int64), ids: make(map[int64]string)}
	return r, s.LoadRoster(ctx, r.roster, r.identify)
}

// identify notes the client id that a device goes by from now on.
func (r *registry) identify(client string, device int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, ok := r.ids[device]
	if ok && old != client && r.clients[old] == device {
		delete(r.clients, old)
	}
	r.ids[device], r.clients[client] = client, device
}

// Seat returns where a device sits.
func (r *registry) Seat(device int64) (clientsync.Seat, bool) {
	s, ok := r.roster.Seat(device)
	return clientsync.Seat{Device: device, Plan: s.Plan, Registered: s.Registered}, ok
}

// Sets returns what a plan key names.
func (r *registry) Sets(key catalog.PlanKey) (catalog.GroupSet, *catalog.HoldSet, bool) {
	return r.roster.Sets(key)
}

// Authorize finds or makes the device of a login.
func (r *registry) Authorize(ctx context.Context, c clientsync.Claim) (int64, error) {
	claim := fleet.Claim{ClientID: c.ClientID, Name: c.DNSName, Groups: c.Groups, Addr: c.Addr}
	// Most logins say nothing new, and wait for nobody.
	device, same, err := r.store.SameClaim(ctx, &claim)
	if err == nil && !same {
		err = r.act(func() (changes *fleet.SeatChanges, err error) {
			device, changes, err = r.store.ClaimDevice(ctx, claim, r.byClient)
			return changes, err
		})
	}
	return device, err
}

// Register keeps what a computer says about itself.
func (r *registry) Register(ctx context.Context, device int64, c update.Computer) error {
	return r.act(func() (*fleet.SeatChanges, error) { return r.store.RegisterDevice(ctx, device, c) })
}

// act does something that changes seats, and shows it.
func (r *registry) act(do func() (*fleet.SeatChanges, error)) error {
	r.acts.Lock()
	defer r.acts.Unlock()
	changes, err := do()
	if err == nil {
		r.show(changes)
	}
	return err
}

// show shows committed changes.
func (r *registry) show(changes *fleet.SeatChanges) {
	r.roster.Apply(changes)
	if changes == nil {
		return
	}
	for _, d := range changes.Removed {
		r.forget(d)
	}
	for client, d := range changes.Clients {
		r.identify(client, d)
	}
}

// forget forgets the client id of a device that is no more.
func (r *registry) forget(device int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if id, ok := r.ids[device]; ok && r.clients[id] == device {
		delete(r.clients, id)
	}
	delete(r.ids, device)
}

// Known reports whether a device exists.
func (r *registry) Known(device int64) bool {
	_, ok := r.roster.Seat(device)
	return ok
}

// ByClientID returns the device that a client id is of.
func (r *registry) ByClientID(id string) (int64, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	d, ok := r.clients[id]
	return d, ok
}

// ChangeGroup renames or moves a group.
func (r *registry) ChangeGroup(ctx context.Context, by store.Entry, id update.ID, name string, parent update.ID) error {
	return r.act(func() (*fleet.SeatChanges, error) { return r.store.ChangeGroup(ctx, by, id, name, parent) })
}

// DeleteGroup deletes a group.
func (r *registry) DeleteGroup(ctx context.Context, by store.Entry, id update.ID) error {
	return r.act(func() (*fleet.SeatChanges, error) { return r.store.DeleteGroup(ctx, by, id) })
}

// AssignDevices puts devices into exactly the given groups.
func (r *registry) AssignDevices(ctx context.Context, by store.Entry, devices []int64, groups []update.ID) error {
	return r.act(func() (*fleet.SeatChanges, error) { return r.store.AssignDevices(ctx, by, devices, groups) })
}

// HoldDevice holds an update back on a device.
func (r *registry) HoldDevice(ctx context.Context, by store.Entry, device int64, id update.ID, reason string) error {
	return r.act(func() (*fleet.SeatChanges, error) { return r.store.HoldDevice(ctx, by, device, id, reason) })
}

// ReleaseDevice ends a hold.
func (r *registry) ReleaseDevice(ctx context.Context, by store.Entry, device int64, id update.ID) error {
	return r.act(func() (*fleet.SeatChanges, error) { return r.store.ReleaseDevice(ctx, by, device, id) })
}

// DeleteDevice forgets a device.
func (r *registry) DeleteDevice(ctx context.Context, by store.Entry, device int64) error {
	r.acts.Lock()
	defer r.acts.Unlock()
	if err := r.store.DeleteDevice(ctx, by, device); err != nil {
		return err
	}
	r.roster.Remove(device)
	r.forget(device)
	return nil
}

// Enroll keeps a new enrollment and returns the number of its device.
func (r *registry) Enroll(ctx context.Context, n store.NewEnrollment) (machine int64, err error) {
	err = r.act(func() (changes *fleet.SeatChanges, err error) {
		machine, changes, err = r.store.Enroll(ctx, n)
		return changes, err
	})
	return machine, err
}

// Learn keeps what a session with a device taught.
func (r *registry) Learn(ctx context.Context, id device.EnrollmentID, l *dialogue.Lesson) error {
	return r.act(func() (*fleet.SeatChanges, error) { return r.store.Learn(ctx, id, l) })
}

// Retire ends an enrollment without the device.
func (r *registry) Retire(ctx context.Context, by store.Entry, device int64) error {
	return r.act(func() (*fleet.SeatChanges, error) { return r.store.Retire(ctx, by, device) })
}

// JoinDevices makes an enrolled device and a computer one machine.
func (r *registry) JoinDevices(ctx context.Context, by store.Entry, enrolled, computer int64) error {
	return r.act(func() (*fleet.SeatChanges, error) { return r.store.JoinDevices(ctx, by, enrolled, computer) })
}

// SplitDevice makes the enrolled device and the computer of one machine two.
func (r *registry) SplitDevice(ctx context.Context, by store.Entry, device int64) error {
	return r.act(func() (*fleet.SeatChanges, error) {
		_, changes, err := r.store.SplitDevice(ctx, by, device)
		return changes, err
	})
}
