package syncml

import (
	"bytes"
	"fmt"
	"strings"
)

// wbxmlReader walks over WBXML.
type wbxmlReader struct {
	wbxmlSource
	depth   int
	page    byte
	empty   bool // the element on top has no content
	buf     []byte
	written []byte
	caused  string
	at      int
}

// DecodeWBXML reads a message in WBXML 1.1 to 1.3, in UTF-8 or US-ASCII, as
// [DecodeXML] reads XML. A value that came as opaque bytes is those bytes.
func DecodeWBXML(data []byte) (*Message, error) {
	if len(data) > MaxBytes {
		return nil, &LimitError{What: "bytes", Limit: MaxBytes}
	}
	r := &wbxmlReader{wbxmlSource: wbxmlSource{b: data}}
	if err := r.header(); err != nil {
		return nil, err
	}
	return decode(r)
}

// next appends the character data up to the next start or end of an element to
// text. It opens the element and returns it, or closes one and returns none.
func (r *wbxmlReader) next(text []byte) ([]byte, tag, error) {
	if r.empty {
		r.empty = false
		r.depth--
		return text, none, nil
	}
	for {
		at := r.pos
		c, err := r.next8()
		if err != nil {
			return text, none, err
		}
		switch {
		case c == tokenSwitchPage:
			r.page, err = r.next8()
		case c == tokenEnd && r.depth == 0:
			err = r.syntax(at, "END without an element")
		case c == tokenEnd:
			r.depth--
			return text, none, nil
		case c&^(hasContent|hasAttributes) >= tokenLiteral:
			t, err := r.start(c, at)
			return text, t, err
		default:
			text, err = r.piece(text, c, at)
		}
		if err != nil {
			return text, none, err
		}
	}
}

// start opens the element that begins with the token c at at.
func (r *wbxmlReader) start(c byte, at int) (tag, error) {
	if r.depth++; r.depth > maxDepth {
		return none, &LimitError{What: "levels of elements", Limit: maxDepth}
	}
	r.at, r.caused, r.empty = at, "", c&hasContent == 0
	t, err := r.element(tag(c)&tokenMask, at)
	if err != nil {
		return none, err
	}
	if c&hasAttributes != 0 {
		return t, r.attributes()
	}
	return t, nil
}

// element returns the element that a token stands for, or unknown.
func (r *wbxmlReader) element(token tag, at int) (tag, error) {
	if token == tokenLiteral {
		name, err := r.reference(at)
		if err != nil {
			return none, err
		}
		r.written = name
		if t, ok := tagsByName[string(name)]; ok {
			return t, nil
		}
		return unknown, nil
	}
	if r.page <= 1 {
		t := tag(r.page)<<6 | token
		if r.written = tagBytes[t]; r.written != nil {
			return t, nil
		}
	}
	r.written = fmt.Appendf(nil, "token %#x of page %d", byte(token), r.page)
	return unknown, nil
}

// attributes reads the attributes of the element that starts. SyncML has none but
// those that are written out.
func (r *wbxmlReader) attributes() error {
	var name, value []byte
	keep := func() error {
		local := name[bytes.IndexByte(name, ':')+1:]
		if string(local) != "originalerror" {
			return nil
		}
		if !isText(value) {
			return r.syntax(r.at, "attribute that is no text")
		}
		r.caused = strings.Trim(string(value), blanks)
		return nil
	}
	for {
		at := r.pos
		c, err := r.next8()
		if err != nil {
			return err
		}
		switch c {
		case tokenEnd:
			return keep()
		case tokenSwitchPage:
			_, err = r.next8()
		case tokenLiteral:
			if err = keep(); err == nil {
				name, err = r.reference(at)
				value = nil
			}
		default:
			if name == nil {
				return r.syntax(at, "attribute of no table")
			}
			value, err = r.piece(value, c, at)
		}
		if err != nil {
			return err
		}
	}
}

func (r *wbxmlReader) enter() (tag, error) {
	at := r.pos
	text, t, err := r.next(r.buf[:0])
	r.buf = text
	if err != nil {
		return none, err
	}
	if len(bytes.Trim(text, blanks)) > 0 {
		return none, r.syntax(at, "text between elements")
	}
	return t, nil
}

func (r *wbxmlReader) text(inner tag) ([]byte, error) {
	at, depth := r.pos, r.depth
	r.buf = r.buf[:0]
	for {
		text, t, err := r.next(r.buf)
		r.buf = text
		switch {
		case err != nil:
			return nil, err
		case t == none && r.depth < depth:
			if !isText(text) {
				return nil, r.syntax(at, "bytes that are no text")
			}
			return text, nil
		case t != none && (inner == none || t != inner):
			return nil, r.syntax(r.at, "element %s in a text", quoteName(r.name()))
		case t != none:
			inner = none // one of them
		}
	}
}

func (r *wbxmlReader) data() ([]byte, error) {
	text, t, err := r.next(r.buf[:0])
	r.buf = text
	if err != nil || t == none {
		return text, err
	}
	return r.markup(text, t)
}

// markup returns the XML of a value that begins with text and an element t.
func (r *wbxmlReader) markup(text []byte, t tag) ([]byte, error) {
	var out []byte
	var open []string
	for {
		var ok bool
		if out, ok = appendEscaped(out, string(text)); !ok {
			return nil, r.syntax(r.at, "bytes that are no text among elements")
		}
		switch {
		case t != none:
			name := string(r.name())
			if !isName(name) {
				return nil, r.syntax(r.at, "element %s in a value", quoteName(r.name()))
			}
			space := ""
			if t.inMetInf() {
				space = metInfSpace
			}
			if err := r.spend(2*len(name) + len(space)); err != nil {
				return nil, err
			}
			out = append(append(append(append(out, '<'), name...), space...), '>')
			open = append(open, name)
		case len(open) == 0:
			return bytes.Trim(out, blanks), nil
		default:
			last := len(open) - 1
			out = append(append(append(out, "</"...), open[last]...), '>')
			open = open[:last]
		}
		var err error
		if text, t, err = r.next(r.buf[:0]); err != nil {
			return nil, err
		}
		r.buf = text
	}
}

func (r *wbxmlReader) end() error {
	if r.pos < len(r.b) {
		return r.syntax(r.pos, "bytes after the document")
	}
	return nil
}

// name is that of the element entered last.
func (r *wbxmlReader) name() []byte  { return r.written }
func (r *wbxmlReader) cause() string { return r.caused }
func (r *wbxmlReader) offset() int64 { return int64(r.at) }
