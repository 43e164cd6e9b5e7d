package xpress

import (
	"encoding/binary"
	"io"
	"math/bits"
)

const (
	// BlockSize is how many original bytes the encoder puts into a block.
	BlockSize = 16352
	// MaxBlockSize is how many original bytes a block may have.
	MaxBlockSize = 65535

	headerLen = 8
	minMatch  = 3
	maxOffset = 1 << 13

	hashBits = 13
	// hashLen is how many bytes are hashed: an encoder that looks for matches of
	// three bytes spends more on a match than it saves.
	hashLen = 4
)

// AppendEncode appends src to dst as a sequence of blocks. Nothing is appended for an
// empty src.
func AppendEncode(dst, src []byte) []byte {
	for len(src) > 0 {
		n := min(len(src), BlockSize)
		dst = appendBlock(dst, src[:n])
		src = src[n:]
	}
	return dst
}

// appendBlock appends one block, header and payload, stored raw when compression does
// not make it smaller.
func appendBlock(dst, src []byte) []byte {
	header := len(dst)
	dst = append(dst, make([]byte, headerLen)...)
	dst = appendLZ77(dst, src)
	if len(dst)-header-headerLen >= len(src) {
		dst = append(dst[:header+headerLen], src...)
	}
	binary.LittleEndian.PutUint32(dst[header:], uint32(len(src)))
	binary.LittleEndian.PutUint32(dst[header+4:], uint32(len(dst)-header-headerLen))
	return dst
}

// flagWord collects the flags that say which items are matches. The word stands in
// front of the items that it describes and is filled in when it is complete.
type flagWord struct {
	bits uint32
	n    int // flags in bits
	at   int // where the word goes
}

// add notes one item, and opens the next word after 32 of them.
func (f *flagWord) add(dst []byte, flag uint32) []byte {
	f.bits = f.bits<<1 | flag
	if f.n++; f.n == 32 {
		binary.LittleEndian.PutUint32(dst[f.at:], f.bits)
		f.n, f.at = 0, len(dst)
		dst = append(dst, 0, 0, 0, 0)
	}
	return dst
}

// appendLZ77 appends src, of at most MaxBlockSize bytes, as [MS-XCA] 2.3.4 describes.
func appendLZ77(dst, src []byte) []byte {
	var table [1 << hashBits]uint16 // hash of hashLen bytes -> last position + 1
	flags := flagWord{at: len(dst)}
	dst = append(dst, 0, 0, 0, 0)
	half := 0 // where a byte waits for the second half, 0 for nowhere

	i, skip := 0, 0
	for i+hashLen <= len(src) {
		word := binary.LittleEndian.Uint32(src[i:])
		h := word * 2654435761 >> (32 - hashBits)
		candidate := int(table[h]) - 1
		table[h] = uint16(i + 1)
		if candidate < 0 || i-candidate > maxOffset || binary.LittleEndian.Uint32(src[candidate:]) != word {
			// Where nothing matches for long, matches are looked for at fewer places.
			steps := min(1+skip>>6, len(src)-i)
			for _, c := range src[i : i+steps] {
				dst = flags.add(append(dst, c), 0)
			}
			skip++
			i += steps
			continue
		}
		skip = 0
		length := hashLen + matchLen(src[candidate+hashLen:], src[i+hashLen:])
		dst, half = appendMatch(dst, i-candidate, length, half)
		dst = flags.add(dst, 1)
		// Not every position inside of a match is worth remembering; every second is.
		end := i + length
		for i += 2; i < end && i+hashLen <= len(src); i += 2 {
			table[binary.LittleEndian.Uint32(src[i:])*2654435761>>(32-hashBits)] = uint16(i + 1)
		}
		i = end
	}
	for ; i < len(src); i++ {
		dst = flags.add(append(dst, src[i]), 0)
	}
	unused := 32 - flags.n
	binary.LittleEndian.PutUint32(dst[flags.at:], uint32(uint64(flags.bits)<<unused|(1<<unused-1)))
	return dst
}

// matchLen returns how many bytes at the beginning of a and b, the shorter one, agree.
func matchLen(a, b []byte) int {
	n := 0
	for len(b)-n >= 8 {
		if x := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)>>3
		}
		n += 8
	}
	for n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// appendMatch appends a match: offset and a short length in two bytes, a longer length
// in a half byte, then a byte, then two. Two half bytes share a byte: half is the index
// of one that was begun before, or 0.
func appendMatch(dst []byte, offset, length, half int) ([]byte, int) {
	length -= minMatch
	word := uint16(offset-1) << 3
	if length < 7 {
		return binary.LittleEndian.AppendUint16(dst, word|uint16(length)), half
	}
	dst = binary.LittleEndian.AppendUint16(dst, word|7)
	nibble := byte(min(length-7, 15))
	if half == 0 {
		half = len(dst)
		dst = append(dst, nibble)
	} else {
		dst[half] |= nibble << 4
		half = 0
	}
	if nibble < 15 {
		return dst, half
	}
	if length-7-15 < 255 {
		return append(dst, byte(length-7-15)), half
	}
	return binary.LittleEndian.AppendUint16(append(dst, 255), uint16(length)), half
}

// Writer encodes what is written to it.
type Writer struct {
	w       io.Writer
	pending []byte
	block   []byte
}

// NewWriter returns a Writer that writes blocks to w. Flush it at the end.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes the blocks that p completes and keeps the rest.
func (w *Writer) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		if w.pending == nil {
			w.pending = make([]byte, 0, BlockSize)
		}
		n := min(len(p), BlockSize-len(w.pending))
		w.pending = append(w.pending, p[:n]...)
		p = p[n:]
		written += n
		if len(w.pending) == BlockSize {
			if err := w.Flush(); err != nil {
				return written, err
			}
		}
	}
	return written, nil
}

// Flush writes what was kept as a block of its own; nothing when there is nothing.
func (w *Writer) Flush() error {
	if len(w.pending) == 0 {
		return nil
	}
	w.block = appendBlock(w.block[:0], w.pending)
	w.pending = w.pending[:0]
	_, err := w.w.Write(w.block)
	return err
}
