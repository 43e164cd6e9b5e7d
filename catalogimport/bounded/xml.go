package bounded

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// XMLLimits bound a document that is read as a stream.
type XMLLimits struct {
	Depth int // open elements
	Token int // bytes of one tag, or of the text between two
}

// XML reads the start tags of a document of any length in constant memory. It is
// for the indexes of media, in which everything of interest is an attribute.
type XML struct {
	dec  *xml.Decoder
	src  *tokenReader
	lim  XMLLimits
	path []string
	done bool
}

// NewXML returns a reader of the document in r. It takes nothing from r past
// the end of the root element.
func NewXML(r *bufio.Reader, lim XMLLimits) *XML {
	src := &tokenReader{r: r}
	return &XML{dec: xml.NewDecoder(src), src: src, lim: lim}
}

// Next returns the local names of the open elements, from the root to the one
// that just began, and the attributes of that one. Both are good until the next
// call. After the end of the root it returns io.EOF.
func (x *XML) Next() (path []string, attrs []xml.Attr, err error) {
	for !x.done {
		x.src.left = x.lim.Token
		tok, err := x.dec.Token()
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, nil, err
		}
		switch t := tok.(type) {
		case xml.Directive:
			return nil, nil, errors.New("a document type is not allowed")
		case xml.StartElement:
			if len(x.path) == x.lim.Depth {
				return nil, nil, fmt.Errorf("elements are more than %d deep", x.lim.Depth)
			}
			x.path = append(x.path, t.Name.Local)
			return x.path, t.Attr, nil
		case xml.EndElement:
			x.path = x.path[:len(x.path)-1]
			x.done = len(x.path) == 0
		}
	}
	return nil, nil, io.EOF
}

// Attr returns the value of the attribute with that local name, empty where
// there is none.
func Attr(attrs []xml.Attr, name string) string {
	for _, a := range attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// tokenReader feeds a decoder, which keeps one token in memory, at most left
// bytes. Since it is an io.ByteReader the decoder does not read ahead.
type tokenReader struct {
	r    *bufio.Reader
	left int
}

var errToken = errors.New("a tag or text is longer than an index has them")

func (t *tokenReader) ReadByte() (byte, error) {
	if t.left == 0 {
		return 0, errToken
	}
	t.left--
	return t.r.ReadByte()
}

func (t *tokenReader) Read(b []byte) (int, error) {
	if len(b) > t.left {
		b = b[:t.left]
	}
	if len(b) == 0 {
		return 0, errToken
	}
	n, err := t.r.Read(b)
	t.left -= n
	return n, err
}
