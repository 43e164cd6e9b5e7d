package xmllimit

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// Scanner reads the tokens of a document, or of a sequence of elements, that lies in
// memory. Use NewScanner; a Scanner is for one goroutine.
type Scanner struct {
	b      []byte
	lim    Limits
	pos    int
	err    error // what Next keeps returning
	tokens int
	roots  int

	selfClosed bool // the element on top of open ends with the next token
	open       []frame
	attrs      []Attr
	scope      scope
}

// frame is an open element.
type frame struct {
	name     []byte
	colon    int
	space    string
	bindings int // length of the scope outside of the element
}

// NewScanner returns a Scanner over b, which must not change while it is read.
func NewScanner(b []byte, lim Limits) *Scanner {
	s := &Scanner{}
	s.Reset(b, lim)
	return s
}

// Reset makes s read b from its beginning, keeping the memory that it has.
func (s *Scanner) Reset(b []byte, lim Limits) {
	*s = Scanner{b: b, lim: lim.withDefaults(), open: s.open[:0], attrs: s.attrs[:0], scope: s.scope}
	s.scope.truncate(0)
	s.err = s.prolog()
}

// Next returns the next token, io.EOF after the last one, a *SyntaxError or a
// *LimitError. White space outside of the root elements gives no token, and after
// an error Next keeps returning it. Adjacent character data and CDATA sections make
// one Text; a comment divides it.
func (s *Scanner) Next() (t Token, err error) {
	if s.err == nil {
		s.err = s.next(&t)
	}
	if s.err != nil {
		return Token{}, s.err
	}
	return t, nil
}

// Depth returns how many elements are open: the element of a Start counts until its
// End was returned.
func (s *Scanner) Depth() int { return len(s.open) }

// Offset returns the byte offset behind the last token. With the Offset of an
// earlier Token it bounds what lies between them in the input.
func (s *Scanner) Offset() int64 { return int64(s.pos) }

// Skip reads up to the End of the innermost open element, which after a Start is the
// element that it began. It is a no-op when no element is open.
func (s *Scanner) Skip() error {
	for depth := len(s.open); len(s.open) >= depth && depth > 0; {
		if _, err := s.Next(); err != nil {
			return err
		}
	}
	return nil
}

// AppendText is called after a Start: it appends the decoded character data directly
// inside that element to dst, skips elements in it, and reads its End.
func (s *Scanner) AppendText(dst []byte) ([]byte, error) {
	for depth := len(s.open); len(s.open) >= depth && depth > 0; {
		t, err := s.Next()
		if err != nil {
			return dst, err
		}
		if t.Kind == Text && len(s.open) == depth {
			dst = AppendUnescaped(dst, t.Data)
		}
	}
	return dst, nil
}

func (s *Scanner) next(t *Token) error {
	if s.selfClosed {
		s.selfClosed = false
		t.SelfClosing = true
		s.closeTop(t, s.pos)
		return nil
	}
	for {
		if s.tokens++; s.tokens > s.lim.Tokens {
			return s.limit("tokens", s.lim.Tokens, s.pos)
		}
		rest := s.b[s.pos:]
		switch {
		case len(rest) == 0:
			return s.atEnd()
		case rest[0] != '<' || bytes.HasPrefix(rest, cdataOpen):
			if len(s.open) > 0 {
				return s.text(t)
			}
			for s.pos < len(s.b) && class[s.b[s.pos]]&space != 0 {
				s.pos++
			}
			if s.pos < len(s.b) && s.b[s.pos] != '<' || bytes.HasPrefix(s.b[s.pos:], cdataOpen) {
				return s.syntax(s.pos, "character data outside of an element")
			}
		case bytes.HasPrefix(rest, commentOpen):
			if err := s.comment(); err != nil {
				return err
			}
		case len(rest) > 1 && rest[1] == '/':
			return s.endTag(t)
		case len(rest) > 1 && rest[1] == '!':
			return s.syntax(s.pos, "document type declaration")
		case len(rest) > 1 && rest[1] == '?':
			return s.syntax(s.pos, "processing instruction")
		default:
			return s.startTag(t)
		}
	}
}

func (s *Scanner) atEnd() error {
	switch {
	case len(s.open) > 0:
		return s.syntax(s.pos, "input ends inside an element")
	case s.roots == 0 && !s.lim.Fragment:
		return s.syntax(s.pos, "no element")
	}
	return io.EOF
}

// startTag reads a start tag or an empty-element tag.
func (s *Scanner) startTag(t *Token) error {
	start := s.pos
	if len(s.open) == 0 {
		if s.roots++; s.roots > 1 && !s.lim.Fragment {
			return s.syntax(start, "second root element")
		}
	}
	if len(s.open) >= s.lim.Depth {
		return s.limit("levels of elements", s.lim.Depth, start)
	}
	s.pos++
	name, colon, err := s.name()
	if err != nil {
		return err
	}
	declares, err := s.attributes()
	if err != nil {
		return err
	}
	f := frame{name: name, colon: colon, bindings: s.scope.len()}
	if declares {
		if err := s.declare(); err != nil {
			return err
		}
	}
	if f.space, err = s.resolveElement(name, colon, start); err != nil {
		return err
	}
	if err := s.resolveAttributes(); err != nil {
		return err
	}
	if s.b[s.pos] == '/' {
		s.pos++
		s.selfClosed, t.SelfClosing = true, true
	}
	s.pos++ // the '>' that attributes has seen
	s.open = append(s.open, f)
	t.Kind, t.Name, t.colon, t.Space = Start, name, colon, f.space
	t.Attrs, t.Offset = s.attrs, int64(start)
	return nil
}

