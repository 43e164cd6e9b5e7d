package daemon

import (
	"context"
	"sync"

	"sluice/daemon/fleet"
	"sluice/daemon/store"
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

	mu      sync.RWMutex
	clients map[string]int64 // client id -> device
}

var (
	_ clientsync.Roster   = (*registry)(nil)
	_ reporting.Computers = (*registry)(nil)
)

func openRegistry(ctx context.Context, s *store.Store, byClient bool) (*registry, error) {
	r := &registry{store: s, roster: fleet.NewRoster(), byClient: byClient, clients: make(map[string]int64)}
	return r, s.LoadRoster(ctx, r.roster, func(client string, device int64) { r.clients[client] = device })
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
	device, changes, err := r.store.ClaimDevice(ctx, fleet.Claim{ClientID: c.ClientID, Name: c.DNSName, Groups: c.Groups, Addr: c.Addr}, r.byClient)
	if err != nil {
		return 0, err
	}
	r.roster.Apply(changes)
	r.mu.Lock()
	r.clients[c.ClientID] = device
	r.mu.Unlock()
	return device, nil
}

// Register keeps what a computer says about itself.
func (r *registry) Register(ctx context.Context, device int64, c update.Computer) error {
	return r.shown(r.store.RegisterDevice(ctx, device, c))
}

// shown applies what an act changed about seats.
func (r *registry) shown(c *fleet.SeatChanges, err error) error {
	if err == nil {
		r.roster.Apply(c)
	}
	return err
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
	return r.shown(r.store.ChangeGroup(ctx, by, id, name, parent))
}

// DeleteGroup deletes a group.
func (r *registry) DeleteGroup(ctx context.Context, by store.Entry, id update.ID) error {
	return r.shown(r.store.DeleteGroup(ctx, by, id))
}

// AssignDevices puts devices into exactly the given groups.
func (r *registry) AssignDevices(ctx context.Context, by store.Entry, devices []int64, groups []update.ID) error {
	return r.shown(r.store.AssignDevices(ctx, by, devices, groups))
}

// HoldDevice holds an update back on a device.
func (r *registry) HoldDevice(ctx context.Context, by store.Entry, device int64, id update.ID, reason string) error {
	return r.shown(r.store.HoldDevice(ctx, by, device, id, reason))
}

// ReleaseDevice ends a hold.
func (r *registry) ReleaseDevice(ctx context.Context, by store.Entry, device int64, id update.ID) error {
	return r.shown(r.store.ReleaseDevice(ctx, by, device, id))
}

// DeleteDevice forgets a device.
func (r *registry) DeleteDevice(ctx context.Context, by store.Entry, device int64) error {
	if err := r.store.DeleteDevice(ctx, by, device); err != nil {
		return err
	}
	r.roster.Remove(device)
	r.mu.Lock()
	defer r.mu.Unlock()
	for client, d := range r.clients {
		if d == device {
			delete(r.clients, client)
		}
	}
	return nil
}
