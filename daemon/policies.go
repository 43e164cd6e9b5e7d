package daemon

import (
	"context"
	"sync"

	"sluice/daemon/store"
	"sluice/omadm/updatecsp"
	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

// policies is what the groups want of their devices, in memory, and what that
// comes to for each set of groups that a device is in.
type policies struct {
	store *store.Store
	// environment is what presets are filled in with.
	environment func() updatecsp.Environment
	changes     <-chan struct{}

	mu      sync.Mutex
	stale   bool
	groups  map[update.ID]updatecsp.Assignment
	desired map[int32]updatecsp.Desired // by number of the group set, which never changes
}

func newPolicies(s *store.Store, environment func() updatecsp.Environment) *policies {
	changes, _ := s.Subscribe(store.PolicyChanged) // until the store is closed
	return &policies{store: s, environment: environment, changes: changes, stale: true}
}

// of returns what a device in a set of groups is to have. It is shared: nobody
// changes it.
func (p *policies) of(ctx context.Context, number int32, set catalog.GroupSet) (updatecsp.Desired, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refresh(ctx); err != nil {
		return nil, err
	}
	if d, ok := p.desired[number]; ok {
		return d, nil
	}
	d := p.merge(set)
	p.desired[number] = d
	return d, nil
}

// group returns what a device is to have that is in one group, and those above
// it, alone.
func (p *policies) group(ctx context.Context, set catalog.GroupSet) (updatecsp.Desired, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refresh(ctx); err != nil {
		return nil, err
	}
	return p.merge(set), nil
}

func (p *policies) merge(set catalog.GroupSet) updatecsp.Desired {
	var wants []updatecsp.Assignment
	for _, g := range set {
		if a, ok := p.groups[g.Group]; ok {
			wants = append(wants, a)
		}
	}
	return updatecsp.Merge(wants, p.environment())
}

// refresh reads the store again where something changed since it last was.
func (p *policies) refresh(ctx context.Context) error {
	select {
	case <-p.changes:
		p.stale = true
	default:
	}
	if !p.stale {
		return nil
	}
	list, err := p.store.PolicyAssignments(ctx)
	if err != nil {
		return err
	}
	p.groups = make(map[update.ID]updatecsp.Assignment, len(list))
	for _, a := range list {
		p.groups[a.Group] = a
	}
	p.desired, p.stale = make(map[int32]updatecsp.Desired), false
	return nil
}
