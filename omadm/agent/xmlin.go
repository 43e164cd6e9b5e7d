package agent

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Bounds of what the agent reads of a document.
const (
	maxDepth    = 40
	maxElements = 1 << 17
)

// element is one element of a document with everything in it. It is read
// strictly: one root, tags that match, prefixes that are declared, no attribute
// twice, no document type.
type element struct {
	space, name string
	attrs       []xml.Attr // without namespace declarations; Name.Space is resolved
	children    []*element
	text        string // its own character data, joined
	data        []byte // of text, while it is open
}

const xmlSpace = "http://www.w3.org/XML/1998/namespace"

// parseXML reads a document.
func parseXML(b []byte) (*element, error) {
	if b = bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF")); !utf8.Valid(b) {
		return nil, errors.New("not UTF-8")
	}
	d := xml.NewDecoder(bytes.NewReader(b))
	r := xmlReader{}
	for {
		tok, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return r.finish()
		}
		if err != nil {
			return nil, err
		}
		if err := r.token(tok); err != nil {
			return nil, fmt.Errorf("byte %d: %w", d.InputOffset(), err)
		}
	}
}

type xmlReader struct {
	root   *element
	open   []*element
	raw    []xml.Name          // names of open as written
	scopes []map[string]string // what each of open declares; nil for nothing
	count  int
}

func (r *xmlReader) finish() (*element, error) {
	switch {
	case len(r.open) > 0:
		return nil, fmt.Errorf("element %s is not closed", r.open[len(r.open)-1].name)
	case r.root == nil:
		return nil, errors.New("no element")
	}
	return r.root, nil
}

func (r *xmlReader) token(tok xml.Token) error {
	switch t := tok.(type) {
	case xml.StartElement:
		return r.start(t)
	case xml.EndElement:
		if len(r.open) == 0 || r.raw[len(r.raw)-1] != t.Name {
			return fmt.Errorf("end of %s, which is not open", t.Name.Local)
		}
		last := len(r.open) - 1
		r.open[last].text, r.open[last].data = string(r.open[last].data), nil
		r.open, r.raw, r.scopes = r.open[:last], r.raw[:last], r.scopes[:last]
	case xml.CharData:
		if len(r.open) > 0 {
			e := r.open[len(r.open)-1]
			e.data = append(e.data, t...)
		} else if strings.TrimSpace(string(t)) != "" {
			return errors.New("text outside of the document element")
		}
	case xml.Directive:
		return errors.New("a document type")
	case xml.ProcInst:
		if t.Target == "xml" && (r.root != nil || len(r.open) > 0) {
			return errors.New("an XML declaration within the document")
		}
	}
	return nil
}

func (r *xmlReader) start(t xml.StartElement) error {
	if r.root != nil && len(r.open) == 0 {
		return errors.New("a second document element")
	}
	if r.count++; r.count > maxElements || len(r.open) >= maxDepth {
		return errors.New("too many or too deep elements")
	}
	r.scopes = append(r.scopes, declarations(t.Attr))
	e := &element{name: t.Name.Local}
	var ok bool
	if e.space, ok = r.namespace(t.Name.Space); !ok {
		return fmt.Errorf("prefix %q is not declared", t.Name.Space)
	}
	seen := map[xml.Name]bool{}
	for _, a := range t.Attr {
		if seen[a.Name] {
			return fmt.Errorf("attribute %s twice", a.Name.Local)
		}
		seen[a.Name] = true
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			continue
		}
		if a.Name.Space != "" {
			if a.Name.Space, ok = r.namespace(a.Name.Space); !ok {
				return fmt.Errorf("the prefix of attribute %s is not declared", a.Name.Local)
			}
		}
		e.attrs = append(e.attrs, a)
	}
	if len(r.open) == 0 {
		r.root = e
	} else {
		p := r.open[len(r.open)-1]
		p.children = append(p.children, e)
	}
	r.open, r.raw = append(r.open, e), append(r.raw, t.Name)
	return nil
}

// namespace returns what a prefix stands for.
func (r *xmlReader) namespace(prefix string) (string, bool) {
	for i := len(r.scopes) - 1; i >= 0; i-- {
		if s, ok := r.scopes[i][prefix]; ok {
			return s, true
		}
	}
	if prefix == "xml" {
		return xmlSpace, true
	}
	return "", prefix == ""
}

// declarations returns the namespaces that attributes declare, nil for none.
func declarations(attrs []xml.Attr) map[string]string {
	var m map[string]string
	for _, a := range attrs {
		prefix, ok := a.Name.Local, a.Name.Space == "xmlns"
		if a.Name.Space == "" && a.Name.Local == "xmlns" {
			prefix, ok = "", true
		}
		if ok {
			if m == nil {
				m = map[string]string{}
			}
			m[prefix] = a.Value
		}
	}
	return m
}

// attr returns an attribute by its name, of any namespace.
func (e *element) attr(local string) (string, bool) {
	for _, a := range e.attrs {
		if a.Name.Local == local {
			return a.Value, true
		}
	}
	return "", false
}

// child returns the first child of that name in the namespace, or nil.
func (e *element) child(space, name string) *element {
	if e == nil {
		return nil
	}
	for _, c := range e.children {
		if c.name == name && c.space == space {
			return c
		}
	}
	return nil
}

// find walks down by names of one namespace; nil where one is missing.
func (e *element) find(space string, names ...string) *element {
	for _, n := range names {
		e = e.child(space, n)
	}
	return e
}

// value is the trimmed text; empty for nil.
func (e *element) value() string {
	if e == nil {
		return ""
	}
	return strings.TrimSpace(e.text)
}

// isNil reports xsi:nil.
func (e *element) isNil() bool {
	for _, a := range e.attrs {
		if a.Name.Local == "nil" && a.Name.Space == nsXSI {
			return a.Value == "true" || a.Value == "1"
		}
	}
	return false
}

// xmlWriter writes a document as the captured client does: on one line.
type xmlWriter struct{ b bytes.Buffer }

// open writes a start tag; attrs are names and values in turn.
func (w *xmlWriter) open(name string, attrs ...string) {
	w.b.WriteByte('<')
	w.b.WriteString(name)
	for i := 0; i+1 < len(attrs); i += 2 {
		w.b.WriteString(" " + attrs[i] + `="`)
		w.escape(attrs[i+1])
		w.b.WriteByte('"')
	}
	w.b.WriteByte('>')
}

func (w *xmlWriter) close(names ...string) {
	for _, n := range names {
		w.b.WriteString("</" + n + ">")
	}
}

// empty writes an element without content.
func (w *xmlWriter) empty(name string, attrs ...string) {
	w.open(name, attrs...)
	w.b.Truncate(w.b.Len() - 1)
	w.b.WriteString("/>")
}

// leaf writes an element with text.
func (w *xmlWriter) leaf(name, text string, attrs ...string) {
	w.open(name, attrs...)
	w.escape(text)
	w.close(name)
}

func (w *xmlWriter) escape(s string) {
	_ = xml.EscapeText(&w.b, []byte(s)) // a buffer takes everything
}
