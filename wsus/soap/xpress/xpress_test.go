package xpress_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"sluice/wsus/soap/xpress"
)

// specExamples are those of [MS-XCA] 3.1.
var specExamples = []struct{ name, plain, hex string }{
	{"literals only", "abcdefghijklmnopqrstuvwxyz",
		"3f0000006162636465666768696a6b6c6d6e6f707172737475767778797a"},
	{"one long match", strings.Repeat("abc", 100), "ffffff1f61626317000fff2601"},
}

func TestDecodeBlockOfSpecification(t *testing.T) {
	t.Parallel()
	for _, tt := range specExamples {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			src, err := hex.DecodeString(tt.hex)
			if err != nil {
				t.Fatal(err)
			}
			got, err := xpress.DecodeBlock([]byte("before"), src, len(tt.plain))
			if err != nil || string(got) != "before"+tt.plain {
				t.Errorf("DecodeBlock = %q, %v", got, err)
			}
		})
	}
}

func TestEncodeOfSpecification(t *testing.T) {
	t.Parallel()
	plain := specExamples[1].plain
	got := xpress.AppendEncode(nil, []byte(plain))
	if want := "2c0100000d000000" + specExamples[1].hex; hex.EncodeToString(got) != want {
		t.Errorf("got %x, want %s", got, want)
	}
}

func TestIncompressibleIsStored(t *testing.T) {
	t.Parallel()
	plain := "abcdefghijklmnopqrstuvwxyz"
	want := "\x1a\x00\x00\x00\x1a\x00\x00\x00" + plain
	if got := xpress.AppendEncode(nil, []byte(plain)); string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEmptyIsEmpty(t *testing.T) {
	t.Parallel()
	if got := xpress.AppendEncode(nil, nil); len(got) != 0 {
		t.Errorf("encoded nothing as %x", got)
	}
	if got, err := xpress.Decode(nil, nil, 0); err != nil || len(got) != 0 {
		t.Errorf("decoded nothing as %x, %v", got, err)
	}
}

// drawText draws bytes with much, little or no repetition, around the block size too.
func drawText(t *rapid.T) []byte {
	alphabet := rapid.IntRange(1, 256).Draw(t, "alphabet")
	length := rapid.OneOf(rapid.IntRange(0, 300),
		rapid.IntRange(xpress.BlockSize-10, xpress.BlockSize+10), rapid.IntRange(0, 50000)).Draw(t, "length")
	rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	var b []byte
	for len(b) < length {
		if len(b) > 0 && rnd.IntN(4) == 0 {
			from := rnd.IntN(len(b))
			n := min(1+rnd.IntN(600), len(b)-from)
			for range 1 + rnd.IntN(3) {
				b = append(b, b[from:from+n]...)
			}
			continue
		}
		b = append(b, byte(rnd.IntN(alphabet)))
	}
	return b[:length]
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		plain := drawText(t)
		coded := xpress.AppendEncode([]byte("x"), plain)[1:]
		got, err := xpress.Decode([]byte("y"), coded, len(plain))
		if err != nil || !bytes.Equal(got[1:], plain) {
			t.Fatalf("round trip of %d bytes: %v", len(plain), err)
		}
		if blocks := (len(plain) + xpress.BlockSize - 1) / xpress.BlockSize; len(coded) > len(plain)+8*blocks {
			t.Fatalf("%d bytes became %d", len(plain), len(coded))
		}
		if len(plain) > 0 {
			if _, err := xpress.Decode(nil, coded, len(plain)-1); !errors.Is(err, xpress.ErrTooLarge) {
				t.Fatalf("limit of one byte less: %v", err)
			}
		}
	})
}

func TestStreaming(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		plain := drawText(t)
		step := rapid.IntRange(1, 20000).Draw(t, "step")
		var coded bytes.Buffer
		w := xpress.NewWriter(&coded)
		if err := inSteps(w, plain, step); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if want := xpress.AppendEncode(nil, plain); !bytes.Equal(coded.Bytes(), want) {
			t.Fatalf("Writer wrote %d bytes, AppendEncode %d", coded.Len(), len(want))
		}
		got, err := io.ReadAll(xpress.NewReader(iotest.HalfReader(bytes.NewReader(coded.Bytes()))))
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("Reader: %d bytes of %d, %v", len(got), len(plain), err)
		}
		var out bytes.Buffer
		p := xpress.NewPlainWriter(&out)
		if err := inSteps(p, coded.Bytes(), step); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil || !bytes.Equal(out.Bytes(), plain) {
			t.Fatalf("PlainWriter: %d bytes of %d, %v", out.Len(), len(plain), err)
		}
	})
}

