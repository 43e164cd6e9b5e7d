package metadata

import (
	"bytes"
	"fmt"

	"sluice/wsus/xmllimit"
)

// rewriter writes tokens of a document as the server's fragments have them. It
// appends to buf; a nil *rewriter writes nothing.
type rewriter struct {
	buf     []byte
	open    bool   // a start tag was begun and waits for what follows
	blank   []byte // white space directly behind that start tag
	foreign int    // depth of the outermost element that declares a foreign default namespace
	muted   int    // depth of the element whose content is left out

	rename   string // what the element at depth renameAt is called; its own name when empty
	renameAt int

	scratch, decoded []byte
}

// token writes one token; depth is the scanner's, after the token.
func (w *rewriter) token(t *xmllimit.Token, depth int) error {
	if w == nil {
		return nil
	}
	if w.muted > 0 {
		if t.Kind != xmllimit.End || depth >= w.muted {
			return nil
		}
		w.muted = 0
	}
	switch t.Kind {
	case xmllimit.Start:
		w.settle()
		w.buf = w.appendName(append(w.buf, '<'), t, depth)
		w.open = true
		return w.attributes(t, depth)
	case xmllimit.End:
		if depth < w.foreign {
			w.foreign = 0
		}
		w.end(t, depth+1)
	case xmllimit.Text:
		w.text(t.Data)
	}
	return nil
}

// mute leaves out everything inside the element whose start tag was just written,
// at that depth.
func (w *rewriter) mute(depth int) {
	if w != nil && w.muted == 0 {
		w.muted = depth
	}
}

// appendName appends the name of the element at depth to dst.
func (w *rewriter) appendName(dst []byte, t *xmllimit.Token, depth int) []byte {
	if w.rename != "" && depth == w.renameAt {
		return append(dst, w.rename...)
	}
	return append(append(dst, dotPrefix(t.Space)...), t.Local()...)
}

// settle ends the start tag before content.
func (w *rewriter) settle() {
	if w.open {
		w.buf = append(w.buf, '>')
		w.open, w.blank = false, nil
	}
}

func (w *rewriter) end(t *xmllimit.Token, depth int) {
	if w.open && len(w.blank) == 0 {
		w.buf = append(w.buf, " />"...)
		w.open = false
		return
	}
	if w.open {
		blank := w.blank
		w.settle()
		w.buf = w.appendText(w.buf, blank)
	}
	w.buf = append(w.appendName(append(w.buf, "</"...), t, depth), '>')
}

// text writes a run of character data. White space stays only where it is all that
// an element holds.
func (w *rewriter) text(raw []byte) {
	if xmllimit.IsSpace(raw) {
		if w.open {
			w.blank = raw
		}
		return
	}
	if w.scratch = w.appendText(w.scratch[:0], raw); len(w.scratch) == 0 {
		return // an empty CDATA section
	}
	w.settle()
	w.buf = append(w.buf, w.scratch...)
}

// appendText appends character data, decoded and escaped anew, to dst.
func (w *rewriter) appendText(dst, raw []byte) []byte {
	if !bytes.ContainsAny(raw, "&<>\r") {
		return append(dst, raw...)
	}
	w.decoded = xmllimit.AppendUnescaped(w.decoded[:0], raw)
	for _, c := range w.decoded {
		switch c {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '\r':
			dst = append(dst, "&#xD;"...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// attributes writes the attributes of a start tag.
func (w *rewriter) attributes(t *xmllimit.Token, depth int) error {
	for i := range t.Attrs {
		a := &t.Attrs[i]
		if a.DeclaresNamespace() {
			w.declaration(a, depth)
			continue
		}
		if a.Prefix() != nil {
			if err := clash(t, i); err != nil {
				return err
			}
		}
		w.attribute(a.Local(), a.Value)
	}
	return nil
}

// declaration keeps a default declaration of a foreign namespace, and inside of one
// that which takes it back.
func (w *rewriter) declaration(a *xmllimit.Attr, depth int) {
	if a.Prefix() != nil {
		return
	}
	switch space := xmllimit.String(a.Value); {
	case isForeign(space):
		if w.foreign == 0 {
			w.foreign = depth
		}
	case space != "" || w.foreign == 0:
		return
	}
	w.attribute(a.Name, a.Value)
}

// clash refuses an attribute that would have the name of another once its prefix is
// gone, or would become a namespace declaration.
func clash(t *xmllimit.Token, i int) error {
	local := t.Attrs[i].Local()
	if string(local) == "xmlns" {
		return &Error{Element: string(t.Local()), Field: "xmlns", Err: ErrRepeated}
	}
	for j := range t.Attrs {
		if j != i && !t.Attrs[j].DeclaresNamespace() && bytes.Equal(t.Attrs[j].Local(), local) {
			return &Error{Element: string(t.Local()), Field: string(local), Err: fmt.Errorf("%w without its prefix", ErrRepeated)}
		}
	}
	return nil
}

func (w *rewriter) attribute(name, raw []byte) {
	w.buf = append(append(append(w.buf, ' '), name...), '=', '"')
	w.buf = appendAttribute(w.buf, raw)
	w.buf = append(w.buf, '"')
}

// appendAttribute appends a raw attribute value, decoded and escaped anew.
func appendAttribute(dst, raw []byte) []byte {
	for len(raw) > 0 {
		n := 0
		for n < len(raw) && !attributeStop[raw[n]] {
			n++
		}
		dst = append(dst, raw[:n]...)
		if raw = raw[n:]; len(raw) == 0 {
			break
		}
		n = 1
		switch raw[0] {
		case '>':
			dst = append(dst, "&gt;"...)
		case '"':
			dst = append(dst, "&quot;"...)
		case '\t', '\n':
			dst = append(dst, ' ')
		case '\r':
			dst = append(dst, ' ')
			if len(raw) > 1 && raw[1] == '\n' {
				n = 2
			}
		case '&':
			n = bytes.IndexByte(raw, ';') + 1
			if n == 0 {
				n = len(raw) // not reached: the scanner accepts complete references only
			}
			dst = appendReferenced(dst, raw[:n])
		}
		raw = raw[n:]
	}
	return dst
}

// attributeStop marks the bytes of a raw attribute value that are not copied as they
// are.
var attributeStop = [256]bool{'&': true, '>': true, '"': true, '\t': true, '\n': true, '\r': true}

// appendReferenced appends what a reference stands for.
func appendReferenced(dst, ref []byte) []byte {
	from := len(dst)
	dst = xmllimit.AppendUnescaped(dst, ref)
	if len(dst) != from+1 {
		return dst
	}
	escaped := ""
	switch dst[from] {
	case '&':
		escaped = "&amp;"
	case '<':
		escaped = "&lt;"
	case '>':
		escaped = "&gt;"
	case '"':
		escaped = "&quot;"
	case '\t':
		escaped = "&#x9;"
	case '\n':
		escaped = "&#xA;"
	case '\r':
		escaped = "&#xD;"
	default:
		return dst
	}
	return append(dst[:from], escaped...)
}
