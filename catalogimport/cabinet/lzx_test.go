package cabinet_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sluice/catalogimport/cabinet"
)

var update = flag.Bool("update", false, "rewrite the fixtures in testdata")

// lzxCase is one generated stream.
type lzxCase struct {
	cab  []byte
	data []byte
}

// makeLZXCase draws data with repeats near and far, some of it x86-like, and
// encodes it.
func makeLZXCase(seed uint64, windowBits, size int, e8Size int32) lzxCase {
	rng := rand.New(rand.NewPCG(seed, 1))
	var data []byte
	for len(data) < size {
		switch rng.IntN(5) {
		case 0: // noise
			for range rng.IntN(200) {
				data = append(data, byte(rng.Uint32()))
			}
		case 1: // a run
			data = append(data, bytes.Repeat([]byte{byte(rng.IntN(4))}, rng.IntN(600))...)
		case 2: // calls
			for range rng.IntN(10) {
				data = append(data, 0xE8, byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.IntN(2)*255), byte(rng.IntN(2)*255), 0x90)
			}
		default: // a copy
			if len(data) > 0 {
				from := rng.IntN(len(data))
				data = append(data, data[from:min(len(data), from+rng.IntN(3000))]...)
			}
		}
	}
	data = data[:size]
	frames := encodeLZX(rng, data, windowBits, e8Size)
	return lzxCase{rawCabinet(uint16(windowBits<<8|3), "data.bin", size, frames), data}
}

// TestLZXRoundTrip decodes what the random encoder makes of random data.
func TestLZXRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := makeLZXCase(rapid.Uint64().Draw(t, "seed"),
			rapid.IntRange(15, 21).Draw(t, "window bits"),
			rapid.IntRange(1, 300_000).Draw(t, "size"),
			rapid.SampledFrom([]int32{0, 12_000_000, 70_000}).Draw(t, "e8 size"))
		got, err := contents(c.cab, cabinet.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if at := firstDifference(got[0].Data, c.data); at >= 0 {
			t.Fatalf("decoded data differs at byte %d of %d", at, len(c.data))
		}
	})
}

