package export

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// wide is text in UTF-16, little endian.
func wide(s string) []byte {
	units := utf16.Encode([]rune(s))
	b := make([]byte, 0, 2*len(units))
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// windows ends lines as Windows does, in UTF-16 with a byte order mark.
func windows(lines []string) []byte {
	return wide("\ufeff" + strings.Join(lines, "\r\n") + "\r\n")
}

// before puts the same before each line.
func before(prefix string, lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = prefix + l
	}
	return out
}
