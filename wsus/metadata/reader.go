package metadata

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"sluice/wsus/update"
	"sluice/wsus/xmllimit"
)

// reader collects a revision from the tokens of a document or of fragments. With a
// rewriter it copies what it reads there.
type reader struct {
	s        *xmllimit.Scanner
	w        *rewriter // nil while nothing is to be copied
	fragment bool      // names are spelled as in fragments
	rev      *update.Revision
	eulas    []update.File
	ids      int // identities counted so far, over all relationships
	scratch  []byte
}

// next returns the next token, copied.
func (p *reader) next() (xmllimit.Token, error) {
	t, err := p.s.Next()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return t, err
		}
		return t, fmt.Errorf("read update metadata: %w", err)
	}
	if p.w != nil {
		if err := p.w.token(&t, p.s.Depth()); err != nil {
			return t, err
		}
	}
	return t, nil
}

// each calls visit with the start of every child of the innermost open element, or
// of every root when none is open, and reads on to the end of it. What visit leaves
// of a child is read over.
func (p *reader) each(visit func(*xmllimit.Token) error) error {
	depth := p.s.Depth()
	var t xmllimit.Token // outside of the loop: it is allocated, as visit gets its address
	for {
		var err error
		t, err = p.next()
		switch {
		case err != nil:
			if depth == 0 && errors.Is(err, io.EOF) {
				return nil
			}
			return err
		case t.Kind == xmllimit.End:
			return nil
		case t.Kind == xmllimit.Start:
			if err := visit(&t); err != nil {
				return err
			}
			if err := p.leave(depth); err != nil {
				return err
			}
		}
	}
}

// leave reads until no more than depth elements are open.
func (p *reader) leave(depth int) error {
	for p.s.Depth() > depth {
		if _, err := p.next(); err != nil {
			return err
		}
	}
	return nil
}

// text reads to the end of the innermost open element, called name, and returns the
// character data directly inside it, as fragments have it: white space beside
// anything else does not count.
func (p *reader) text(element, name string) (string, error) {
	depth := p.s.Depth()
	b, blank, mixed := p.scratch[:0], []byte(nil), false
	for p.s.Depth() >= depth {
		t, err := p.next()
		switch {
		case err != nil:
			return "", err
		case t.Kind == xmllimit.Start:
			mixed = true
		case t.Kind != xmllimit.Text || p.s.Depth() != depth:
		case xmllimit.IsSpace(t.Data):
			blank = t.Data
		default:
			b = xmllimit.AppendUnescaped(b, t.Data)
		}
	}
	if len(b) == 0 && !mixed {
		b = xmllimit.AppendUnescaped(b, blank)
	}
	p.scratch = b[:0]
	if len(b) > MaxText {
		return "", &Error{Element: element, Field: name, Err: ErrTooLong}
	}
	return string(b), nil
}

// is reports whether t is the element called name in fragments.
func (p *reader) is(t *xmllimit.Token, name string) bool { return nameIs(t, name, p.fragment) }

// attribute returns the decoded value of the unprefixed attribute called name of
// the element.
func attribute(t *xmllimit.Token, name string) (value string, ok bool, err error) {
	raw, ok := t.Attr(name)
	if len(raw) > MaxText {
		return "", false, &Error{Element: elementName(t), Field: name, Err: ErrTooLong}
	}
	return decodeAttribute(raw), ok, nil
}

// decodeAttribute decodes a raw attribute value: like xmllimit.String, but white
// space written literally becomes spaces (XML 1.0, section 3.3.3).
func decodeAttribute(raw []byte) string {
	if bytes.ContainsAny(raw, "\t\n\r") {
		spaced := bytes.ReplaceAll(raw, []byte("\r\n"), []byte{' '})
		for i, c := range spaced {
			if c == '\t' || c == '\n' || c == '\r' {
				spaced[i] = ' '
			}
		}
		raw = spaced
	}
	return xmllimit.String(raw)
}

// elementName returns how fragments call the element, for messages.
func elementName(t *xmllimit.Token) string {
	local := t.Local()
	const longest = 64
	return dotPrefix(t.Space) + string(local[:min(len(local), longest)])
}
