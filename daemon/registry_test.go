package daemon

import (
	"runtime"
	"sync"
	"testing"

	"sluice/daemon/fleet"
)

// TestRosterFollowsCommits has one act slow to show what it committed, and
// another that commits after it. The roster shows the later one in the end.
func TestRosterFollowsCommits(t *testing.T) {
	t.Parallel()
	r := &registry{roster: fleet.NewRoster()}
	seat := func(n int32) (*fleet.SeatChanges, error) {
		c := fleet.NewSeatChanges()
		s := fleet.Seat{}
		s.Plan.HoldSet = n
		c.Seats[1] = s
		return c, nil
	}
	committed, second := make(chan struct{}), make(chan struct{})
	var acts sync.WaitGroup
	acts.Go(func() {
		_ = r.act(func() (*fleet.SeatChanges, error) {
			close(committed)
			<-second
			for range 1000 { // time enough for the other one
				runtime.Gosched()
			}
			return seat(1)
		})
	})
	acts.Go(func() {
		<-committed
		close(second)
		_ = r.act(func() (*fleet.SeatChanges, error) { return seat(2) })
	})
	acts.Wait()
	if s, ok := r.roster.Seat(1); !ok || s.Plan.HoldSet != 2 {
		t.Errorf("the roster shows %+v, %v, want hold set 2", s, ok)
	}
}
