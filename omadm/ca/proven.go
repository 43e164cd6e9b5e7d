package ca

import (
	"crypto/sha256"
	"crypto/x509"
	"sync"
)

// provenMost is how many certificates are remembered whose signature held.
const provenMost = 1_024

// proven remembers by whom certificates are whose signature held: all messages
// of a session come with the same one, and nothing else about it takes as long
// to check. What did not hold is not remembered, so nobody else can fill it.
type proven struct {
	mu         sync.Mutex
	late, past map[[sha256.Size]byte]*x509.Certificate // issuers, by the whole certificate
}

func (p *proven) find(sum [sha256.Size]byte) *x509.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	if issuer := p.late[sum]; issuer != nil {
		return issuer
	}
	return p.past[sum]
}

func (p *proven) note(sum [sha256.Size]byte, issuer *x509.Certificate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.late == nil || len(p.late) >= provenMost/2 {
		p.past, p.late = p.late, make(map[[sha256.Size]byte]*x509.Certificate)
	}
	p.late[sum] = issuer
}
