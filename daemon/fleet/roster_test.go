package fleet_test

import (
	"sync"
	"testing"

	"sluice/daemon/fleet"
	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

func TestRoster(t *testing.T) {
	t.Parallel()
	r := fleet.NewRoster()
	want := fleet.Seat{Plan: catalog.PlanKey{GroupSet: 1<<31 - 1, HoldSet: 7}, Registered: true}
	r.Put(100_000, want)
	if got, ok := r.Seat(100_000); !ok || got != want {
		t.Errorf("Seat = %v, %v, want %v", got, ok, want)
	}
	for _, d := range []int64{-1, 0, 1, 99_999, 1 << 40} {
		if got, ok := r.Seat(d); ok {
			t.Errorf("Seat(%d) = %v, want none", d, got)
		}
	}
	r.Remove(100_000)
	if _, ok := r.Seat(100_000); ok {
		t.Error("a removed device still has a seat")
	}
}

func TestRosterSets(t *testing.T) {
	t.Parallel()
	r := fleet.NewRoster()
	set := catalog.GroupSet{{Group: update.AllComputers}}
	r.PutGroupSet(3, set)
	r.PutHoldSet(0, catalog.HoldSet{All: true})
	g, h, ok := r.Sets(catalog.PlanKey{GroupSet: 3})
	if !ok || len(g) != 1 || !h.All {
		t.Errorf("Sets = %v, %v, %v", g, h, ok)
	}
	for _, key := range []catalog.PlanKey{{GroupSet: 2}, {GroupSet: 4}, {GroupSet: -1}, {GroupSet: 3, HoldSet: 1}} {
		if _, _, ok := r.Sets(key); ok {
			t.Errorf("Sets(%v) is known, want unknown", key)
		}
	}
}

// Readers see whole seats while writers grow the roster; run with -race.
func TestRosterConcurrent(t *testing.T) {
	t.Parallel()
	r := fleet.NewRoster()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for d := int64(1); d < 20_000; d += 97 {
				n := int32(d)
				r.Put(d, fleet.Seat{Plan: catalog.PlanKey{GroupSet: n, HoldSet: n}})
				if s, ok := r.Seat(d); !ok || s.Plan.GroupSet != s.Plan.HoldSet {
					t.Errorf("writer %d: torn seat %v of device %d", w, s, d)
				}
			}
		})
	}
	wg.Wait()
}

func TestRosterApply(t *testing.T) {
	t.Parallel()
	r := fleet.NewRoster()
	r.Put(1, fleet.Seat{})
	c := fleet.NewSeatChanges()
	c.Seats[1] = fleet.Seat{Registered: true}
	more := fleet.NewSeatChanges()
	more.Removed = []int64{1}
	more.Seats[2] = fleet.Seat{Registered: true}
	c.Add(more)
	r.Apply(c)
	if _, ok := r.Seat(1); ok {
		t.Error("a device that was merged away still has a seat")
	}
	if s, ok := r.Seat(2); !ok || !s.Registered {
		t.Errorf("Seat(2) = %v, %v", s, ok)
	}
	if r.Len() != 1 {
		t.Errorf("Len = %d, want 1", r.Len())
	}
}
