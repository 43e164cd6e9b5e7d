package offlinescan

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"sluice/wsus/xmllimit"
)

// Bounds of the indexes, which have five levels and short attributes.
const (
	maxDepth = 16
	maxTag   = 64 << 10 // bytes of one tag, or of the text between two
)

// tagReader reads the start tags of an index of any length in constant memory.
// Real ones have some three million of them, so each is cut out of the stream and
// read by itself, without memory of its own. Text is passed over. Names have no
// prefix: a tag that has one is refused, as is anything that an index has no use
// for (document types, CDATA sections, processing instructions).
type tagReader struct {
	br    *bufio.Reader
	s     *xmllimit.Scanner
	tag   []byte
	names map[string]string // so that each name is kept once
	path  []string
	empty bool // the innermost element is an empty-element tag
	any   bool // something was read
}

func newTagReader(r io.Reader) *tagReader {
	return &tagReader{
		br: bufio.NewReaderSize(r, maxTag), s: xmllimit.NewScanner(nil, xmllimit.Limits{}), names: make(map[string]string),
	}
}

var errCutOff = errors.New("it ends before its root element does")

// next returns the names of the open elements, from the root to the one that just
// began, and the start tag of that one. Both are good until the next call. After
// the end of the root, of which only white space may follow, it returns io.EOF.
func (r *tagReader) next() (path []string, t xmllimit.Token, err error) {
	for {
		if r.empty {
			r.path, r.empty = r.path[:len(r.path)-1], false
		}
		if r.any && len(r.path) == 0 {
			return nil, t, r.end()
		}
		if err := r.text(); err != nil {
			return nil, t, err
		}
		if err := r.readTag(); err != nil {
			return nil, t, err
		}
		switch inside := r.tag[1 : len(r.tag)-1]; {
		case bytes.HasPrefix(inside, []byte("?xml ")) && !r.any && len(r.path) == 0:
			if err := declaration(inside); err != nil {
				return nil, t, err
			}
		case bytes.HasPrefix(inside, []byte("!--")):
			if err := r.comment(); err != nil {
				return nil, t, err
			}
		case bytes.HasPrefix(inside, []byte("/")):
			if err := r.close(bytes.TrimRight(inside[1:], " \t\r\n")); err != nil {
				return nil, t, err
			}
		default:
			return r.start()
		}
	}
}

// start reads the start tag in r.tag.
func (r *tagReader) start() ([]string, xmllimit.Token, error) {
	r.s.Reset(r.tag, xmllimit.Limits{Attrs: 64})
	t, err := r.s.Next()
	if err != nil {
		return nil, t, err
	}
	if len(r.path) == maxDepth {
		return nil, t, fmt.Errorf("elements are more than %d deep", maxDepth)
	}
	name, ok := r.names[string(t.Name)]
	if !ok {
		name = string(t.Name)
		if len(r.names) < 1<<10 {
			r.names[name] = name
		}
	}
	r.path, r.any, r.empty = append(r.path, name), true, t.SelfClosing
	return r.path, t, nil
}

func (r *tagReader) close(name []byte) error {
	if len(r.path) == 0 || string(name) != r.path[len(r.path)-1] {
		return errors.New("an end tag does not match its start tag")
	}
	r.path = r.path[:len(r.path)-1]
	return nil
}

// text reads up to the next tag.
func (r *tagReader) text() error {
	b, err := r.br.ReadSlice('<')
	switch {
	case err == bufio.ErrBufferFull:
		return fmt.Errorf("a text is longer than %d bytes", maxTag)
	case err == io.EOF:
		return errCutOff
	case err != nil:
		return err
	}
	if b = b[:len(b)-1]; len(b) == 0 {
		return nil
	}
	if !r.any {
		b = bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF"))
	}
	switch {
	case xmllimit.IsSpace(b):
		return nil
	case len(r.path) == 0:
		return errors.New("it is not XML in UTF-8")
	}
	r.tag = append(append(append(r.tag[:0], "<a>"...), b...), "</a>"...)
	return xmllimit.Check(r.tag, xmllimit.Limits{})
}

// readTag reads a tag into r.tag. A bracket in quotes does not end it.
func (r *tagReader) readTag() error {
	r.tag = append(r.tag[:0], '<')
	var quote byte
	for {
		b, err := r.br.ReadSlice('>')
		switch {
		case err == io.EOF:
			return errCutOff
		case err != nil && err != bufio.ErrBufferFull:
			return err
		case len(r.tag)+len(b) > maxTag:
			return fmt.Errorf("a tag is longer than %d bytes", maxTag)
		}
		if r.tag = append(r.tag, b...); r.tag[1] == '!' && err == nil {
			return nil
		}
		for _, c := range b {
			switch {
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case c == quote:
				quote = 0
			}
		}
		if quote == 0 && err == nil {
			return nil
		}
	}
}

// comment reads on to the end of the comment that r.tag begins.
func (r *tagReader) comment() error {
	const open, end = "<!--", "-->"
	for len(r.tag) < len(open)+len(end) || !bytes.HasSuffix(r.tag, []byte(end)) {
		b, err := r.br.ReadSlice('>')
		switch {
		case err == io.EOF:
			return errCutOff
		case err != nil && err != bufio.ErrBufferFull:
			return err
		case len(r.tag)+len(b) > maxTag:
			return fmt.Errorf("a comment is longer than %d bytes", maxTag)
		}
		r.tag = append(r.tag, b...)
	}
	return xmllimit.Check(r.tag, xmllimit.Limits{Fragment: true})
}

// declaration checks that an XML declaration names no encoding but UTF-8.
func declaration(b []byte) error {
	_, encoding, ok := bytes.Cut(bytes.ToLower(b), []byte("encoding"))
	if ok && !bytes.Contains(encoding, []byte("utf-8")) || !bytes.HasSuffix(b, []byte("?")) {
		return errors.New("it is not XML in UTF-8")
	}
	return nil
}

// end checks that only white space follows the root, and little of it.
func (r *tagReader) end() error {
	for range 1 << 10 {
		c, err := r.br.ReadByte()
		switch {
		case err != nil:
			return err
		case c != ' ' && c != '\r' && c != '\n' && c != '\t':
			return errors.New("something follows its root element")
		}
	}
	return errors.New("a long run of white space follows its root element")
}

// attribute returns the value of an attribute, empty where there is none.
func attribute(t *xmllimit.Token, name string) string {
	raw, _ := t.Attr(name)
	return xmllimit.String(raw)
}
