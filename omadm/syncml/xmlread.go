package syncml

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"sluice/wsus/xmllimit"
)

// xmlReader walks over XML.
type xmlReader struct {
	in      []byte
	s       *xmllimit.Scanner
	buf     []byte
	written []byte
	caused  string
	at      int64
}

// DecodeXML reads a message in XML, in UTF-8. Namespaces may be those of SyncML
// 1.1 or 1.2 or left out, and children of an element come in any order. What does
// not belong is refused with a [*SyntaxError], too much of something with a
// [*LimitError], and the message then has its Header and nothing else, for who
// answers it, or is nil where the SyncHdr could not be read either. A document
// without a SyncHdr has an empty Header.
func DecodeXML(data []byte) (*Message, error) {
	if len(data) > MaxBytes {
		return nil, &LimitError{What: "bytes", Limit: MaxBytes}
	}
	if bytes.HasPrefix(data, []byte("\xFF\xFE")) || bytes.HasPrefix(data, []byte("\xFE\xFF")) {
		return nil, &SyntaxError{Msg: "UTF-16, not UTF-8"}
	}
	data = withoutDoctype(data)
	return decode(&xmlReader{in: data, s: xmllimit.NewScanner(data, xmllimit.Limits{
		Depth:     maxDepth,
		Attrs:     64,
		AttrBytes: 64 << 10,
		Tokens:    4 * MaxElements,
	})})
}

func (r *xmlReader) enter() (tag, error) {
	for {
		t, err := r.next()
		if err != nil {
			return none, err
		}
		switch t.Kind {
		case xmllimit.Text:
			if !xmllimit.IsSpace(t.Data) {
				return none, &SyntaxError{Offset: t.Offset, Msg: "text between elements"}
			}
		case xmllimit.End:
			return none, nil
		case xmllimit.Start:
			r.at, r.written, r.caused = t.Offset, t.Name, originalError(t.Attrs)
			return tagOf(&t), nil
		}
	}
}

func (r *xmlReader) text(inner tag) ([]byte, error) {
	r.buf = r.buf[:0]
	for depth := r.s.Depth(); ; {
		t, err := r.next()
		switch {
		case err != nil:
			return nil, err
		case t.Kind == xmllimit.Text:
			r.buf = xmllimit.AppendUnescaped(r.buf, t.Data)
		case t.Kind == xmllimit.Start:
			if inner == none || tagOf(&t) != inner {
				return nil, &SyntaxError{Offset: t.Offset, Msg: "element " + quoteName(t.Name) + " in a text"}
			}
			inner = none // one of them
		case t.Kind == xmllimit.End && r.s.Depth() < depth:
			return r.buf, nil
		}
	}
}

func (r *xmlReader) data() ([]byte, error) {
	r.buf = r.buf[:0]
	start, depth, markup := r.s.Offset(), r.s.Depth(), false
	for {
		t, err := r.next()
		switch {
		case err != nil:
			return nil, err
		case t.Kind == xmllimit.Start:
			markup = true
		case t.Kind == xmllimit.Text && !markup:
			r.buf = xmllimit.AppendUnescaped(r.buf, t.Data)
		case t.Kind == xmllimit.End && r.s.Depth() < depth:
			if markup {
				return bytes.Trim(r.in[start:t.Offset], blanks), nil
			}
			return r.buf, nil
		}
	}
}

func (r *xmlReader) end() error {
	if _, err := r.s.Next(); !errors.Is(err, io.EOF) {
		return fromXML(err)
	}
	return nil
}

func (r *xmlReader) next() (xmllimit.Token, error) {
	t, err := r.s.Next()
	if err != nil {
		err = fromXML(err)
	}
	return t, err
}

func (r *xmlReader) name() []byte  { return r.written }
func (r *xmlReader) cause() string { return r.caused }
func (r *xmlReader) offset() int64 { return r.at }

// tagOf returns the tag of a start. Elements of MetInf are taken from any
// namespace, since clients leave theirs out or give that of SyncML.
func tagOf(t *xmllimit.Token) tag {
	const syncml = "SYNCML:"
	e, ok := tagsByName[string(t.Local())]
	if !ok || !e.inMetInf() && t.Space != "" &&
		(len(t.Space) < len(syncml) || !strings.EqualFold(t.Space[:len(syncml)], syncml)) {
		return unknown
	}
	return e
}

// originalError returns the attribute with the error of a Windows component
// (MS-MDM 2.2.5.1).
func originalError(attrs []xmllimit.Attr) string {
	for i := range attrs {
		if string(attrs[i].Local()) == "originalerror" && !attrs[i].DeclaresNamespace() {
			return strings.Trim(xmllimit.String(attrs[i].Value), blanks)
		}
	}
	return ""
}

// withoutDoctype returns data with a document type declaration made blank, as
// tools write it in front of SyncML. One with declarations of its own is left, to
// be refused.
func withoutDoctype(data []byte) []byte {
	const longest = 1024
	head := data[:min(len(data), longest)]
	start := bytes.Index(head, []byte("<!DOCTYPE"))
	if start < 0 {
		return data
	}
	before := bytes.Trim(bytes.TrimPrefix(head[:start], []byte("\xEF\xBB\xBF")), blanks)
	if bytes.HasPrefix(before, []byte("<?xml")) {
		_, before, _ = bytes.Cut(before, []byte("?>"))
	}
	if len(before) > 0 {
		return data // not in front of the root element
	}
	length := bytes.IndexByte(head[start:], '>')
	if length < 0 || bytes.ContainsAny(head[start:start+length], "[]") {
		return data
	}
	data = bytes.Clone(data)
	for i := start; i <= start+length; i++ {
		data[i] = ' '
	}
	return data
}
