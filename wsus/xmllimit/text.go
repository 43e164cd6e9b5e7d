package xmllimit

import (
	"bytes"
	"unicode/utf8"
)

var (
	cdataOpen    = []byte("<![CDATA[")
	cdataClose   = []byte("]]>")
	commentOpen  = []byte("<!--")
	commentClose = []byte("-->")
)

// text reads a run of character data and CDATA sections inside of an element.
func (s *Scanner) text(t *Token) error {
	b, start := s.b, s.pos
	i := start
scan:
	for {
		for i < len(b) && class[b[i]]&textStop == 0 {
			i++
		}
		if i == len(b) {
			break
		}
		n := 1
		switch c := b[i]; {
		case c == '<':
			if !bytes.HasPrefix(b[i:], cdataOpen) {
				break scan
			}
			end := bytes.Index(b[i:], cdataClose)
			if end < 0 {
				return s.syntax(i, "CDATA section without an end")
			}
			if at, ok := badChar(b[i : i+end]); ok {
				return s.syntax(i+at, "illegal character or invalid UTF-8")
			}
			n = end + len(cdataClose)
		case c == '&':
			if n = referenceLen(b[i:]); n == 0 {
				return s.syntax(i, "unknown entity or bad character reference")
			}
		case c == ']':
			if bytes.HasPrefix(b[i:], cdataClose) {
				return s.syntax(i, "']]>' in character data")
			}
		default:
			if n = charLen(b[i:]); n == 0 {
				return s.syntax(i, "illegal character or invalid UTF-8")
			}
		}
		i += n
	}
	if i-start > s.lim.TextBytes {
		return s.limit("bytes of character data", s.lim.TextBytes, start)
	}
	s.pos = i
	t.Kind, t.Data, t.Offset = Text, b[start:i], int64(start)
	return nil
}

// comment passes over a comment.
func (s *Scanner) comment() error {
	body := s.pos + len(commentOpen)
	end := bytes.Index(s.b[body:], commentClose[:2])
	if end < 0 {
		return s.syntax(s.pos, "comment without an end")
	}
	if !bytes.HasPrefix(s.b[body+end:], commentClose) {
		return s.syntax(body+end, "'--' in a comment")
	}
	if at, ok := badChar(s.b[body : body+end]); ok {
		return s.syntax(body+at, "illegal character or invalid UTF-8")
	}
	s.pos = body + end + len(commentClose)
	return nil
}

// badChar returns where b first holds something that is no character of XML.
func badChar(b []byte) (at int, ok bool) {
	for i := 0; i < len(b); {
		if c := b[i]; c >= ' ' && c < utf8.RuneSelf {
			i++
			continue
		}
		n := charLen(b[i:])
		if n == 0 {
			return i, true
		}
		i += n
	}
	return 0, false
}

// referenceLen returns the length of the reference that b, beginning with '&', begins
// with, or 0 when it is none that is accepted.
func referenceLen(b []byte) int {
	_, n := reference(b)
	return n
}

// reference decodes the reference that b, beginning with '&', begins with. Its length
// is 0 when it is none that is accepted.
func reference(b []byte) (r rune, n int) {
	switch {
	case begins(b, "&lt;"):
		return '<', 4
	case begins(b, "&gt;"):
		return '>', 4
	case begins(b, "&amp;"):
		return '&', 5
	case begins(b, "&quot;"):
		return '"', 6
	case begins(b, "&apos;"):
		return '\'', 6
	}
	if len(b) < 2 || b[1] != '#' {
		return 0, 0
	}
	base, i := rune(10), 2
	if len(b) > 2 && b[2] == 'x' {
		base, i = 16, 3
	}
	first := i
	for ; i < len(b) && b[i] != ';'; i++ {
		d := digit(b[i])
		if d >= base {
			return 0, 0
		}
		if r = r*base + d; r > utf8.MaxRune {
			return 0, 0
		}
	}
	if i == first || i >= len(b) || !isChar(r) {
		return 0, 0
	}
	return r, i + 1
}

func begins(b []byte, s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }

// digit returns the value of a hexadecimal digit, or one past any base.
func digit(c byte) rune {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'a' <= c && c <= 'f':
		return rune(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return rune(c-'A') + 10
	}
	return 255
}

// AppendUnescaped appends the decoded form of a raw value to dst: references are
// resolved, CDATA sections opened, and line ends become "\n" (XML 1.0, section 2.11).
// White space in attribute values is otherwise kept as it is. It is meant for values
// that a Scanner returned; in others, what is no accepted reference is copied.
func AppendUnescaped(dst, raw []byte) []byte {
	for len(raw) > 0 {
		i := 0
		for i < len(raw) && raw[i] != '&' && raw[i] != '<' && raw[i] != '\r' {
			i++
		}
		dst = append(dst, raw[:i]...)
		if raw = raw[i:]; len(raw) == 0 {
			break
		}
		n := 1
		switch raw[0] {
		case '&':
			r, length := reference(raw)
			if length == 0 {
				dst = append(dst, '&')
				break
			}
			dst, n = utf8.AppendRune(dst, r), length
		case '\r':
			dst, n = append(dst, '\n'), lineEnd(raw)
		default:
			if !bytes.HasPrefix(raw, cdataOpen) {
				dst = append(dst, '<')
				break
			}
			body := raw[len(cdataOpen):]
			end := bytes.Index(body, cdataClose)
			if end < 0 {
				return append(dst, raw...)
			}
			dst, n = appendLines(dst, body[:end]), len(cdataOpen)+end+len(cdataClose)
		}
		raw = raw[n:]
	}
	return dst
}

// appendLines appends b with its line ends made "\n".
func appendLines(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '\r')
		if i < 0 {
			return append(dst, b...)
		}
		dst = append(append(dst, b[:i]...), '\n')
		b = b[i+lineEnd(b[i:]):]
	}
}

// lineEnd returns the length of the line end that b, beginning with '\r', begins with.
func lineEnd(b []byte) int {
	if len(b) > 1 && b[1] == '\n' {
		return 2
	}
	return 1
}

// Unescape returns the decoded form of a raw value as AppendUnescaped does. When
// nothing is to be decoded it returns raw itself and leaves dst alone; otherwise it
// decodes into dst[:0].
func Unescape(dst, raw []byte) []byte {
	if !bytes.ContainsAny(raw, "&<\r") {
		return raw
	}
	return AppendUnescaped(dst[:0], raw)
}

// String returns the decoded form of a raw value as AppendUnescaped does.
func String(raw []byte) string {
	return string(Unescape(nil, raw))
}

// IsSpace reports whether raw holds nothing but white space, written as such.
func IsSpace(raw []byte) bool {
	for _, c := range raw {
		if class[c]&space == 0 {
			return false
		}
	}
	return true
}