func inSteps(w io.Writer, b []byte, step int) error {
	for len(b) > 0 {
		n := min(step, len(b))
		if m, err := w.Write(b[:n]); err != nil || m != n {
			return fmt.Errorf("wrote %d of %d: %w", m, n, err)
		}
		b = b[n:]
	}
	return nil
}

func TestCorrupt(t *testing.T) {
	t.Parallel()
	block := func(orig, comp uint32, payload string) []byte {
		b := binary.LittleEndian.AppendUint32(nil, orig)
		return append(binary.LittleEndian.AppendUint32(b, comp), payload...)
	}
	for _, tt := range []struct {
		name string
		in   []byte
	}{
		{"header cut short", []byte{1, 0, 0}},
		{"payload cut short", block(10, 5, "1234")},
		{"no original bytes", block(0, 0, "")},
		{"no payload", block(10, 0, "")},
		{"payload larger than the original", block(2, 3, "123")},
		{"block too large", block(65536, 65536, strings.Repeat("x", 65536))},
		{"no flags", block(10, 3, "123")},
		{"literals cut short", block(100, 6, "\x00\x00\x00\x00ab")},
		{"match before the beginning", block(100, 7, "\xff\xff\xff\x7fa\x08\x00")},
		{"match past the end", block(8, 7, "\xff\xff\xff\x7fa\x06\x00")},
		{"match cut short", block(100, 6, "\xff\xff\xff\x7fa\x00")},
		{"long length cut short", block(100, 7, "\xff\xff\xff\x7fa\x07\x00")},
		{"longer length cut short", block(100, 8, "\xff\xff\xff\x7fa\x07\x00\x0f")},
		{"longest length cut short", block(1000, 9, "\xff\xff\xff\x7fa\x07\x00\x0f\xff")},
		{"length below its form", block(1000, 11, "\xff\xff\xff\x7fa\x07\x00\x0f\xff\x10\x00")},
		{"length of four bytes", block(1000, 15, "\xff\xff\xff\x7fa\x07\x00\x0f\xff\x00\x00\xe4\x03\x00\x00")},
		{"bytes behind the items", block(16, 15, "\xff\xff\xff\x7fa\x07\x00\x05-------")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := xpress.Decode(nil, tt.in, 1<<20); !errors.Is(err, xpress.ErrCorrupt) {
				t.Errorf("Decode = %q, %v, want ErrCorrupt", got, err)
			}
			if got, err := io.ReadAll(xpress.NewReader(bytes.NewReader(tt.in))); err == nil {
				t.Errorf("Reader = %q, want an error", got)
			}
			w := xpress.NewPlainWriter(io.Discard)
			_, err := w.Write(tt.in)
			if err := errors.Join(err, w.Close()); err == nil {
				t.Error("PlainWriter gave no error")
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, tt := range specExamples {
		f.Add(xpress.AppendEncode(nil, []byte(tt.plain)))
	}
	f.Add(xpress.AppendEncode(nil, bytes.Repeat([]byte("0123456789abcdef-"), 2000)))
	f.Fuzz(func(t *testing.T, in []byte) {
		const limit = 1 << 20
		got, err := xpress.Decode(nil, in, limit)
		if len(got) > limit {
			t.Fatalf("decoded %d bytes", len(got))
		}
		streamed, streamErr := io.ReadAll(io.LimitReader(xpress.NewReader(bytes.NewReader(in)), limit+1))
		if errors.Is(err, xpress.ErrTooLarge) {
			return
		}
		if (err == nil) != (streamErr == nil) || err == nil && !bytes.Equal(got, streamed) {
			t.Fatalf("Decode: %v, Reader: %v", err, streamErr)
		}
		if err != nil {
			return
		}
		again, err := xpress.Decode(nil, xpress.AppendEncode(nil, got), len(got))
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("round trip: %v", err)
		}
	})
}

func FuzzEncode(f *testing.F) {
	f.Add([]byte("aaaaaaaaaaaaaaaaaaaaaaaaaaaaabaaaaaaaaaaaaaaaaaaaaaaaaaaac"))
	f.Add([]byte(specExamples[0].plain))
	f.Fuzz(func(t *testing.T, plain []byte) {
		got, err := xpress.Decode(nil, xpress.AppendEncode(nil, plain), len(plain))
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("round trip: %v", err)
		}
	})
}
