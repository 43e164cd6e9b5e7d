package credential

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// MaxPassword bounds a password, in bytes: whoever reaches the door may send one.
const MaxPassword = 1024

// Errors of [Hasher.Hash] and [Hasher.Verify].
var (
	ErrTooLong = fmt.Errorf("a password has at most %d bytes", MaxPassword)
	ErrBadHash = errors.New("not an Argon2id hash")
)

// params are the costs of a hash.
type params struct {
	memory  uint32 // KiB
	time    uint32 // passes
	threads uint8
}

// current are the costs of new hashes. Two hashes at a time then take 128 MiB.
var current = params{memory: 64 << 10, time: 3, threads: 1}

const (
	saltLen = 16
	hashLen = 32
	// atOnce is how many hashes are computed at a time.
	atOnce = 2
	// most bounds the costs of a hash that is read.
	mostMemory, mostTime, mostThreads = 256 << 10, 16, 4
)

// Hasher hashes passwords, at most two at a time: each takes 64 MiB. It is safe
// for concurrent use.
type Hasher struct {
	turns chan struct{}
	decoy string // a hash of no password, for accounts that do not exist
}

// NewHasher returns a hasher.
func NewHasher() *Hasher {
	var salt [saltLen]byte
	var sum [hashLen]byte
	rand.Read(salt[:])
	rand.Read(sum[:])
	return &Hasher{turns: make(chan struct{}, atOnce), decoy: encode(current, salt[:], sum[:])}
}

// Hash returns the hash of a password in PHC form.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > MaxPassword {
		return "", ErrTooLong
	}
	var salt [saltLen]byte
	rand.Read(salt[:]) // never fails
	sum, err := h.sum(ctx, current, salt[:], password, hashLen)
	if err != nil {
		return "", err
	}
	return encode(current, salt[:], sum), nil
}

// Verify reports whether a password is the one that was hashed. For an account
// that does not exist the hash is empty: that takes as long, and is false. The
// error wraps [ErrBadHash], or that of the context while it waits for its turn.
func (h *Hasher) Verify(ctx context.Context, phc, password string) (bool, error) {
	known := phc != ""
	if !known {
		phc = h.decoy
	}
	p, salt, want, err := decode(phc)
	if err != nil {
		return false, err
	}
	if len(password) > MaxPassword {
		known, password = false, ""
	}
	got, err := h.sum(ctx, p, salt, password, uint32(len(want)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}

func (h *Hasher) sum(ctx context.Context, p params, salt []byte, password string, n uint32) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("hash password: %w", err)
	}
	select {
	case h.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("hash password: %w", ctx.Err())
	}
	defer func() { <-h.turns }()
	return argon2.IDKey([]byte(password), salt, p.time, p.memory, p.threads, n), nil
}

// encode writes a hash in PHC form.
func encode(p params, salt, sum []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads, b64(salt), b64(sum))
}

// decode is the inverse of encode.
func decode(phc string) (p params, salt, sum []byte, _ error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, ErrBadHash
	}
	if n, err := fmt.Sscanf(parts[3]+"\n", "m=%d,t=%d,p=%d\n", &p.memory, &p.time, &p.threads); n != 3 || err != nil {
		return p, nil, nil, fmt.Errorf("%w: costs %q", ErrBadHash, parts[3])
	}
	if p.memory < 8*uint32(p.threads) || p.memory > mostMemory || p.time < 1 || p.time > mostTime || p.threads < 1 || p.threads > mostThreads {
		return p, nil, nil, fmt.Errorf("%w: costs %q are out of bounds", ErrBadHash, parts[3])
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	sum, sumErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || sumErr != nil || len(salt) < 8 || len(salt) > 64 || len(sum) < 16 || len(sum) > 64 {
		return p, nil, nil, fmt.Errorf("%w: salt or sum", ErrBadHash)
	}
	return p, salt, sum, nil
}
