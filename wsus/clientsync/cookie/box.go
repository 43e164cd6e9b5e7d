package cookie

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"sluice/wsus/update"
)

// Key is a secret with a number that is never given to another one.
type Key struct {
	ID     uint32
	Secret []byte // 32 random bytes or more
	// Retired is when the key was replaced, zero while it is in use. What says
	// that it was sealed later is forged, so that a key that became known is of no
	// use an hour after it was replaced.
	Retired time.Time
}

// retireWithin is how long after it was retired a key may still have been used,
// by who had it in hand.
const retireWithin = time.Minute

// retiredBefore reports whether the key was no longer in use at a time.
func (k *Key) retiredBefore(t time.Time) bool {
	return !k.Retired.IsZero() && t.After(k.Retired.Add(retireWithin))
}

// LogValue keeps the secret out of the log.
func (k Key) LogValue() slog.Value { return slog.GroupValue(slog.Any("id", k.ID)) }

// Keys is the ring of secrets. Both methods are called for every request: they
// answer from memory.
type Keys interface {
	// Current returns the key to seal with.
	Current() Key
	// ByID returns a key that opens what it sealed; false for one that is not, or
	// no longer, in the ring.
	ByID(id uint32) (Key, bool)
}

// Box seals and opens cookies. Safe for concurrent use.
type Box struct {
	keys    Keys
	lineage update.ID
	now     func() time.Time
	aeads   sync.Map // aeadKey -> cipher.AEAD, one per key of the ring and type
}

type aeadKey struct {
	id  uint32
	typ byte
}

// NewBox returns a box for a server state of the given lineage. A server that
// was restored from a backup has a new one, in which RevisionIDs no longer mean
// what they meant.
func NewBox(keys Keys, lineage update.ID, now func() time.Time) *Box {
	return &Box{keys: keys, lineage: lineage, now: now}
}

// Seal returns the sealed form of a cookie.
func (b *Box) Seal(c Cookie) ([]byte, error) {
	return b.seal(typeCookie, c.encode(b.lineage))
}

// Open returns what a sealed cookie holds. The error is [ErrInvalid],
// [ErrLineage] or [ErrExpired], and with ErrExpired the cookie is returned too.
func (b *Box) Open(sealed []byte) (Cookie, error) {
	plain, key, err := b.open(typeCookie, cookieLen, sealed)
	if err != nil {
		return Cookie{}, err
	}
	lineage, c := decodeCookie(plain)
	if key.retiredBefore(c.Expires.Add(-Lifetime)) {
		return Cookie{}, ErrInvalid
	}
	if lineage != b.lineage {
		return Cookie{}, ErrLineage
	}
	if !b.now().Before(c.Expires) {
		return c, ErrExpired
	}
	return c, nil
}

// SealAuth returns the sealed form of an authorization cookie.
func (b *Box) SealAuth(a Auth) ([]byte, error) {
	return b.seal(typeAuth, a.encode(b.lineage))
}

// OpenAuth returns what a sealed authorization cookie holds. The error is
// [ErrInvalid], [ErrLineage] or [ErrExpired].
func (b *Box) OpenAuth(sealed []byte) (Auth, error) {
	plain, key, err := b.open(typeAuth, authLen, sealed)
	if err != nil {
		return Auth{}, err
	}
	lineage, a := decodeAuth(plain)
	if key.retiredBefore(a.Issued) {
		return Auth{}, ErrInvalid
	}
	if key.retiredBefore(b.now().Add(-Lifetime)) {
		return Auth{}, ErrExpired
	}
	if lineage != b.lineage {
		return Auth{}, ErrLineage
	}
	if b.now().Sub(a.Issued) >= AuthLifetime {
		return Auth{}, ErrExpired
	}
	return a, nil
}

func (b *Box) seal(typ byte, plain []byte) ([]byte, error) {
	key := b.keys.Current()
	aead, err := b.aead(key, typ)
	if err != nil {
		return nil, fmt.Errorf("seal cookie with key %d: %w", key.ID, err)
	}
	out := make([]byte, 0, headLen+len(plain)+overheadLen)
	out = binary.BigEndian.AppendUint32(append(out, typ, version), key.ID)
	return aead.Seal(out, nil, plain, out[:headLen]), nil
}

func (b *Box) open(typ byte, plainLen int, sealed []byte) ([]byte, Key, error) {
	if len(sealed) != headLen+plainLen+overheadLen || sealed[0] != typ || sealed[1] != version {
		return nil, Key{}, ErrInvalid
	}
	key, ok := b.keys.ByID(binary.BigEndian.Uint32(sealed[2:]))
	if !ok {
		return nil, Key{}, ErrInvalid
	}
	aead, err := b.aead(key, typ)
	if err != nil {
		return nil, Key{}, ErrInvalid
	}
	plain, err := aead.Open(nil, nil, sealed[headLen:], sealed[:headLen])
	if err != nil {
		return nil, Key{}, ErrInvalid
	}
	return plain, key, nil
}

// aead returns the cipher of one type under one key, made on first use.
func (b *Box) aead(key Key, typ byte) (cipher.AEAD, error) {
	k := aeadKey{key.ID, typ}
	if a, ok := b.aeads.Load(k); ok {
		return a.(cipher.AEAD), nil
	}
	secret, err := hkdf.Key(sha256.New, key.Secret, nil, "sluice cookie "+string(typ), 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	a, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	b.aeads.Store(k, a)
	return a, nil
}
