package update

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// ErrBadDigest reports text or bytes that are not a digest of the right length.
var ErrBadDigest = errors.New("not a digest")

// Digest is a SHA-1, the name of a payload file everywhere in Windows Update.
// It names; what proves a file is its [SHA256], where metadata has one.
type Digest [20]byte

// SHA256 is a SHA-256 digest of a payload file. Zero means unknown.
type SHA256 [32]byte

// ParseDigest reads a SHA-1 as update metadata writes it (base64) or as file
// names do (40 hexadecimal digits). The error wraps [ErrBadDigest].
func ParseDigest(s string) (Digest, error) {
	var d Digest
	err := parseDigest(d[:], s)
	return d, err
}

// ParseSHA256 reads a SHA-256 in base64 or as 64 hexadecimal digits. The error
// wraps [ErrBadDigest].
func ParseSHA256(s string) (SHA256, error) {
	var d SHA256
	err := parseDigest(d[:], s)
	return d, err
}

func parseDigest(dst []byte, s string) error {
	if len(s) == hex.EncodedLen(len(dst)) {
		if _, err := hex.Decode(dst, []byte(s)); err == nil {
			return nil
		}
	}
	if len(s) == base64.StdEncoding.EncodedLen(len(dst)) {
		b, err := base64.StdEncoding.DecodeString(s)
		if err == nil && len(b) == len(dst) {
			copy(dst, b)
			return nil
		}
	}
	clear(dst)
	if len(s) > 96 {
		s = s[:96]
	}
	return fmt.Errorf("%q: %w", s, ErrBadDigest)
}

// String returns the digest as 40 upper-case hexadecimal digits, as content
// files are named.
func (d Digest) String() string { return strings.ToUpper(hex.EncodeToString(d[:])) }

// Base64 returns the digest as update metadata writes it.
func (d Digest) Base64() string { return base64.StdEncoding.EncodeToString(d[:]) }

// IsZero reports whether d is unset.
func (d Digest) IsZero() bool { return d == Digest{} }

// String returns the digest as 64 lower-case hexadecimal digits.
func (d SHA256) String() string { return hex.EncodeToString(d[:]) }

// Base64 returns the digest as update metadata writes it.
func (d SHA256) Base64() string { return base64.StdEncoding.EncodeToString(d[:]) }

// IsZero reports whether d is unknown.
func (d SHA256) IsZero() bool { return d == SHA256{} }
