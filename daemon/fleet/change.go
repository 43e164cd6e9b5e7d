package fleet

import "sluice/wsus/catalog"

// SeatChanges is what an act changed about seats, to be shown once it is
// committed: the sets first, then who has them.
type SeatChanges struct {
	Groups map[int32]catalog.GroupSet
	Holds  map[int32]catalog.HoldSet
	Seats  map[int64]Seat
}

// NewSeatChanges returns no changes yet.
func NewSeatChanges() *SeatChanges {
	return &SeatChanges{
		Groups: make(map[int32]catalog.GroupSet),
		Holds:  make(map[int32]catalog.HoldSet),
		Seats:  make(map[int64]Seat),
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
}
