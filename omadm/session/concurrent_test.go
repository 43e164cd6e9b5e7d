package session_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"sluice/omadm/device"
	"sluice/omadm/session"
)

// steady is a dialogue of one batch that checks that its calls do not overlap.
type steady struct {
	tb     testing.TB
	busy   *atomic.Int32 // of the device
	closed *atomic.Int32 // of all
	said   bool
}

func (d *steady) enter() func() {
	if d.busy.Add(1) != 1 {
		d.tb.Error("calls of one device overlap")
	}
	return func() { d.busy.Add(-1) }
}

func (d *steady) Next(_ context.Context, answers []device.Answer) ([]device.Command, error) {
	defer d.enter()()
	if d.said {
		if len(answers) != 2 || answers[0].Status != device.OK || answers[1].Status != device.NotFound {
			d.tb.Errorf("answers %v", answers)
		}
		return nil, nil
	}
	d.said = true
	return []device.Command{{Verb: device.Get, URI: "./A"}, {Verb: device.Delete, URI: "./B"}}, nil
}

func (d *steady) Heard(context.Context, device.Alert) error { defer d.enter()(); return nil }

func (d *steady) Sending(context.Context, []int64) error { return nil }

func (d *steady) Close(context.Context, bool, []device.Answer) error {
	defer d.enter()()
	d.closed.Add(1)
	return nil
}

// Many devices at once, each of them posting every message twice at the same
// time, while sessions are swept and make room.
func TestConcurrent(t *testing.T) {
	const devices, polls = 24, 6
	w := newWorld(t, session.Limits{Sessions: 16})
	busy := map[device.EnrollmentID]*atomic.Int32{}
	for i := range devices {
		w.enroll(fmt.Sprint("C", i))
		busy[device.EnrollmentID(fmt.Sprint("id-C", i))] = new(atomic.Int32)
	}
	var opened, closed atomic.Int32
	w.open = func(e device.Enrollment, _ session.Opening) (session.Dialogue, error) {
		opened.Add(1)
		d := &steady{tb: t, busy: busy[e.ID], closed: &closed}
		defer d.enter()()
		return d, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all, sweeper sync.WaitGroup
	sweeper.Go(func() {
		for ctx.Err() == nil {
			w.engine.Sweep(ctx)
		}
	})
	for i := range devices {
		all.Go(func() {
			name := fmt.Sprint("C", i)
			for poll := range polls {
				w.twice(name, poll, 1, "1 Alert 1201", `2 Alert 1226 a.b "1"`, "Final")
				w.twice(name, poll, 2, "1 Status 1/0 SyncHdr 200", "2 Status 1/4 Get 200", `3 Results 1/4 ./A "1"`,
					"4 Status 1/5 Delete 404", `5 Alert 1226 a.b "1"`, "Final")
			}
		})
	}
	all.Wait()
	cancel()
	sweeper.Wait()
	if err := w.engine.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if opened.Load() != closed.Load() || opened.Load() < devices*polls {
		t.Errorf("%d dialogues opened, %d closed", opened.Load(), closed.Load())
	}
}

// twice posts a message twice at once.
func (w *world) twice(name string, sessionID, id int, body ...string) {
	m := message(w.tb, name, fmt.Sprint(sessionID), id, body...)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { w.send(envelope{certificate: name}, m) })
	}
	both.Wait()
}
