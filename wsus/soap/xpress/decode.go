package xpress

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
)

// ErrCorrupt is wrapped by every error about bytes that are no Xpress stream.
var ErrCorrupt = errors.New("corrupt xpress data")

// ErrTooLarge says that a stream decodes to more than the caller accepts.
var ErrTooLarge = errors.New("xpress data decode to more than is accepted")

// Decode appends the decoded form of src, a sequence of whole blocks, to dst. It returns
// ErrTooLarge before it appends more than limit bytes, and an error that wraps
// ErrCorrupt for anything that is not such a sequence. On error the decoded beginning
// is returned.
func Decode(dst, src []byte, limit int) ([]byte, error) {
	start := len(dst)
	for len(src) > 0 {
		if len(src) < headerLen {
			return dst, fmt.Errorf("%w: block header cut short", ErrCorrupt)
		}
		orig, comp, err := header(src)
		if err != nil {
			return dst, err
		}
		if orig > limit-(len(dst)-start) {
			return dst, ErrTooLarge
		}
		if len(src)-headerLen < comp {
			return dst, fmt.Errorf("%w: block cut short", ErrCorrupt)
		}
		if dst, err = DecodeBlock(dst, src[headerLen:headerLen+comp], orig); err != nil {
			return dst, err
		}
		src = src[headerLen+comp:]
	}
	return dst, nil
}

// header reads and checks the two lengths in front of a block.
func header(b []byte) (orig, comp int, err error) {
	o, c := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	if o == 0 || o > MaxBlockSize || c == 0 || c > o {
		return 0, 0, fmt.Errorf("%w: block of %d bytes out of %d", ErrCorrupt, o, c)
	}
	return int(o), int(c), nil
}

// DecodeBlock appends the orig bytes of one block to dst, whose payload is src without
// the header. On error dst is returned as it was. An orig out of the range of a block
// is an error.
func DecodeBlock(dst, src []byte, orig int) ([]byte, error) {
	if orig < 1 || orig > MaxBlockSize {
		return dst, fmt.Errorf("%w: block of %d bytes", ErrCorrupt, orig)
	}
	if len(src) == orig {
		return append(dst, src...), nil
	}
	n := len(dst)
	dst = slices.Grow(dst, orig)[:n+orig]
	if !decodeLZ77(dst[n:], src) {
		return dst[:n], fmt.Errorf("%w: payload of a block of %d bytes", ErrCorrupt, orig)
	}
	return dst, nil
}

// decodeLZ77 fills out from src as [MS-XCA] 2.4.4 describes and reports whether that
// was possible. Matches never reach before out: blocks are independent.
func decodeLZ77(out, src []byte) bool {
	half := -1 // where half a byte is left, or -1
	i, o := 0, 0
	for o < len(out) {
		if len(src)-i < 4 {
			return false
		}
		flags := binary.LittleEndian.Uint32(src[i:])
		i += 4
		for left := 32; left > 0 && o < len(out); {
			if n := min(bits.LeadingZeros32(flags), left, len(out)-o); n > 0 {
				if len(src)-i < n {
					return false
				}
				copy(out[o:o+n], src[i:i+n])
				i, o = i+n, o+n
				flags <<= n
				left -= n
				continue
			}
			flags <<= 1
			left--
			if len(src)-i < 2 {
				return false
			}
			word := int(src[i]) | int(src[i+1])<<8
			i += 2
			length, offset := word&7, word>>3+1
			if length == 7 {
				var ok bool
				if length, i, half, ok = longLength(src, i, half); !ok {
					return false
				}
			}
			length += minMatch
			if offset > o || length > len(out)-o {
				return false
			}
			if offset >= length {
				copy(out[o:o+length], out[o-offset:])
			} else {
				repeat(out[o-offset:o+length], offset)
			}
			o += length
		}
	}
	// What may be left is a last flag word without items.
	return len(src)-i <= 4
}

// repeat fills b with repetitions of its first period bytes.
func repeat(b []byte, period int) {
	for n := period; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}

// longLength reads the length of a match beyond the three bits of its first word.
func longLength(src []byte, i, half int) (length, next, nextHalf int, ok bool) {
	if half < 0 {
		if i >= len(src) {
			return 0, 0, 0, false
		}
		length, half = int(src[i]&15), i
		i++
	} else {
		length, half = int(src[half]>>4), -1
	}
	if length < 15 {
		return length + 7, i, half, true
	}
	if i >= len(src) {
		return 0, 0, 0, false
	}
	length = int(src[i])
	if i++; length < 255 {
		return length + 15 + 7, i, half, true
	}
	if len(src)-i < 2 {
		return 0, 0, 0, false
	}
	length = int(binary.LittleEndian.Uint16(src[i:]))
	if i += 2; length == 0 {
		// Four bytes follow for a length that no block has.
		return 0, 0, 0, false
	}
	return length, i, half, length >= 15+7
}

// Reader decodes a stream that it reads from another reader, a block at a time. It
// holds at most two blocks; the bound on the whole is the caller's.
type Reader struct {
	r     io.Reader
	src   []byte
	block []byte // decoded
	rest  []byte // of block, not yet read
	err   error
}

// NewReader returns a Reader of the stream in r.
func NewReader(r io.Reader) *Reader { return &Reader{r: r} }

// Read implements io.Reader. A stream that ends inside of a block is
// io.ErrUnexpectedEOF, another flaw wraps ErrCorrupt.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(r.rest) == 0 {
		if r.err == nil {
			r.err = r.next()
		}
		if r.err != nil {
			return 0, r.err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// next reads and decodes a block.
func (r *Reader) next() error {
	var h [headerLen]byte
	if _, err := io.ReadFull(r.r, h[:]); err != nil {
		return err // io.EOF between blocks
	}
	orig, comp, err := header(h[:])
	if err != nil {
		return err
	}
	r.src = slices.Grow(r.src[:0], comp)[:comp]
	if _, err := io.ReadFull(r.r, r.src); err != nil {
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	r.block, err = DecodeBlock(r.block[:0], r.src, orig)
	r.rest = r.block
	return err
}

// PlainWriter decodes a stream that is written to it, in pieces of any size, a block at
// a time.
type PlainWriter struct {
	w       io.Writer
	pending []byte // the beginning of a block
	block   []byte // decoded
}

// NewPlainWriter returns a PlainWriter that writes the decoded bytes to w. Close it at
// the end.
func NewPlainWriter(w io.Writer) *PlainWriter { return &PlainWriter{w: w} }

// Write decodes the blocks that p completes and keeps the rest, less than a block.
func (w *PlainWriter) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		orig, want := 0, headerLen
		if len(w.pending) >= headerLen {
			o, comp, err := header(w.pending)
			if err != nil {
				return written, err
			}
			orig, want = o, headerLen+comp
		}
		n := min(len(p), want-len(w.pending))
		w.pending = append(w.pending, p[:n]...)
		p = p[n:]
		written += n
		if orig > 0 && len(w.pending) == want {
			if err := w.flush(orig); err != nil {
				return written, err
			}
		}
	}
	return written, nil
}

func (w *PlainWriter) flush(orig int) (err error) {
	if w.block, err = DecodeBlock(w.block[:0], w.pending[headerLen:], orig); err != nil {
		return err
	}
	w.pending = w.pending[:0]
	_, err = w.w.Write(w.block)
	return err
}

// Close reports whether the stream ended at the end of a block, with
// io.ErrUnexpectedEOF when it did not. It does not close the writer below.
func (w *PlainWriter) Close() error {
	if len(w.pending) > 0 {
		return io.ErrUnexpectedEOF
	}
	return nil
}
