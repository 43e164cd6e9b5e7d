package cabinet

import "errors"

// Table widths of the LZX trees. A code of at most that many bits is decoded
// by one lookup, a longer one by a second in a subtable.
const (
	maxCodeBits  = 16
	mainBits     = 11
	lengthBits   = 11
	alignedBits  = 7 // the longest aligned code
	pretreeBits  = 8
	mainTable    = 1 << 14
	lengthTable  = 1 << 13
	alignedTable = 1 << alignedBits
	pretreeTable = 1 << 11
)

// An entry of a decoding table holds the code's length in its low bits and the
// symbol above them; or, flagged as a link, where the subtable starts.
const (
	entryLink   = 0x80
	entryLength = 0x1F
	entryShift  = 8
)

// emptyCode is the symbol of every code of a tree without codes. It is larger
// than any real one, so that a match length or an offset made of it is refused.
const emptyCode = 0xFFFF

var errTree = errors.New("LZX: a Huffman tree is not complete")

// buildTable fills table with the canonical Huffman code of the given lengths
// (0 to 16) and returns the width of its subtables. The first 1<<width entries
// are indexed by the next width bits. Subtables lie behind, one for each prefix
// that a longer code has, all indexed by the next sub bits.
//
// A complete code has at most n/2 such prefixes of n symbols, which is how the
// table sizes above come about: 1<<width + n/2<<(16-width) entries.
func buildTable(table []uint32, width uint, lengths []uint8) (sub uint, err error) {
	var count [maxCodeBits + 1]int
	for _, l := range lengths {
		count[l]++
	}
	if count[0] == len(lengths) {
		for i := range table[:1<<width] {
			table[i] = emptyCode<<entryShift | 1
		}
		return 0, nil
	}
	var next [maxCodeBits + 2]int // index in sorted of the next symbol of a length
	used, longest := 0, uint(0)
	for l := 1; l <= maxCodeBits; l++ {
		next[l+1] = next[l] + count[l]
		used += count[l] << (maxCodeBits - l)
		if count[l] > 0 {
			longest = uint(l)
		}
	}
	if used != 1<<maxCodeBits {
		return 0, errTree
	}
	var sorted [mainSymbolsMax]uint16
	for s, l := range lengths {
		if l > 0 {
			sorted[next[l]] = uint16(s)
			next[l]++
		}
	}
	// Canonical codes in order tile the table without gaps.
	at, i := 0, 0
	for l := uint(1); l <= min(width, longest); l++ {
		for range count[l] {
			e := uint32(sorted[i])<<entryShift | uint32(l)
			span := table[at : at+1<<(width-l)]
			for j := range span {
				span[j] = e
			}
			at += len(span)
			i++
		}
	}
	if longest <= width {
		return 0, nil
	}
	sub = longest - width
	for p := range 1<<width - at {
		table[at+p] = uint32(1<<width+p<<sub)<<entryShift | entryLink
	}
	at = 1 << width
	for l := width + 1; l <= longest; l++ {
		for range count[l] {
			e := uint32(sorted[i])<<entryShift | uint32(l)
			span := table[at : at+1<<(longest-l)]
			for j := range span {
				span[j] = e
			}
			at += len(span)
			i++
		}
	}
	return sub, nil
}
