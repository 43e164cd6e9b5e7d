package agent

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxBlock is the largest uncompressed size of one block (MS-WUSP 2.1.1).
const maxBlock = 65535

var errXpress = errors.New("bad xpress data")

// unxpress decodes an answer with Content-Encoding: xpress: blocks of original
// size, compressed size (little-endian) and payload. A block with equal sizes is
// stored. The result is at most limit bytes.
func unxpress(b []byte, limit int) ([]byte, error) {
	var out []byte
	for len(b) > 0 {
		if len(b) < 8 {
			return nil, fmt.Errorf("%w: %d bytes left where a block header should be", errXpress, len(b))
		}
		size := binary.LittleEndian.Uint32(b)
		packed := binary.LittleEndian.Uint32(b[4:])
		b = b[8:]
		switch {
		case size == 0 || size > maxBlock:
			return nil, fmt.Errorf("%w: a block of %d bytes", errXpress, size)
		case packed > size:
			return nil, fmt.Errorf("%w: a block of %d bytes takes %d", errXpress, size, packed)
		case int(packed) > len(b):
			return nil, fmt.Errorf("%w: a block of %d bytes is cut at %d", errXpress, packed, len(b))
		case len(out)+int(size) > limit:
			return nil, fmt.Errorf("answer of more than %d bytes", limit)
		}
		if size == packed {
			out = append(out, b[:packed]...)
		} else {
			var err error
			if out, err = unpack(out, b[:packed], int(size)); err != nil {
				return nil, err
			}
		}
		b = b[packed:]
	}
	return out, nil
}

// unpack appends one plain LZ77 block of size bytes to out (MS-XCA 2.4.4). A
// match reaches back within the block only.
func unpack(out, in []byte, size int) ([]byte, error) {
	start, end := len(out), len(out)+size
	var flags uint32
	var left int       // unused bits of flags
	pos, half := 0, -1 // half: where a byte has an unused upper nibble
	for len(out) < end {
		if left == 0 {
			if pos+4 > len(in) {
				return nil, fmt.Errorf("%w: flags are cut", errXpress)
			}
			flags = binary.LittleEndian.Uint32(in[pos:])
			pos, left = pos+4, 32
		}
		left--
		if flags&(1<<left) == 0 {
			if pos >= len(in) {
				return nil, fmt.Errorf("%w: a literal is cut", errXpress)
			}
			out = append(out, in[pos])
			pos++
			continue
		}
		if pos+2 > len(in) {
			return nil, fmt.Errorf("%w: the block ends %d bytes early", errXpress, end-len(out))
		}
		word := int(binary.LittleEndian.Uint16(in[pos:]))
		pos += 2
		offset := word>>3 + 1
		n, next, nextHalf, err := matchLength(in, word&7, pos, half)
		if err != nil {
			return nil, err
		}
		pos, half = next, nextHalf
		if offset > len(out)-start || n > end-len(out) {
			return nil, fmt.Errorf("%w: a match of %d bytes at %d reaches out of the block", errXpress, n, offset)
		}
		for range n {
			out = append(out, out[len(out)-offset])
		}
	}
	// A writer that ends exactly on a flag word's last item adds one word whose
	// first bit marks the end; anything more is not ours.
	if rest := len(in) - pos; rest != 0 && (rest != 4 || left != 0) {
		return nil, fmt.Errorf("%w: %d bytes after the end of a block", errXpress, rest)
	}
	return out, nil
}

// matchLength reads the rest of a match's length: three bits, then a nibble
// shared by two matches, a byte, 16 and 32 bits.
func matchLength(in []byte, n, pos, half int) (length, next, nextHalf int, err error) {
	cut := fmt.Errorf("%w: a match length is cut", errXpress)
	if n < 7 {
		return n + 3, pos, half, nil
	}
	if half < 0 {
		if pos >= len(in) {
			return 0, 0, 0, cut
		}
		n, half, pos = int(in[pos]&15), pos, pos+1
	} else {
		n, half = int(in[half]>>4), -1
	}
	if n < 15 {
		return n + 7 + 3, pos, half, nil
	}
	if pos >= len(in) {
		return 0, 0, 0, cut
	}
	n, pos = int(in[pos]), pos+1
	if n < 255 {
		return n + 15 + 7 + 3, pos, half, nil
	}
	if pos+2 > len(in) {
		return 0, 0, 0, cut
	}
	n, pos = int(binary.LittleEndian.Uint16(in[pos:])), pos+2
	if n == 0 {
		if pos+4 > len(in) {
			return 0, 0, 0, cut
		}
		wide := binary.LittleEndian.Uint32(in[pos:])
		if wide > maxBlock {
			return 0, 0, 0, fmt.Errorf("%w: a match of %d bytes", errXpress, wide)
		}
		n, pos = int(wide), pos+4
	}
	if n < 15+7 {
		return 0, 0, 0, fmt.Errorf("%w: a match length of %d in its long form", errXpress, n)
	}
	return n + 3, pos, half, nil
}
