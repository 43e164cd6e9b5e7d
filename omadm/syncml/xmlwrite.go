package syncml

import (
	"fmt"
	"unicode/utf8"
)

// Namespaces and the attribute of a Status that Windows writes (MS-MDM 2.2.5.1).
const (
	rootStart   = `<SyncML xmlns="SYNCML:SYNCML1.2">`
	metInfSpace = ` xmlns="syncml:metinf"`
	causeStart  = `<Data xmlns:msft="http://schemas.microsoft.com/MobileDevice/MDM" msft:originalerror="`
)

// EncodeXML writes a message in XML as Windows wants it: the namespace of SyncML
// 1.2, that of MetInf on each child of a Meta, and children in the order of the
// DTD. Equal messages give equal bytes. A field that its command cannot have and a
// character that XML cannot carry are errors.
func EncodeXML(m *Message) ([]byte, error) {
	return AppendXML(make([]byte, 0, 2<<10), m)
}

// AppendXML is [EncodeXML] to the end of dst. On an error dst is returned as it was.
func AppendXML(dst []byte, m *Message) ([]byte, error) {
	w := &xmlWriter{b: dst}
	e := emitter{sink: w}
	if err := e.message(m); err != nil {
		return dst, err
	}
	return w.b, nil
}

// xmlWriter writes XML.
type xmlWriter struct {
	b       []byte
	problem error
}

func (w *xmlWriter) open(t tag) {
	if t == tagSyncML {
		w.b = append(w.b, rootStart...)
		return
	}
	w.b = append(append(append(w.b, '<'), tagNames[t]...), '>')
}

func (w *xmlWriter) close(t tag) {
	w.b = append(append(append(w.b, "</"...), tagNames[t]...), '>')
}

func (w *xmlWriter) leaf(t tag, text string) {
	w.b = append(append(w.b, '<'), tagNames[t]...)
	if t.inMetInf() {
		w.b = append(w.b, metInfSpace...)
	}
	if text == "" {
		w.b = append(w.b, "/>"...)
		return
	}
	w.b = append(w.b, '>')
	w.escaped(t, text)
	w.close(t)
}

func (w *xmlWriter) value(t tag, data string) { w.leaf(t, data) }

func (w *xmlWriter) failed(text, cause string) {
	w.b = append(w.b, causeStart...)
	w.escaped(tagData, cause)
	w.b = append(w.b, `">`...)
	w.escaped(tagData, text)
	w.close(tagData)
}

func (w *xmlWriter) escaped(t tag, s string) {
	var ok bool
	if w.b, ok = appendEscaped(w.b, s); !ok && w.problem == nil {
		w.problem = fmt.Errorf("%s: %w", t, errCharacter)
	}
}

func (w *xmlWriter) err() error { return w.problem }

// escapes has what stands for the characters of ASCII that are not written as
// they are; a control character that XML cannot carry has an empty one.
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
// reports false where s holds what is no character of XML 1.0.
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
		if c := s[0]; c < utf8.RuneSelf {
			if escapes[c] == "" {
				return dst, false
			}
			dst, s = append(dst, escapes[c]...), s[1:]
			continue
		}
		n := charLen(s)
		if n == 0 {
			return dst, false
		}
		dst, s = append(dst, s[:n]...), s[n:]
	}
}

// charLen returns the length of the character of XML 1.0 beyond ASCII that s
// begins with, or 0.
func charLen(s string) int {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n < 2 || r == 0xFFFE || r == 0xFFFF {
		return 0
	}
	return n
}
