package cabinet

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

var errInput = errors.New("LZX: the compressed data ends early")

// bitReader reads the bits of one LZX payload: 16-bit little-endian words, most
// significant bit first.
type bitReader struct {
	src  []byte // payload with its slack of zeros
	size int    // of the payload
	at   int    // of the next bytes to load, even
	acc  uint64 // loaded bits, the next one on top, zeros below
	n    uint   // how many are loaded
}

// reset starts a payload. src[:size+slack] must be allocated.
func (b *bitReader) reset(src []byte) {
	*b = bitReader{src: src[:len(src)+slack], size: len(src)}
}

// refill makes at least 32 bits available. Past the end come zeros, but
// only within the slack, which no payload that is whole gets to use up.
func (b *bitReader) refill() error {
	if b.n >= 32 {
		return nil
	}
	if b.at+4 > len(b.src) {
		return errInput
	}
	b.acc |= uint64(loadWords(b.src[b.at:])) << (32 - b.n)
	b.at += 4
	b.n += 32
	return nil
}

// loadWords loads two 16-bit words, the first one on top.
func loadWords(p []byte) uint32 {
	return bits.RotateLeft32(binary.LittleEndian.Uint32(p), 16)
}

// bits returns the next n bits, at most 16.
func (b *bitReader) bits(n uint) (uint32, error) {
	if err := b.refill(); err != nil {
		return 0, err
	}
	v := uint32(b.acc >> (64 - n))
	b.acc <<= n
	b.n -= n
	return v, nil
}

// symbol decodes the next symbol with a table of [buildTable]. The decoding
// loop has its own, inlined ones.
func (b *bitReader) symbol(table []uint32, width, sub uint) (uint32, error) {
	if err := b.refill(); err != nil {
		return 0, err
	}
	e := table[b.acc>>(64-width)]
	if e&entryLink != 0 {
		e = table[uint64(e>>entryShift)+b.acc<<width>>(64-sub)]
	}
	l := uint(e & entryLength)
	b.acc <<= l
	b.n -= l
	return e >> entryShift, nil
}

// position returns how many bytes have been used, in whole words: one that has
// been begun counts.
func (b *bitReader) position() int { return b.at - int(b.n/16)*2 }

// toBytes ends bit reading in favour of raw bytes at the next word. If a word
// has just been used up, all of the next one is padding.
func (b *bitReader) toBytes() {
	pos := b.position()
	if b.n%16 == 0 {
		pos += 2
	}
	b.at, b.acc, b.n = pos, 0, 0
}

// bytes returns the next n raw bytes; no loaded bits may be left.
func (b *bitReader) bytes(n int) ([]byte, error) {
	if n > b.size-b.at {
		return nil, errInput
	}
	p := b.src[b.at : b.at+n]
	b.at += n
	return p, nil
}
