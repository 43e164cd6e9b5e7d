// Package damage makes damaged copies of media for tests: of a good medium every
// damaged copy must be refused or imported as if it were whole. What it does
// follows from the given source of randomness.
package damage

import (
	"bytes"
	"fmt"
	"math/rand/v2"
)

// Cut returns b cut short, and says where.
func Cut(rng *rand.Rand, b []byte) ([]byte, string) {
	at := place(rng, b)
	return b[:at], fmt.Sprintf("cut at %d of %d bytes", at, len(b))
}

// Flip returns a copy of b with one bit flipped, and says which.
func Flip(rng *rand.Rand, b []byte) ([]byte, string) {
	at, bit := place(rng, b), rng.IntN(8)
	damaged := bytes.Clone(b)
	damaged[at] ^= 1 << bit
	return damaged, fmt.Sprintf("bit %d of byte %d flipped", bit, at)
}

// place draws a place in b. Half of them are near the start, where a medium says
// what it is.
func place(rng *rand.Rand, b []byte) int {
	const start = 300
	if rng.IntN(2) == 0 {
		return rng.IntN(min(len(b), start))
	}
	return rng.IntN(len(b))
}
