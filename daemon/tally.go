package daemon

import "time"

// maxTallied bounds the keys that a tally tells apart; the rest share. Whoever
// reaches a door may come from any number of addresses.
const maxTallied = 10_000

// tally is a bucket for each key.
type tally struct {
	burst, hourly float64
	of            map[string]*bucket
	others        bucket // of keys beyond the bound
	swept         time.Time
}

func newTally(burst, hourly float64) tally {
	return tally{burst: burst, hourly: hourly, of: make(map[string]*bucket)}
}

// left reports whether a key has a token left. It keeps nothing.
func (t *tally) left(key string, now time.Time) bool {
	b, ok := t.of[key]
	if !ok {
		if len(t.of) < maxTallied {
			return true
		}
		b = &t.others
	}
	b.refill(now, t.hourly)
	return b.spent+1 <= t.burst
}

// take takes a token of a key if there is one.
func (t *tally) take(key string, now time.Time) bool {
	b, ok := t.of[key]
	if !ok {
		if len(t.of) >= maxTallied {
			t.sweep(now)
		}
		if b = &t.others; len(t.of) < maxTallied {
			b = new(bucket)
			t.of[key] = b
		}
	}
	return b.take(now, t.burst, t.hourly)
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

// bucket is a token bucket that begins full.
type bucket struct {
	spent float64
	at    time.Time // of spent
}

// take takes a token if there is one.
func (b *bucket) take(now time.Time, burst, hourly float64) bool {
	b.refill(now, hourly)
	if b.spent+1 > burst {
		return false
	}
	b.spent++
	return true
}

func (b *bucket) full(now time.Time, hourly float64) bool {
	b.refill(now, hourly)
	return b.spent == 0
}

// refill gives back what time has brought; none where the clock was set back.
func (b *bucket) refill(now time.Time, hourly float64) {
	b.spent = max(0, b.spent-max(0, now.Sub(b.at).Hours())*hourly)
	b.at = now
}
