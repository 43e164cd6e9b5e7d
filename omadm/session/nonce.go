package session

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// maxSpent bounds how many devices are remembered that used a nonce of late.
const maxSpent = 1 << 17

// nonces makes and knows the nonces of MD5 credentials. A nonce is not kept but
// derived, from a secret of the process, whose it is, the time, and how many of
// that device were used before: so that anybody may be challenged without taking
// memory, a nonce is used up with its first use, and two count at any time, for a
// device whose answer got lost may still know the one before.
type nonces struct {
	window time.Duration // two of them are the life of a nonce

	mu    sync.Mutex
	key   []byte
	spent map[string]spending // by whose it is
}

// spending is how many nonces of a device were used, and when the last one was.
type spending struct {
	count uint64
	at    time.Time
}

func newNonces(life time.Duration) *nonces {
	n := &nonces{window: max(life/2, 1)}
	n.reset()
	return n
}

// reset forgets all nonces, so that none counts that was given before.
func (n *nonces) reset() {
	n.key = make([]byte, 32)
	rand.Read(n.key) // never fails
	n.spent = make(map[string]spending)
}

// next returns the nonce to give to a device now.
func (n *nonces) next(whose string, now time.Time) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.derive(whose, n.number(now))
}

// valid returns the nonces that count for a device now, newest first.
func (n *nonces) valid(whose string, now time.Time) [][]byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := n.number(now)
	return [][]byte{n.derive(whose, w), n.derive(whose, w-1)}
}

// spend makes a nonce of a device that was used count no more.
func (n *nonces) spend(whose string, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.spent) >= maxSpent {
		n.prune(now)
	}
	n.spent[whose] = spending{n.spent[whose].count + 1, now}
}

// used reports whether a nonce of whose was used of late.
func (n *nonces) used(whose string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.spent[whose].count > 0
}

// prune forgets those whose used nonces are too old to count anyhow. Where that
// frees little, devices have to ask for new ones.
func (n *nonces) prune(now time.Time) {
	for whose, s := range n.spent {
		if now.Sub(s.at) > 3*n.window {
			delete(n.spent, whose)
		}
	}
	if len(n.spent) > maxSpent/2 {
		n.reset()
	}
}

func (n *nonces) number(now time.Time) uint64 {
	return uint64(now.UnixNano() / int64(n.window))
}

func (n *nonces) derive(whose string, window uint64) []byte {
	h := hmac.New(sha256.New, n.key)
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], window)
	binary.BigEndian.PutUint64(b[8:], n.spent[whose].count)
	h.Write(b[:])
	h.Write([]byte(whose))
	return h.Sum(nil)[:16]
}
