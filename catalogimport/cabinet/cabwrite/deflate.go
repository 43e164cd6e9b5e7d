package cabwrite

import (
	"encoding/binary"
	"math/bits"
)

// Deflate's bounds of a match (RFC 1951 section 3.2.5).
const (
	minMatch    = 3
	maxMatch    = 258
	maxDistance = 32768
	endOfBlock  = 256
)

// deflate encodes data, which may refer back to dict, as one final block with
// the fixed codes of RFC 1951, or stored where that is shorter.
//
// It exists because the encoder of compress/flate writes distance trees of one
// code, which RFC 1951 allows but other cabinet readers refuse.
func deflate(dict, data []byte) []byte {
	all := append(append([]byte(nil), dict...), data...)
	w := deflater{}
	w.put(1, 1) // final
	w.put(1, 2) // fixed codes
	last := map[[minMatch]byte]int{}
	for at := 0; at < len(all); {
		size, distance := 1, 0
		if at+minMatch <= len(all) && at >= len(dict) {
			key := [minMatch]byte(all[at:])
			if from, ok := last[key]; ok && at-from <= maxDistance {
				distance = at - from
				size = matchSize(all, from, at)
			}
		}
		switch {
		case distance > 0:
			w.match(size, distance)
		case at >= len(dict):
			w.symbol(int(all[at]))
		}
		for range size {
			if at+minMatch <= len(all) {
				last[[minMatch]byte(all[at:])] = at
			}
			at++
		}
	}
	w.symbol(endOfBlock)
	w.put(0, 7) // flush the last byte
	if stored := 5 + len(data); stored < len(w.out) {
		out := append(make([]byte, 0, stored), 1)
		out = binary.LittleEndian.AppendUint16(out, uint16(len(data)))
		out = binary.LittleEndian.AppendUint16(out, ^uint16(len(data)))
		return append(out, data...)
	}
	return w.out
}

func matchSize(all []byte, from, at int) int {
	n := 0
	for n < maxMatch && at+n < len(all) && all[from+n] == all[at+n] {
		n++
	}
	return n
}

// deflater writes bits, the least significant one first.
type deflater struct {
	out []byte
	acc uint64
	n   int
}

func (w *deflater) put(v uint32, n int) {
	w.acc |= uint64(v) << w.n
	for w.n += n; w.n >= 8; w.n -= 8 {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
	}
}

// code writes a Huffman code, whose most significant bit comes first.
func (w *deflater) code(v uint32, n int) {
	w.put(bits.Reverse32(v)>>(32-n), n)
}

// symbol writes a literal or length symbol with its fixed code (RFC 1951
// section 3.2.6).
func (w *deflater) symbol(s int) {
	v := uint32(s)
	switch {
	case s < 144:
		w.code(0x30+v, 8)
	case s < 256:
		w.code(0x190+v-144, 9)
	case s < 280:
		w.code(v-256, 7)
	default:
		w.code(0xC0+v-280, 8)
	}
}

func (w *deflater) match(size, distance int) {
	if size == maxMatch {
		w.symbol(285)
	} else {
		code, extra, n := bucket(size-minMatch, 4)
		w.symbol(257 + code)
		w.put(uint32(extra), n)
	}
	code, extra, n := bucket(distance-1, 2)
	w.code(uint32(code), 5)
	w.put(uint32(extra), n)
}

// bucket finds the code of a length or distance, counted from its least one,
// and its extra bits: each power of two has perPower codes.
func bucket(v, perPower int) (code, extra, n int) {
	base := 0
	for {
		n = max(0, code/perPower-1)
		if v < base+1<<n {
			return code, v - base, n
		}
		base += 1 << n
		code++
	}
}
