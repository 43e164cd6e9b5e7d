package soap

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"sluice/wsus/xmllimit"
)

// envelopeSpace is the namespace of SOAP 1.1.
const envelopeSpace = "http://schemas.xmlsoap.org/soap/envelope/"

const (
	instanceSpace = "http://www.w3.org/2001/XMLSchema-instance"
	schemaSpace   = "http://www.w3.org/2001/XMLSchema"
	declaration   = `<?xml version="1.0" encoding="utf-8"?>`
	schemaSpaces  = ` xmlns:xsi="` + instanceSpace + `" xmlns:xsd="` + schemaSpace + `"`
)

// Style is the serializer whose text a service writes.
type Style uint8

const (
	// WCF is the style of the client service: prefix s, no declaration, <X/>.
	WCF Style = iota
	// ASMX is the style of the other services: prefix soap, a declaration, <X />.
	ASMX
)

func (st Style) prefix() string {
	if st == ASMX {
		return "soap"
	}
	return "s"
}

// open returns what an answer has in front of the element in Body.
func (st Style) open() string {
	if st == ASMX {
		return declaration + `<soap:Envelope xmlns:soap="` + envelopeSpace + `"` + schemaSpaces + `><soap:Body>`
	}
	return `<s:Envelope xmlns:s="` + envelopeSpace + `"><s:Body` + schemaSpaces + `>`
}

// faultOpen is open for a fault, in which WCF declares less.
func (st Style) faultOpen() string {
	if st == ASMX {
		return st.open()
	}
	return `<s:Envelope xmlns:s="` + envelopeSpace + `"><s:Body>`
}

// close returns what follows the element in Body.
func (st Style) close() string {
	p := st.prefix()
	return "</" + p + ":Body></" + p + ":Envelope>"
}

// emptyEnd returns how a tag without content ends.
func (st Style) emptyEnd() string {
	if st == ASMX {
		return " />"
	}
	return "/>"
}

// Marshal returns the envelope with v, marshalled by encoding/xml, in its Body.
func Marshal(st Style, v any) ([]byte, error) {
	dst, err := appendValue([]byte(st.open()), st, v)
	if err != nil {
		return nil, err
	}
	return append(dst, st.close()...), nil
}

// appendValue appends v as encoding/xml marshals it, with empty elements and escapes
// spelled as st does.
func appendValue(dst []byte, st Style, v any) ([]byte, error) {
	b, err := xml.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("marshal %T: %w", v, err)
	}
	s := xmllimit.NewScanner(b, xmllimit.Limits{})
	open := false // a start tag waits for its end
	var scratch []byte
	for {
		t, err := s.Next()
		if errors.Is(err, io.EOF) {
			return dst, nil
		}
		if err != nil {
			return nil, fmt.Errorf("marshal %T: %w", v, err)
		}
		if open && t.Kind == xmllimit.End {
			dst = append(dst, st.emptyEnd()...)
			open = false
			continue
		}
		if open {
			dst = append(dst, '>')
			open = false
		}
		switch t.Kind {
		case xmllimit.Start:
			dst = append(append(dst, '<'), t.Name...)
			for i := range t.Attrs {
				a := &t.Attrs[i]
				dst = append(append(append(dst, ' '), a.Name...), '=', '"')
				scratch = xmllimit.AppendUnescaped(scratch[:0], a.Value)
				dst = append(appendEscaped(dst, scratch, true), '"')
			}
			open = true
		case xmllimit.End:
			dst = append(append(append(dst, '<', '/'), t.Name...), '>')
		case xmllimit.Text:
			scratch = xmllimit.AppendUnescaped(scratch[:0], t.Data)
			dst = appendEscaped(dst, scratch, false)
		}
	}
}

// AppendEscaped appends text as character data, escaped as real servers do: only '&',
// '<', '>' and carriage returns; quotes stay. What is no character of XML becomes
// U+FFFD.
func AppendEscaped(dst, text []byte) []byte { return appendEscaped(dst, text, false) }

func appendEscaped(dst, text []byte, attribute bool) []byte {
	from := 0
	for i := 0; i < len(text); {
		n, to := 1, ""
		switch c := text[i]; {
		case c == '&':
			to = "&amp;"
		case c == '<':
			to = "&lt;"
		case c == '>':
			to = "&gt;"
		case c == '\r':
			to = "&#xD;"
		case c == '"' && attribute:
			to = "&quot;"
		case c == '\n' && attribute:
			to = "&#xA;"
		case c == '\t' && attribute:
			to = "&#x9;"
		case c < ' ' && c != '\n' && c != '\t':
			to = "\uFFFD"
		case c >= utf8.RuneSelf:
			var r rune
			r, n = utf8.DecodeRune(text[i:])
			if r == utf8.RuneError && n == 1 || r == 0xFFFE || r == 0xFFFF {
				to = "\uFFFD"
			}
		}
		if to != "" {
			dst = append(append(dst, text[from:i]...), to...)
			from = i + n
		}
		i += n
	}
	return append(dst, text[from:]...)
}