// TestLZXLargeWindow has matches further back than the smaller windows
// reach, and more output than the decoder's buffer holds.
func TestLZXLargeWindow(t *testing.T) {
	for _, tt := range []struct{ bits, size int }{{15, 1 << 20}, {18, 1<<20 + 1}, {21, 4<<20 + 12345}} {
		t.Run(fmt.Sprint(tt.bits), func(t *testing.T) {
			t.Parallel()
			c := makeLZXCase(1, tt.bits, tt.size, 12_000_000)
			got, err := contents(c.cab, cabinet.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if at := firstDifference(got[0].Data, c.data); at >= 0 {
				t.Fatalf("decoded data differs at byte %d of %d", at, len(c.data))
			}
		})
	}
}

// TestLZXEncoderAgainstCabextract makes sure that encoder and decoder of these
// tests do not share a mistake.
func TestLZXEncoderAgainstCabextract(t *testing.T) {
	for seed := range uint64(20) {
		c := makeLZXCase(seed, 15+int(seed)%7, 1+int(seed)*17_001, int32(seed%3)*6_000_000)
		if at := firstDifference(cabextract(t, c.cab, "-q", "-p"), c.data); at >= 0 {
			t.Errorf("seed %d: cabextract's output differs at byte %d of %d", seed, at, len(c.data))
		}
	}
}

// TestLZXCutPayload takes the end off the last payload.
func TestLZXCutPayload(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for cut := 2; cut < 200; cut += 7 {
		data := noise(1000)
		payload := encodeLZX(rng, data, 15, 0)[0]
		_, err := contents(rawCabinet(15<<8|3, "cut", len(data), [][]byte{payload[:len(payload)-cut]}), cabinet.Limits{})
		if err == nil || !strings.Contains(err.Error(), "LZX") {
			t.Errorf("without the last %d bytes: error %v, want one of LZX", cut, err)
		}
	}
}

// TestLZXRefusals decodes streams that no encoder makes.
func TestLZXRefusals(t *testing.T) {
	literal := token{main: 'a', length: -1}
	for _, tt := range []struct {
		name string
		make func(e *lzxEncoder)
		want string
	}{
		{"match before the first byte", func(e *lzxEncoder) {
			e.block(false, 100, []token{matchToken(0, 5)})
		}, "reaches back before the start"},
		{"match with a new offset before the first byte", func(e *lzxEncoder) {
			e.block(false, 100, []token{literal, {main: 256 + 8*4, length: -1, size: 2, extra: 1, bits: 1}})
		}, "reaches back before the start"},
		{"aligned offset before the first byte", func(e *lzxEncoder) {
			e.block(true, 100, []token{literal, {main: 256 + 8*10, length: -1, size: 2, extra: 13, bits: 4}})
		}, "reaches back before the start"},
		{"repeated offset of zero", func(e *lzxEncoder) {
			e.data = []byte("1234")
			e.raw(4)
			clear(e.out[len(e.out)-16 : len(e.out)-12])
			e.block(false, 96, []token{matchToken(0, 2)})
		}, "reaches back before the start"},
		{"repeated offset beyond the window", func(e *lzxEncoder) {
			e.data = []byte("1234")
			e.raw(4)
			e.out[len(e.out)-14] = 1
			e.block(false, 96, []token{matchToken(0, 2)})
		}, "reaches back before the start"},
		{"match past the block", func(e *lzxEncoder) {
			e.block(false, 8, []token{literal, matchToken(0, 8)})
		}, "past the end of its block"},
		{"match past the frame", func(e *lzxEncoder) {
			e.block(false, 200, []token{literal, matchToken(0, 100)})
		}, "past the end of its block or frame"},
		{"long match without a length tree", func(e *lzxEncoder) {
			e.block(false, 100, []token{literal, {main: 256 + 7, length: -1, size: 20}})
		}, "length tree, which has no codes"},
		{"no main tree", func(e *lzxEncoder) {
			e.put(1, 3)
			e.put(100, 24)
			for _, lengths := range [][]int{e.main[:256], e.main[256:], e.length} {
				e.putLengths(lengths, lengths)
			}
		}, "main tree has no codes"},
		{"no aligned tree", func(e *lzxEncoder) {
			e.put(2, 3)
			e.put(100, 24)
			e.put(0, 24)
		}, "aligned tree has no codes"},
		{"no pretree", func(e *lzxEncoder) {
			e.put(1, 3)
			e.put(100, 24)
			e.put(0, 16)
			e.put(0, 16)
			e.put(0, 16)
			e.put(0, 16)
			e.put(0, 16)
		}, "pretree has no codes"},
		{"too many lengths", func(e *lzxEncoder) {
			e.put(1, 3)
			e.put(100, 24)
			e.putLengths(make([]int, 300), make([]int, 300))
		}, "past the tree's end"},
		{"incomplete tree", func(e *lzxEncoder) {
			e.put(1, 3)
			e.put(100, 24)
			e.put(1, 4)
			e.put(0, 16)
			e.put(0, 16)
			e.put(0, 16)
			e.put(0, 16)
			e.put(0, 12)
		}, "not complete"},
		{"oversubscribed tree", func(e *lzxEncoder) {
			e.put(1, 3)
			e.put(100, 24)
			for range 20 {
				e.put(1, 4)
			}
		}, "not complete"},
		{"block type", func(e *lzxEncoder) { e.put(5, 3) }, "block type 5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newLZXEncoder(rand.New(rand.NewPCG(1, 1)), 15)
			e.put(0, 1)
			tt.make(e)
			e.endFrame()
			// Enough zeros behind that nothing ends early.
			payload := append(e.frames[0], make([]byte, 100)...)
			_, err := contents(rawCabinet(15<<8|3, "bad", 100, [][]byte{payload}), cabinet.Limits{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// fixtureSeed was chosen to give a few blocks of each type.
const fixtureSeed = 22

// TestLZXFixture decodes a small cabinet that has blocks of every type.
func TestLZXFixture(t *testing.T) {
	cabPath, dataPath := filepath.Join("testdata", "lzx.cab"), filepath.Join("testdata", "lzx.bin")
	if *update {
		c := makeLZXCase(fixtureSeed, 16, 3000, 12_000_000)
		for path, b := range map[string][]byte{cabPath: c.cab, dataPath: c.data} {
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	cab, want := readFile(t, cabPath), readFile(t, dataPath)
	got, err := contents(cab, cabinet.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if at := firstDifference(got[0].Data, want); at >= 0 {
		t.Errorf("decoded data differs at byte %d of %d", at, len(want))
	}
}

func readFile(tb testing.TB, path string) []byte {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// firstDifference returns where a and b differ first, or -1.
func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	return -1
}
