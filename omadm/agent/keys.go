package agent

import (
	"crypto/rand"
	"crypto/rsa"
	"sync/atomic"
)

// keyBits is the length of the keys that Windows makes for MDM.
const keyBits = 2048

func newKey() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, keyBits) }

// KeyPool is keys made beforehand, for many devices that share them. A server
// may refuse to enrol a key that it has seen.
type KeyPool struct {
	keys []*rsa.PrivateKey
	next atomic.Uint64
}

// NewKeyPool makes n keys.
func NewKeyPool(n int) (*KeyPool, error) {
	p := &KeyPool{}
	for range n {
		k, err := newKey()
		if err != nil {
			return nil, err
		}
		p.keys = append(p.keys, k)
	}
	return p, nil
}

// Next returns the keys in turn; it is a [Keys] and may be called from several
// goroutines.
func (p *KeyPool) Next() (*rsa.PrivateKey, error) {
	return p.keys[(p.next.Add(1)-1)%uint64(len(p.keys))], nil
}
