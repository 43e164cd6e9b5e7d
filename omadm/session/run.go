package session

import (
	"context"
	"time"
)

// sweepEvery is how often Run looks for sessions to give up.
const sweepEvery = time.Minute

// closeTime bounds what is waited for at the end of Run.
const closeTime = 10 * time.Second

// Run gives up sessions that are not heard again, until ctx ends; then all that
// are open, so that what devices answered is kept. Requests must not come any
// more by then.
func (e *Engine) Run(ctx context.Context) error {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			e.Sweep(ctx)
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
			defer cancel()
			for _, st := range e.seats.unused(e.now(), 0, 0) {
				e.dismiss(ctx, st)
			}
			return nil
		}
	}
}

// Sweep gives up the sessions that were not heard for too long.
func (e *Engine) Sweep(ctx context.Context) {
	for _, st := range e.seats.unused(e.now(), e.limits.Idle, e.limits.Retry) {
		e.dismiss(ctx, st)
	}
}

// makeRoom gives up the sessions that were not heard for longest where more are
// held than may be.
func (e *Engine) makeRoom(ctx context.Context) {
	for st := e.seats.oldest(e.limits.Sessions, e.limits.Memory); st != nil; st = e.seats.oldest(e.limits.Sessions, e.limits.Memory) {
		e.dismiss(ctx, st)
	}
}

// dismiss gives up the session of a seat whose turn it has, and the seat.
func (e *Engine) dismiss(ctx context.Context, st *seat) {
	if st.session != nil {
		e.giveUp(ctx, st.session)
		st.session = nil
	}
	e.seats.give(st, e.now())
}

// giveUp ends a session that its device will not go on with.
func (e *Engine) giveUp(ctx context.Context, s *session) {
	s.end(ctx, false)
	e.report(s)
}

// report tells of a session that is over, once.
func (e *Engine) report(s *session) {
	if s.phase != over || s.reported || s.lost {
		return
	}
	s.reported = true
	if s.complete {
		e.log.Debug("session ended", "enrollment", s.enrollment.ID, "session", s.id,
			"messages", s.summary.Messages, "commands", s.summary.Commands, "dur", s.summary.Duration)
	} else {
		e.log.Info("session broke off", "enrollment", s.enrollment.ID, "session", s.id,
			"messages", s.summary.Messages, "commands", s.summary.Commands, "dur", s.summary.Duration)
	}
	e.ended(s.summary)
}
