package agent

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// pack is the slow encoder of MS-XCA 2.3.4, word for word, for one block.
func pack(in []byte) []byte {
	out := make([]byte, 4)
	var flags uint32
	count, flagAt, half := 0, 0, 0
	put := func(bit uint32) {
		flags = flags<<1 | bit
		if count++; count == 32 {
			binary.LittleEndian.PutUint32(out[flagAt:], flags)
			count, flagAt = 0, len(out)
			out = append(out, 0, 0, 0, 0)
		}
	}
	for pos := 0; pos < len(in); {
		length, offset := longest(in, pos)
		if length < 3 {
			out = append(out, in[pos])
			pos++
			put(0)
			continue
		}
		pos += length
		n, word := length-3, (offset-1)<<3
		out = binary.LittleEndian.AppendUint16(out, uint16(word|min(n, 7)))
		if n >= 7 {
			n -= 7
			nibble := byte(min(n, 15))
			if half == 0 {
				half = len(out)
				out = append(out, nibble)
			} else {
				out[half] |= nibble << 4
				half = 0
			}
			if n >= 15 {
				n -= 15
				out = append(out, byte(min(n, 255)))
				if n >= 255 {
					out = binary.LittleEndian.AppendUint16(out, uint16(n+7+15))
				}
			}
		}
		put(1)
	}
	flags <<= 32 - count
	flags |= uint32(uint64(1)<<(32-count) - 1)
	binary.LittleEndian.PutUint32(out[flagAt:], flags)
	return out
}

func longest(in []byte, pos int) (length, offset int) {
	for back := 1; back <= min(pos, 8192); back++ {
		n := 0
		for pos+n < len(in) && in[pos+n] == in[pos+n-back] {
			n++
		}
		if n > length {
			length, offset = n, back
		}
	}
	return length, offset
}

// xpress frames in as a server does, in blocks of size bytes.
func xpress(in []byte, size int) []byte {
	var out []byte
	for len(in) > 0 {
		b := in[:min(size, len(in))]
		in = in[len(b):]
		p := pack(b)
		if len(p) >= len(b) {
			p = b
		}
		out = binary.LittleEndian.AppendUint32(out, uint32(len(b)))
		out = binary.LittleEndian.AppendUint32(out, uint32(len(p)))
		out = append(out, p...)
	}
	return out
}

func TestXpressRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.StringMatching(`<int>[0-9]{1,3}</int>|a{1,400}|[a-z]{0,5}`)
		in := []byte(strings.Join(rapid.SliceOfN(piece, 0, 40).Draw(t, "pieces"), ""))
		got, err := unxpress(xpress(in, rapid.IntRange(64, maxBlock).Draw(t, "block")), len(in))
		if err != nil || !bytes.Equal(got, in) {
			t.Fatalf("%q came back as %q, %v", in, got, err)
		}
	})
	// Matches longer than 280 take the 16-bit form.
	in := bytes.Repeat([]byte("ab"), 30000)
	if got, err := unxpress(xpress(in, 60000), len(in)); err != nil || !bytes.Equal(got, in) {
		t.Fatalf("a long match: %d bytes, %v", len(got), err)
	}
}

func TestXpressRefuses(t *testing.T) {
	t.Parallel()
	good := xpress([]byte(strings.Repeat("hello, world ", 40)), 1000)
	for cut := 1; cut < len(good); cut++ {
		if _, err := unxpress(good[:cut], 1<<20); !errors.Is(err, errXpress) {
			t.Errorf("cut at %d: %v, want errXpress", cut, err)
		}
	}
	if _, err := unxpress(good, 100); err == nil {
		t.Error("an answer over the limit is accepted")
	}
	if _, err := unxpress(append(good, good...), 2*520); err != nil {
		t.Errorf("two blocks at the limit: %v", err)
	}
}

func FuzzXpress(f *testing.F) {
	f.Add(xpress([]byte(strings.Repeat("abcabcabd", 30)), 100))
	f.Add([]byte{1, 0, 0, 0, 1, 0, 0, 0, 'a'})
	f.Fuzz(func(t *testing.T, b []byte) {
		if out, err := unxpress(b, 1<<20); err == nil && len(out) > 1<<20 {
			t.Errorf("%d bytes out", len(out))
		}
	})
}
