package session

import (
	"container/list"
	"context"
	"sync"
	"time"

	"sluice/omadm/device"
)

// seat is the place of one enrollment. It is there while a request of it is
// handled or something is held of its session.
type seat struct {
	id      device.EnrollmentID
	turn    chan struct{} // holds one token: who has it may touch session
	session *session

	// Guarded by the mutex of seats.
	users int       // that have the turn or wait for it
	used  time.Time // last
	live  bool      // session is not over
	size  int64
	place *list.Element
}

// seats are the seats that are taken.
type seats struct {
	mu    sync.Mutex
	all   map[device.EnrollmentID]*seat
	order list.List // of *seat, longest unused first
	size  int64     // of all
}

// take waits for the turn of an enrollment.
func (q *seats) take(ctx context.Context, id device.EnrollmentID) (*seat, error) {
	q.mu.Lock()
	st := q.all[id]
	if st == nil {
		st = &seat{id: id, turn: make(chan struct{}, 1)}
		st.turn <- struct{}{}
		st.place = q.order.PushBack(st)
		q.all[id] = st
	}
	st.users++
	q.mu.Unlock()
	select {
	case <-st.turn:
		return st, nil
	case <-ctx.Done():
		q.mu.Lock()
		q.leave(st)
		q.mu.Unlock()
		return nil, ctx.Err()
	}
}

// give ends the turn.
func (q *seats) give(st *seat, now time.Time) {
	size, live, empty := int64(0), false, st.session == nil
	if !empty {
		size, live = st.session.size(), st.session.phase != over
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.size += size - st.size
	st.size, st.live, st.used = size, live, now
	q.order.MoveToBack(st.place)
	st.turn <- struct{}{}
	q.leave(st)
}

// leave takes one user off a seat, and the seat away where nobody needs it.
func (q *seats) leave(st *seat) {
	st.users--
	if st.users == 0 && st.size == 0 {
		q.order.Remove(st.place)
		delete(q.all, st.id)
	}
}

// oldest takes the turn of the seat that was not used for longest, of one whose
// session is over where there is one. Where memory is short, sessions that hold
// much of it make room before small ones: a few devices that fill it do not push
// the others out. It returns nil where no more are held than may be, or all are
// in use.
func (q *seats) oldest(count int, size int64) *seat {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.all) <= count && q.size <= size {
		return nil
	}
	var live, large *seat
	for e := q.order.Front(); e != nil; e = e.Next() {
		st := e.Value.(*seat)
		switch {
		case st.users > 0:
		case !st.live:
			return st.grab()
		case large == nil && q.size > size && st.size > size/muchShare:
			large = st
		case live == nil:
			live = st
		}
	}
	switch {
	case large != nil:
		return large.grab()
	case live != nil:
		return live.grab()
	}
	return nil
}

// muchShare is which part of all memory is much for one session.
const muchShare = 16

// unused takes the turns of the seats whose session was not heard for idle, or,
// where it is over, for retry.
func (q *seats) unused(now time.Time, idle, retry time.Duration) []*seat {
	q.mu.Lock()
	defer q.mu.Unlock()
	var all []*seat
	for e := q.order.Front(); e != nil; e = e.Next() {
		st := e.Value.(*seat)
		age := now.Sub(st.used)
		if age < min(idle, retry) {
			break // so are all that come after
		}
		if st.users == 0 && (age >= idle || !st.live && age >= retry) {
			all = append(all, st.grab())
		}
	}
	return all
}

// grab takes the turn of a seat that nobody uses.
func (st *seat) grab() *seat {
	st.users++
	<-st.turn
	return st
}
