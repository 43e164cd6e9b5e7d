package syncml

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// wbxmlSource reads the pieces that WBXML consists of.
type wbxmlSource struct {
	b     []byte
	pos   int
	table []byte // the string table
	ascii bool
	spent int // what references to the table, and names in values, add up to
}

// header reads what stands in front of the root element.
func (s *wbxmlSource) header() error {
	version, err := s.next8()
	if err != nil {
		return err
	}
	if version < 1 || version > 3 {
		return s.syntax(0, "not WBXML 1.1 to 1.3")
	}
	public, err := s.next32()
	if err != nil {
		return err
	}
	var index uint32
	if public == 0 {
		if index, err = s.next32(); err != nil {
			return err
		}
	}
	at := s.pos
	charset, err := s.next32()
	if err != nil {
		return err
	}
	if charset != charsetUTF8 && charset != charsetASCII {
		return s.syntax(at, "character set %d, not UTF-8 or US-ASCII", charset)
	}
	s.ascii = charset == charsetASCII
	length, err := s.next32()
	if err != nil {
		return err
	}
	if s.table, err = s.take(length); err != nil {
		return err
	}
	return s.public(public, index)
}

// public checks the public identifier, the text of which is at index.
func (s *wbxmlSource) public(id, index uint32) error {
	switch id {
	case publicNone, publicSyncML11, publicSyncML12:
		return nil
	case 0:
		text, err := s.lookup(index, 1)
		if err != nil {
			return err
		}
		version, ok := strings.CutPrefix(string(text), publicText)
		if ok && (version == "1//EN" || version == "2//EN") {
			return nil
		}
	}
	return s.syntax(1, "public identifier is not that of SyncML 1.1 or 1.2")
}

// piece appends the character data that the token c at at begins.
func (s *wbxmlSource) piece(dst []byte, c byte, at int) ([]byte, error) {
	switch c {
	case tokenInline:
		length := bytes.IndexByte(s.b[s.pos:], 0)
		if length < 0 {
			return dst, s.syntax(at, "inline string without an end")
		}
		text := s.b[s.pos : s.pos+length]
		s.pos += length + 1
		return s.appendText(dst, text, at)
	case tokenShared:
		text, err := s.reference(at)
		if err != nil {
			return dst, err
		}
		return s.appendText(dst, text, at)
	case tokenEntity:
		n, err := s.next32()
		if err != nil {
			return dst, err
		}
		if n > utf8.MaxRune || !utf8.ValidRune(rune(n)) || !isText(string(rune(n))) {
			return dst, s.syntax(at, "entity that is no character")
		}
		return utf8.AppendRune(dst, rune(n)), nil
	case tokenOpaque:
		length, err := s.next32()
		if err != nil {
			return dst, err
		}
		data, err := s.take(length)
		return append(dst, data...), err
	}
	return dst, s.syntax(at, "token %#x is not of SyncML", c)
}

// appendText appends a string, which must be text in the character set.
func (s *wbxmlSource) appendText(dst, text []byte, at int) ([]byte, error) {
	if !isText(text) {
		return dst, s.syntax(at, "illegal character or invalid UTF-8")
	}
	if s.ascii && bytes.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return dst, s.syntax(at, "character that is not in US-ASCII")
	}
	return append(dst, text...), nil
}

// reference reads an offset into the string table and returns what is there.
func (s *wbxmlSource) reference(at int) ([]byte, error) {
	index, err := s.next32()
	if err != nil {
		return nil, err
	}
	text, err := s.lookup(index, at)
	if err != nil {
		return nil, err
	}
	return text, s.spend(len(text))
}

// lookup returns the string at an offset of the string table. The last one may
// lack its end.
func (s *wbxmlSource) lookup(index uint32, at int) ([]byte, error) {
	if uint64(index) >= uint64(len(s.table)) {
		return nil, s.syntax(at, "offset beyond the end of the string table")
	}
	text, _, _ := bytes.Cut(s.table[index:], []byte{0})
	return text, nil
}

// spend counts bytes that a few bytes of the document stand for.
func (s *wbxmlSource) spend(n int) error {
	if s.spent += n; s.spent > maxShared {
		return &LimitError{What: "bytes from the string table", Limit: maxShared}
	}
	return nil
}

func (s *wbxmlSource) take(n uint32) ([]byte, error) {
	if uint64(n) > uint64(len(s.b)-s.pos) {
		return nil, s.syntax(s.pos, "length beyond the end of the document")
	}
	data := s.b[s.pos : s.pos+int(n)]
	s.pos += int(n)
	return data, nil
}

func (s *wbxmlSource) next8() (byte, error) {
	if s.pos >= len(s.b) {
		return 0, s.syntax(s.pos, "document ends too early")
	}
	c := s.b[s.pos]
	s.pos++
	return c, nil
}

// next32 reads an mb_u_int32: seven bits a byte, the highest first.
func (s *wbxmlSource) next32() (uint32, error) {
	at := s.pos
	var n uint64
	for range 5 {
		c, err := s.next8()
		if err != nil {
			return 0, err
		}
		n = n<<7 | uint64(c&0x7F)
		if c&0x80 == 0 {
			if n > 1<<32-1 {
				break
			}
			return uint32(n), nil
		}
	}
	return 0, s.syntax(at, "number of more than 32 bits")
}

func (s *wbxmlSource) syntax(at int, format string, args ...any) error {
	return &SyntaxError{Offset: int64(at), Msg: fmt.Sprintf(format, args...)}
}
