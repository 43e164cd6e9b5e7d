package daemon

import (
	"strings"
	"sync"
	"time"
)

// How often somebody may be wrong about an enrollment credential: enough for a
// room of people who mistype, too seldom to guess a password, or to keep this
// machine busy with hashing. What is right does not count. Who is wrong about an
// account from two networks can keep its owner out meanwhile; tokens still enrol
// devices then, for which no name counts.
const (
	wrongBurst, wrongHourly         = 20, 40 // by address
	wrongBurstName, wrongHourlyName = 40, 80 // by name, from anywhere
)

// attempts counts what was wrong, by address and by name. An empty name is none.
type attempts struct {
	now func() time.Time

	mu    sync.Mutex
	addrs tally
	names tally
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{
		now:   now,
		addrs: newTally(wrongBurst, wrongHourly),
		names: newTally(wrongBurstName, wrongHourlyName),
	}
}

// allowed reports whether one more may be wrong.
func (a *attempts) allowed(addr, name string) bool {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.addrs.left(prefixOf(addr).String(), now) && (name == "" || a.names.left(strings.ToLower(name), now))
}

// wrong notes one that was.
func (a *attempts) wrong(addr, name string) {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.addrs.take(prefixOf(addr).String(), now)
	if name != "" {
		a.names.take(strings.ToLower(name), now)
	}
}
