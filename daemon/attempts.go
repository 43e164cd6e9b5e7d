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

	// maxAttempts bounds the addresses and names that are told apart; the rest
	// share.
	maxAttempts = 10_000
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
		addrs: tally{burst: wrongBurst, hourly: wrongHourly, of: make(map[string]*bucket)},
		names: tally{burst: wrongBurstName, hourly: wrongHourlyName, of: make(map[string]*bucket)},
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
	a.addrs.spend(prefixOf(addr).String(), now)
	if name != "" {
		a.names.spend(strings.ToLower(name), now)
	}
}

// tally is a bucket for each key.
type tally struct {
	burst, hourly float64
	of            map[string]*bucket
	others        bucket // of keys beyond the bound
	swept         time.Time
}

func (t *tally) left(key string, now time.Time) bool {
	b, ok := t.of[key]
	if !ok {
		if len(t.of) < maxAttempts {
			return true
		}
		b = &t.others
	}
	b.refill(now, t.hourly)
	return b.spent+1 <= t.burst
}

func (t *tally) spend(key string, now time.Time) {
	b, ok := t.of[key]
	if !ok {
		if len(t.of) >= maxAttempts {
			t.sweep(now)
		}
		if b = &t.others; len(t.of) < maxAttempts {
			b = new(bucket)
			t.of[key] = b
		}
	}
	b.take(now, t.burst, t.hourly)
}

// sweep makes room by dropping full buckets, which say nothing.
func (t *tally) sweep(now time.Time) {
	if since := now.Sub(t.swept); since < time.Second && since >= 0 {
		return
	}
	t.swept = now
	for k, b := range t.of {
		if b.full(now, t.hourly) {
			delete(t.of, k)
		}
	}
}
