package store

import (
	"unicode/utf8"

	"sluice/wsus/soap"
	"sluice/wsus/soap/xpress"
)

// A core that is longer than smallCore when it is escaped is kept in wire form,
// in chunks of so many whole blocks that even incompressible ones stay below
// 1 MiB.
const (
	smallCore  = 16 << 10
	chunkPlain = 64 * xpress.BlockSize
)

// wireForm returns the length of a core fragment escaped as element text and,
// where it is long, its chunks.
func wireForm(core []byte) (length int64, chunks [][]byte) {
	if len(core) <= smallCore {
		plain := soap.AppendEscaped(make([]byte, 0, len(core)+len(core)/4), core)
		if len(plain) <= smallCore {
			return int64(len(plain)), nil
		}
	}
	const piece = 64 << 10
	plain := make([]byte, 0, min(chunkPlain, 2*len(core))+2*piece)
	for len(core) > 0 {
		n := runeEnd(core, piece)
		plain = soap.AppendEscaped(plain, core[:n])
		core = core[n:]
		for len(plain) >= chunkPlain || len(core) == 0 && len(plain) > 0 {
			n := min(len(plain), chunkPlain)
			chunks = append(chunks, xpress.AppendEncode(make([]byte, 0, n/4), plain[:n]))
			length += int64(n)
			plain = append(plain[:0], plain[n:]...)
		}
	}
	return length, chunks
}

// runeEnd returns a length of at most n at which no character is cut.
func runeEnd(b []byte, n int) int {
	if n >= len(b) {
		return len(b)
	}
	for i := n; i > n-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			return i
		}
	}
	return n
}
