package syncml

import "unicode/utf8"

// escapes has what stands for the characters of ASCII that XML does not have
// written as they are. A carriage return would be read as a line feed.
var escapes = [utf8.RuneSelf]string{
	'&': "&amp;", '<': "&lt;", '>': "&gt;", '"': "&quot;", '\r': "&#13;",
}

// plain tells the bytes that are written as they are and need no look.
var plain = func() (t [256]bool) {
	for c := range utf8.RuneSelf {
		t[c] = (c >= ' ' || c == '\t' || c == '\n') && escapes[c] == ""
	}
	return t
}()

// appendEscaped appends s as character data or as the value of an attribute. It
// reports false where s is not text.
func appendEscaped(dst []byte, s string) ([]byte, bool) {
	for {
		i := 0
		for i < len(s) && plain[s[i]] {
			i++
		}
		dst = append(dst, s[:i]...)
		if s = s[i:]; s == "" {
			return dst, true
		}
		n := charLen(s)
		switch {
		case n == 0:
			return dst, false
		case n == 1:
			dst = append(dst, escapes[s[0]]...)
		default:
			dst = append(dst, s[:n]...)
		}
		s = s[n:]
	}
}

// escapedLen returns how many bytes appendEscaped would append of a text.
func escapedLen(s string) int {
	n := len(s)
	for i := range len(s) {
		if !plain[s[i]] && s[i] < utf8.RuneSelf {
			n += max(0, len(escapes[s[i]])-1)
		}
	}
	return n
}

// isText reports whether s consists of characters of XML 1.0, in UTF-8.
func isText[T string | []byte](s T) bool {
	for i := 0; i < len(s); {
		if plain[s[i]] {
			i++
			continue
		}
		n := charLen(string(s[i:min(len(s), i+utf8.UTFMax)]))
		if n == 0 {
			return false
		}
		i += n
	}
	return true
}

// charLen returns the length of the character of XML 1.0 that s begins with, or 0.
func charLen(s string) int {
	if c := s[0]; c < utf8.RuneSelf {
		if plain[c] || escapes[c] != "" {
			return 1
		}
		return 0
	}
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n < 2 || r == 0xFFFE || r == 0xFFFF {
		return 0
	}
	return n
}

// isName reports whether s can be the name of an element. Of what XML allows it
// takes ASCII, without a colon.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}
