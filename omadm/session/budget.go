package session

import (
	"crypto/sha256"
	"crypto/x509"
	"sync"
)

// smallBody is how long a body may be that is read whatever others hold, in
// bytes: nearly all of them. Who sends large ones slowly, or never to their end,
// keeps no device from its session.
const smallBody = 16 << 10

// budget bounds the bytes of the larger bodies that are being handled: of all
// together, and of each sender, so that one does not use up what the others need.
type budget struct {
	limit int64 // of all
	one   int64 // of a device
	none  int64 // of all that show no certificate that counts

	mu   sync.Mutex
	used int64
	by   map[sender]int64
}

// sender is who sends a body: a certificate by its SHA-256, zero for none.
type sender [sha256.Size]byte

func senderOf(cert *x509.Certificate) (s sender) {
	if cert != nil {
		s = sha256.Sum256(cert.Raw)
	}
	return s
}

func newBudget(limit, body int64) *budget {
	return &budget{limit: limit, one: 4 * body, none: limit / 4, by: make(map[sender]int64)}
}

// reserve takes n bytes and reports false where they are not there.
func (b *budget) reserve(s sender, n int64) bool {
	if n <= smallBody {
		return true
	}
	most := b.one
	if s == (sender{}) {
		most = b.none
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used+n > b.limit || b.by[s]+n > most {
		return false
	}
	b.used += n
	b.by[s] += n
	return true
}

func (b *budget) release(s sender, n int64) {
	if n <= smallBody {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	if b.by[s] -= n; b.by[s] == 0 {
		delete(b.by, s)
	}
}