// endTag reads an end tag, which must match the innermost open element.
func (s *Scanner) endTag(t *Token) error {
	start := s.pos
	if len(s.open) == 0 {
		return s.syntax(start, "end tag without a start tag")
	}
	want := s.open[len(s.open)-1].name
	rest := s.b[start+2:]
	if !bytes.HasPrefix(rest, want) {
		return s.syntax(start, "end tag that does not match its start tag")
	}
	i := start + 2 + len(want)
	for i < len(s.b) && class[s.b[i]]&space != 0 {
		i++
	}
	if i == len(s.b) || s.b[i] != '>' {
		return s.syntax(start, "end tag that does not match its start tag")
	}
	s.pos = i + 1
	s.closeTop(t, start)
	return nil
}

// closeTop makes t the end of the innermost open element and closes that.
func (s *Scanner) closeTop(t *Token, offset int) {
	f := s.open[len(s.open)-1]
	s.open = s.open[:len(s.open)-1]
	s.scope.truncate(f.bindings)
	t.Kind, t.Name, t.colon, t.Space, t.Offset = End, f.name, f.colon, f.space, int64(offset)
}

// attributes reads attributes into s.attrs up to the '>' or '/>' of the tag, where
// it stops. It reports whether one of them declares a namespace.
func (s *Scanner) attributes() (declares bool, err error) {
	s.attrs = s.attrs[:0]
	for {
		spaced := false
		for s.pos < len(s.b) && class[s.b[s.pos]]&space != 0 {
			s.pos++
			spaced = true
		}
		rest := s.b[s.pos:]
		switch {
		case len(rest) == 0:
			return false, s.syntax(s.pos, "input ends inside a tag")
		case rest[0] == '>', rest[0] == '/' && len(rest) > 1 && rest[1] == '>':
			return declares, nil
		case !spaced:
			return false, s.syntax(s.pos, "no white space before an attribute, or an illegal character in a tag")
		case len(s.attrs) >= s.lim.Attrs:
			return false, s.limit("attributes of one element", s.lim.Attrs, s.pos)
		}
		start := s.pos
		var a Attr
		if a.Name, a.colon, err = s.name(); err != nil {
			return false, err
		}
		for i := range s.attrs {
			if bytes.Equal(s.attrs[i].Name, a.Name) {
				return false, s.syntax(start, "attribute given twice")
			}
		}
		if a.Value, err = s.value(); err != nil {
			return false, err
		}
		if isDeclaration(a.Name, a.colon) {
			declares = true
		}
		s.attrs = append(s.attrs, a)
	}
}

// value reads an equals sign and a quoted attribute value.
func (s *Scanner) value() ([]byte, error) {
	b, i := s.b, s.pos
	for i < len(b) && class[b[i]]&space != 0 {
		i++
	}
	if i == len(b) || b[i] != '=' {
		return nil, s.syntax(i, "attribute without a value")
	}
	i++
	for i < len(b) && class[b[i]]&space != 0 {
		i++
	}
	if i == len(b) || b[i] != '"' && b[i] != '\'' {
		return nil, s.syntax(i, "attribute value without quotes")
	}
	quote := b[i]
	i++
	start := i
	for {
		for i < len(b) && class[b[i]]&attrStop == 0 {
			i++
		}
		if i == len(b) {
			return nil, s.syntax(start, "input ends inside an attribute value")
		}
		if b[i] == quote {
			break
		}
		n := 1
		switch c := b[i]; {
		case c == '&':
			if n = referenceLen(b[i:]); n == 0 {
				return nil, s.syntax(i, "unknown entity or bad character reference")
			}
		case c == '<':
			return nil, s.syntax(i, "'<' in an attribute value")
		case c < ' ' || c >= utf8.RuneSelf:
			if n = charLen(b[i:]); n == 0 {
				return nil, s.syntax(i, "illegal character or invalid UTF-8")
			}
		}
		i += n
	}
	if i-start > s.lim.AttrBytes {
		return nil, s.limit("bytes in an attribute value", s.lim.AttrBytes, start)
	}
	s.pos = i + 1
	return b[start:i], nil
}

// name reads a qualified name.
func (s *Scanner) name() (name []byte, colon int, err error) {
	n := nameLen(s.b[s.pos:])
	if n == 0 {
		return nil, 0, s.syntax(s.pos, "no legal name where one is expected")
	}
	if n > s.lim.NameBytes {
		return nil, 0, s.limit("bytes in a name", s.lim.NameBytes, s.pos)
	}
	name = s.b[s.pos : s.pos+n]
	if colon = bytes.IndexByte(name, ':'); colon >= 0 {
		local := name[colon+1:]
		if colon == 0 || !isNameStart(local) || bytes.IndexByte(local, ':') >= 0 {
			return nil, 0, s.syntax(s.pos, "misplaced colon in a name")
		}
	}
	s.pos += n
	return name, colon, nil
}

func (s *Scanner) syntax(at int, msg string) error {
	return &SyntaxError{Offset: int64(at), Msg: msg}
}

func (s *Scanner) limit(what string, limit, at int) error {
	return &LimitError{What: what, Limit: int64(limit), Offset: int64(at)}
}
