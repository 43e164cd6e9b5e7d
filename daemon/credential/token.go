package credential

import (
	"crypto/rand"
	"crypto/sha256"
	"strings"
)

// alphabet is the base32 of Crockford: no I, L, O and U, which people read or
// type as others.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const (
	tokenLetters = 28 // of 5 bits each: 140 bits
	tokenGroup   = 4
)

// NewToken draws an enrollment token: its text for people, seven groups of four
// letters with "-" between, and the hash by which it is kept.
func NewToken() (text string, hash [sha256.Size]byte) {
	var raw [tokenLetters]byte
	rand.Read(raw[:]) // never fails
	for i, b := range raw {
		raw[i] = alphabet[b%byte(len(alphabet))] // 32 divides 256
	}
	var groups []string
	for b := raw[:]; len(b) > 0; b = b[tokenGroup:] {
		groups = append(groups, string(b[:tokenGroup]))
	}
	return strings.Join(groups, "-"), sha256.Sum256(raw[:])
}

// ParseToken reads a token as people type it: in any letter case, with or
// without hyphens and blanks, O for 0, I and L for 1. ok is false for text that
// cannot be one.
func ParseToken(text string) (hash [sha256.Size]byte, ok bool) {
	if len(text) > 4*tokenLetters {
		return hash, false
	}
	letters := make([]byte, 0, tokenLetters)
	for _, c := range []byte(strings.ToUpper(text)) {
		switch c {
		case '-', ' ', '\t', '\r', '\n':
			continue
		case 'O':
			c = '0'
		case 'I', 'L':
			c = '1'
		}
		if strings.IndexByte(alphabet, c) < 0 {
			return hash, false
		}
		letters = append(letters, c)
	}
	if len(letters) != tokenLetters {
		return hash, false
	}
	return sha256.Sum256(letters), true
}
