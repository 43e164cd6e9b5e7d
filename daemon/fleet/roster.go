package fleet

import (
	"sync"
	"sync/atomic"

	"sluice/wsus/catalog"
)

// Roster answers in memory, without a lock, which plan a device has. Devices are
// numbered from 1 without large gaps, and sets of groups and holds are numbered
// for good: a set never changes, a device gets another one. Safe for concurrent
// use; writers must have committed what they show.
type Roster struct {
	mu     sync.Mutex // writers
	seats  atomic.Pointer[[]*seatPage]
	count  atomic.Int64 // of seats
	groups atomic.Pointer[[]catalog.GroupSet]
	holds  atomic.Pointer[[]catalog.HoldSet]
}

// Seat is what the roster keeps of a device.
type Seat struct {
	Plan       catalog.PlanKey
	Registered bool // it described itself (RegisterComputer)
}

const seatPageSize = 4096

type seatPage [seatPageSize]atomic.Uint64

// A seat is packed into one word: present, registered, and 31 bits for each
// set's number.
const (
	seatPresent    = 1 << 63
	seatRegistered = 1 << 62
	setMask        = 1<<31 - 1
)

// NewRoster returns an empty roster.
func NewRoster() *Roster {
	r := &Roster{}
	r.seats.Store(&[]*seatPage{})
	r.groups.Store(&[]catalog.GroupSet{})
	r.holds.Store(&[]catalog.HoldSet{})
	return r
}

// Seat returns a device's seat. ok is false for one that does not exist.
func (r *Roster) Seat(device int64) (s Seat, ok bool) {
	pages := *r.seats.Load()
	p := device / seatPageSize
	if device <= 0 || p >= int64(len(pages)) {
		return Seat{}, false
	}
	w := pages[p][device%seatPageSize].Load()
	if w&seatPresent == 0 {
		return Seat{}, false
	}
	return Seat{
		Plan:       catalog.PlanKey{GroupSet: int32(w >> 31 & setMask), HoldSet: int32(w & setMask)},
		Registered: w&seatRegistered != 0,
	}, true
}

// Sets returns the groups and holds that a plan key names.
func (r *Roster) Sets(key catalog.PlanKey) (catalog.GroupSet, *catalog.HoldSet, bool) {
	groups, holds := *r.groups.Load(), *r.holds.Load()
	if key.GroupSet < 0 || int(key.GroupSet) >= len(groups) || key.HoldSet < 0 || int(key.HoldSet) >= len(holds) {
		return nil, nil, false
	}
	g := groups[key.GroupSet]
	return g, &holds[key.HoldSet], g != nil
}

// Len returns how many devices have a seat.
func (r *Roster) Len() int { return int(r.count.Load()) }

// Put shows a device's seat.
func (r *Roster) Put(device int64, s Seat) {
	w := uint64(seatPresent) | uint64(s.Plan.GroupSet)&setMask<<31 | uint64(s.Plan.HoldSet)&setMask
	if s.Registered {
		w |= seatRegistered
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.page(device)[device%seatPageSize].Swap(w)&seatPresent == 0 {
		r.count.Add(1)
	}
}

// Remove forgets a device.
func (r *Roster) Remove(device int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.page(device)[device%seatPageSize].Swap(0)&seatPresent != 0 {
		r.count.Add(-1)
	}
}

// page returns the page of a device, made if need be. Called with mu held.
func (r *Roster) page(device int64) *seatPage {
	pages := *r.seats.Load()
	if p := device / seatPageSize; p >= int64(len(pages)) {
		grown := make([]*seatPage, p+1)
		copy(grown, pages)
		for i := len(pages); i < len(grown); i++ {
			grown[i] = new(seatPage)
		}
		r.seats.Store(&grown)
		pages = grown
	}
	return pages[device/seatPageSize]
}

// PutSets shows all sets at once, each at the index of its number.
func (r *Roster) PutSets(groups []catalog.GroupSet, holds []catalog.HoldSet) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.groups.Store(&groups)
	r.holds.Store(&holds)
}

// PutGroupSet shows the set that the store gave this number.
func (r *Roster) PutGroupSet(n int32, set catalog.GroupSet) {
	put(r, &r.groups, n, set, func(s catalog.GroupSet) bool { return s != nil })
}

// PutHoldSet shows the set that the store gave this number.
func (r *Roster) PutHoldSet(n int32, set catalog.HoldSet) {
	put(r, &r.holds, n, set, func(s catalog.HoldSet) bool { return s.All || s.Updates != nil })
}

func put[T any](r *Roster, list *atomic.Pointer[[]T], n int32, v T, known func(T) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := *list.Load()
	if int(n) < len(old) && known(old[n]) {
		return // it never changes
	}
	grown := make([]T, max(len(old), int(n)+1))
	copy(grown, old)
	grown[n] = v
	list.Store(&grown)
}
