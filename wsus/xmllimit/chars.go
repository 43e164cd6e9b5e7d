package xmllimit

import "unicode/utf8"

// Classes of ASCII bytes, as bits of the table class.
const (
	nameStart = 1 << iota // may begin a name
	namePart              // may follow in a name
	textStop              // needs a look when met in character data
	attrStop              // needs a look when met in an attribute value
	space                 // white space of XML
)

// class tells the scanner's loops which bytes they may pass without a look.
var class = buildClass()

func buildClass() (t [256]uint8) {
	for c := range 256 {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_', c == ':':
			t[c] = nameStart | namePart
		case '0' <= c && c <= '9', c == '-', c == '.':
			t[c] = namePart
		case c == ' ', c == '\t', c == '\n', c == '\r':
			t[c] = space
		case c < ' ', c >= utf8.RuneSelf:
			t[c] = textStop | attrStop
		}
	}
	for _, c := range "<&]" {
		t[c] |= textStop
	}
	for _, c := range "<&'\"" {
		t[c] |= attrStop
	}
	return t
}

// runeSpan is a closed range of code points.
type runeSpan struct{ lo, hi rune }

// nameStartSpans are the code points beyond ASCII that may begin a name
// (XML 1.0, production 4).
var nameStartSpans = [...]runeSpan{
	{0xC0, 0xD6}, {0xD8, 0xF6}, {0xF8, 0x2FF}, {0x370, 0x37D}, {0x37F, 0x1FFF},
	{0x200C, 0x200D}, {0x2070, 0x218F}, {0x2C00, 0x2FEF}, {0x3001, 0xD7FF},
	{0xF900, 0xFDCF}, {0xFDF0, 0xFFFD}, {0x10000, 0xEFFFF},
}

// namePartSpans are the further ones that may follow (production 4a).
var namePartSpans = [...]runeSpan{{0xB7, 0xB7}, {0x300, 0x36F}, {0x203F, 0x2040}}

func within(r rune, spans []runeSpan) bool {
	for _, s := range spans {
		if s.lo <= r && r <= s.hi {
			return true
		}
	}
	return false
}

// isChar reports whether r is a character of XML 1.0 (production 2).
func isChar(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	case r < 0xD800:
		return true
	case r < 0xE000, r == 0xFFFE, r == 0xFFFF:
		return false
	}
	return r <= utf8.MaxRune
}

// charLen returns the length of the legal character that b begins with, or 0.
func charLen(b []byte) int {
	r, n := utf8.DecodeRune(b)
	if r == utf8.RuneError && n < 2 || !isChar(r) {
		return 0
	}
	return n
}

// nameLen returns the length of the name that b begins with, or 0.
func nameLen(b []byte) int {
	i := 0
	for i < len(b) {
		c := b[i]
		if class[c]&namePart != 0 && (i > 0 || class[c]&nameStart != 0) {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			break
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n < 2 {
			break
		}
		if !within(r, nameStartSpans[:]) && (i == 0 || !within(r, namePartSpans[:])) {
			break
		}
		i += n
	}
	return i
}

// isNameStart reports whether b begins with a character that may begin a name.
func isNameStart(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	if b[0] < utf8.RuneSelf {
		return class[b[0]]&nameStart != 0
	}
	r, _ := utf8.DecodeRune(b)
	return within(r, nameStartSpans[:])
}
