package clientsync

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"

	"sluice/wsus/soap"
	"sluice/wsus/update"
	"sluice/wsus/wsdl/xsd"
	"sluice/wsus/xmllimit"
)

// reader reads the requests whose lists are too long for encoding/xml. It stands
// in an element whose start was read. Elements that nobody asks for are skipped,
// of whatever name: current clients send some that no document has.
type reader struct {
	*xmllimit.Scanner
	space string // namespace of the operation
	text  []byte // scratch
}

// errList is the base of errors about the parameters of a request.
var errList = errors.New("bad parameter")

// children calls visit for the start of every child of the element that was
// just started, by its local name, and reads through its end. A visit that does
// not read its child to the end leaves that to children.
func (r *reader) children(visit func(name []byte) error) error {
	depth := r.Depth()
	for {
		t, err := r.Next()
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		switch t.Kind {
		case xmllimit.End:
			if r.Depth() < depth {
				return nil
			}
		case xmllimit.Start:
			if t.Space == r.space {
				if err := visit(t.Local()); err != nil {
					return err
				}
			}
			for r.Depth() > depth {
				if _, err := r.Next(); err != nil {
					return err
				}
			}
		}
	}
}

// each calls visit for every child of that name, as children does.
func (r *reader) each(name string, visit func() error) error {
	return r.children(func(child []byte) error {
		if string(child) != name {
			return nil
		}
		return visit()
	})
}

// value reads the text of the element that was just started. It is valid until
// the next call.
func (r *reader) value() ([]byte, error) {
	text, err := r.AppendText(r.text[:0])
	r.text = text
	return bytes.TrimSpace(text), err
}

// string reads a text of at most limit bytes.
func (r *reader) string(name string, limit int) (string, error) {
	text, err := r.value()
	if err != nil {
		return "", err
	}
	if len(text) > limit {
		return "", soap.InvalidParameter(name, fmt.Errorf("%w: %d bytes", errList, len(text)))
	}
	return string(text), nil
}

// bool reads an xs:boolean; nothing is false.
func (r *reader) bool(name string) (bool, error) {
	text, err := r.value()
	if err != nil {
		return false, err
	}
	switch string(text) {
	case "true", "1":
		return true, nil
	case "false", "0", "":
		return false, nil
	}
	return false, soap.InvalidParameter(name, fmt.Errorf("%w: no boolean", errList))
}

// integer reads a number; nothing is 0.
func (r *reader) integer(name string) (int64, error) {
	text, err := r.value()
	if err != nil {
		return 0, err
	}
	if len(text) == 0 {
		return 0, nil
	}
	n, ok := parseInt(text)
	if !ok {
		return 0, soap.InvalidParameter(name, fmt.Errorf("%w: no number", errList))
	}
	return n, nil
}

// int32 reads a number of 32 bits; nothing is 0.
func (r *reader) int32(name string) (int32, error) {
	n, err := r.integer(name)
	if err == nil && (n < math.MinInt32 || n > math.MaxInt32) {
		err = soap.InvalidParameter(name, fmt.Errorf("%w: no int", errList))
	}
	return int32(n), err
}

// parseInt reads a decimal number of 64 bits.
func parseInt(text []byte) (n int64, ok bool) {
	negative := len(text) > 0 && text[0] == '-'
	if negative || len(text) > 0 && text[0] == '+' {
		text = text[1:]
	}
	if len(text) == 0 || len(text) > 19 {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
		if n < 0 {
			return 0, false // past the largest
		}
	}
	if negative {
		n = -n
	}
	return n, true
}

// revisions appends the ints of the list that was just started.
func (r *reader) revisions(dst []update.RevisionID, name string, limit int) ([]update.RevisionID, error) {
	add := func(text []byte) error {
		if len(dst) == limit {
			return soap.InvalidParameter(name, fmt.Errorf("%w: more than %d", errList, limit))
		}
		n, ok := parseInt(text)
		if !ok || n < math.MinInt32 || n > math.MaxInt32 {
			return soap.InvalidParameter(name, fmt.Errorf("%w: no int", errList))
		}
		dst = append(dst, update.RevisionID(n))
		return nil
	}
	// As clients write it, the whole list is one run; children is for the rest.
	var bad error
	r.Run(r.space, "int", func(text []byte) bool {
		if text[0] == ' ' || text[len(text)-1] == ' ' {
			text = bytes.TrimSpace(text)
		}
		bad = add(text)
		return bad == nil
	})
	if bad != nil {
		return dst, bad
	}
	err := r.each("int", func() error {
		text, err := r.value()
		if err != nil {
			return err
		}
		return add(text)
	})
	return dst, err
}

// id reads a GUID.
func (r *reader) id(name string) (update.ID, error) {
	text, err := r.value()
	if err != nil {
		return update.ID{}, err
	}
	id, err := update.ParseIDBytes(text)
	if err != nil {
		return update.ID{}, soap.InvalidParameter(name, err)
	}
	return id, nil
}

// cookie reads the EncryptedData of the Cookie that was just started. What is no
// base64 is no cookie, which whoever opens it will say.
func (r *reader) cookie() (sealed []byte, err error) {
	err = r.each("EncryptedData", func() error {
		text, err := r.value()
		if err != nil || len(text) > maxCookieText {
			return err
		}
		var b xsd.Base64
		if b.UnmarshalText(text) == nil {
			sealed = b
		}
		return nil
	})
	return sealed, err
}

// maxCookieText bounds the base64 of a cookie that is worth decoding.
const maxCookieText = 1 << 10

// reject makes what went wrong in reading a request the client's fault.
func reject(err error) error {
	var f *soap.Fault
	if err == nil || errors.As(err, &f) {
		return err
	}
	return &soap.Fault{Code: soap.InvalidParameters, Err: err}
}
