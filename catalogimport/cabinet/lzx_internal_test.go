package cabinet

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// FuzzLZX decodes frames of arbitrary bytes.
func FuzzLZX(f *testing.F) {
	f.Add(uint8(0), uint16(0), []byte{0x00, 0x30, 0x40, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 'd', 'a', 't', 'a'})
	f.Add(uint8(6), uint16(40000), bytes.Repeat([]byte{0x10, 0x21, 0x32, 0x43}, 200))
	f.Fuzz(func(t *testing.T, window uint8, cut uint16, data []byte) {
		const frames = 3
		d := newLZX(minWindowBits+int(window)%(maxWindowBits-minWindowBits+1), frames*frameSize)
		for i := range frames {
			n := len(data) * (i + 1) / frames
			if i == 0 {
				n = min(int(cut), len(data))
			}
			src := append(make([]byte, 0, n+slack), data[:min(n, 0xFFFF)]...)
			clear(src[len(src):cap(src)])
			out, err := d.frame(src, frameSize)
			if err != nil {
				return
			}
			if len(out) != frameSize {
				t.Fatalf("frame of %d bytes", len(out))
			}
		}
	})
}

func TestE8(t *testing.T) {
	call := func(v int32) []byte { return binary.LittleEndian.AppendUint32([]byte{e8Opcode}, uint32(v)) }
	tail := make([]byte, e8Tail)
	for _, tt := range []struct {
		name     string
		size     int32
		frame    int // number
		in, want []byte
	}{
		{"off", 0, 0, call(100), call(100)},
		{"at the start", 1000, 0, call(100), call(100)},
		{"target before the size", 1000, 1, call(999), call(999 - frameSize)},
		{"target at the size", 1000, 1, call(1000), call(1000)},
		{"negative target", 1000, 1, call(-1), call(999)},
		{"least target", 1000, 1, call(-frameSize), call(1000 - frameSize)},
		{"target too low", 1000, 1, call(-frameSize - 1), call(-frameSize - 1)},
		{"last frame", 1 << 30, e8Frames - 1, call(0), call(-(e8Frames - 1) * frameSize)},
		{"after the last frame", 1 << 30, e8Frames, call(0), call(0)},
		{"two", 1000, 1, append(call(5), call(10)...), append(call(5-frameSize), call(10-frameSize-5)...)},
		{"opcodes in a target are not opcodes", 1000, 0, append(call(-0x17171718), call(0)...), append(call(-0x17171718), call(-5)...)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := e8{size: tt.size, frame: tt.frame}
			in := append(bytes.Clone(tt.in), tail...)
			before := bytes.Clone(in)
			if got := e.undo(in); !bytes.Equal(got, append(bytes.Clone(tt.want), tail...)) {
				t.Errorf("got % x, want % x", got, tt.want)
			}
			if !bytes.Equal(in, before) {
				t.Error("the window's bytes have changed")
			}
		})
	}
	t.Run("only before the tail", func(t *testing.T) {
		for i := range 2 {
			in := make([]byte, 20)
			in[len(in)-e8Tail-1+i] = e8Opcode
			e := e8{size: 1000, frame: 1}
			if changed := !bytes.Equal(e.undo(in), in); changed != (i == 0) {
				t.Errorf("opcode %d bytes before the end: changed %t", e8Tail+1-i, changed)
			}
		}
	})
	t.Run("short frame", func(t *testing.T) {
		e := e8{size: 1000, frame: 1}
		in := bytes.Repeat([]byte{e8Opcode}, e8Tail)
		if got := e.undo(in); !bytes.Equal(got, in) {
			t.Errorf("got % x, want % x", got, in)
		}
	})
}

// TestBuildTableWorstCase fills a main tree with as many subtables as its
// symbols can make, as wide as codes can make them.
func TestBuildTableWorstCase(t *testing.T) {
	lengths := make([]uint8, 0, mainSymbolsMax)
	for range 320 {
		lengths = append(lengths, mainBits+1, mainBits+1)
	}
	lengths = append(lengths, 12, 13, 14, 15, 16, 16) // one prefix to the bottom
	lengths = append(lengths, 1, 2, 4, 6, 7, 8, 9, 10, 11)
	table := make([]uint32, mainTable)
	sub, err := buildTable(table, mainBits, lengths)
	if err != nil || sub != maxCodeBits-mainBits {
		t.Fatalf("subtables of %d bits, error %v", sub, err)
	}
	for code := range uint32(1 << maxCodeBits) {
		e := table[code>>(maxCodeBits-mainBits)]
		if e&entryLink != 0 {
			e = table[e>>entryShift+code&(1<<sub-1)]
		}
		symbol, length := e>>entryShift, uint8(e&entryLength)
		if int(symbol) >= len(lengths) || lengths[symbol] != length {
			t.Fatalf("bits %016b: symbol %d of %d bits", code, symbol, length)
		}
	}
}
