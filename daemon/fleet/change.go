package fleet

import (
	"maps"

	"sluice/wsus/catalog"
)

// SeatChanges is what an act changed about seats, to be shown once it is
// committed: the sets first, then who has them.
type SeatChanges struct {
	Groups  map[int32]catalog.GroupSet
	Holds   map[int32]catalog.HoldSet
	Seats   map[int64]Seat
	Removed []int64          // devices that are no more: they were found to be others
	Clients map[string]int64 // client ids that became another device's
}

// NewSeatChanges returns no changes yet.
func NewSeatChanges() *SeatChanges {
	return &SeatChanges{
		Groups:  make(map[int32]catalog.GroupSet),
		Holds:   make(map[int32]catalog.HoldSet),
		Seats:   make(map[int64]Seat),
		Clients: make(map[string]int64),
	}
}

// Apply shows committed changes.
func (r *Roster) Apply(c *SeatChanges) {
	if c == nil {
		return
	}
	for n, set := range c.Groups {
		r.PutGroupSet(n, set)
	}
	for n, set := range c.Holds {
		r.PutHoldSet(n, set)
	}
	for d, seat := range c.Seats {
		r.Put(d, seat)
	}
	for _, d := range c.Removed {
		r.Remove(d)
	}
}

// Add adds what a later part of the same act changed.
func (c *SeatChanges) Add(more *SeatChanges) {
	maps.Copy(c.Groups, more.Groups)
	maps.Copy(c.Holds, more.Holds)
	maps.Copy(c.Seats, more.Seats)
	maps.Copy(c.Clients, more.Clients)
	for _, d := range more.Removed {
		delete(c.Seats, d)
	}
	c.Removed = append(c.Removed, more.Removed...)
}
