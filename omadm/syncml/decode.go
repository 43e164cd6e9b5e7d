package syncml

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// blanks is the white space of XML, which is cut off round every text but a value.
const blanks = " \t\r\n"

// decoder reads a message from the elements of a document.
type decoder struct {
	r        reader
	path     []tag // the open elements
	elements int
	commands int
	headed   bool // the SyncHdr was read
}

func decode(r reader) (*Message, error) {
	d := decoder{r: r, path: make([]tag, 0, 8)}
	m := &Message{}
	err := d.document(m)
	if err == nil {
		return m, nil
	}
	var syntax *SyntaxError
	if errors.As(err, &syntax) && syntax.Where == "" {
		syntax.Where = pathString(d.path)
	}
	if d.headed {
		return &Message{Header: m.Header}, err
	}
	return nil, err
}

func (d *decoder) document(m *Message) error {
	t, err := d.r.enter()
	if err != nil {
		return err
	}
	if t != tagSyncML {
		return d.syntax("the document is %s, not SyncML", quoteName(d.r.name()))
	}
	d.path = append(d.path, t)
	var header, body bool
	err = d.children(func(t tag) error {
		switch {
		case t == tagSyncHdr && !header && !body:
			header = true
			err := d.header(&m.Header)
			d.headed = err == nil
			return err
		case t == tagSyncBody && !body:
			body = true
			return d.body(m)
		}
		return d.misplaced(t, t == tagSyncHdr && header || t == tagSyncBody)
	})
	if err != nil {
		return err
	}
	if !body {
		return d.syntax("no SyncBody")
	}
	return d.r.end()
}

// children visits the children of the open element. On an error the path is left
// as it is: it says where.
func (d *decoder) children(visit func(tag) error) error {
	for {
		t, err := d.r.enter()
		if err != nil {
			return err
		}
		if t == none {
			d.path = d.path[:len(d.path)-1]
			return nil
		}
		if d.elements++; d.elements > MaxElements {
			return &LimitError{What: "elements", Limit: MaxElements}
		}
		d.path = append(d.path, t)
		if err := visit(t); err != nil {
			return err
		}
	}
}

func (d *decoder) header(h *Header) error {
	var seen tagSet
	return d.children(func(t tag) (err error) {
		if seen.has(t) {
			return d.misplaced(t, true)
		}
		seen.add(t)
		switch t {
		case tagVerDTD:
			h.VerDTD, err = d.text()
		case tagVerProto:
			h.VerProto, err = d.text()
		case tagSessionID:
			h.SessionID, err = d.text()
		case tagMsgID:
			h.MsgID, err = d.text()
		case tagTarget:
			h.Target, err = d.location()
		case tagSource:
			h.Source, err = d.location()
		case tagRespURI:
			h.RespURI, err = d.text()
		case tagNoResp:
			h.NoResp, err = d.flag()
		case tagCred:
			h.Cred, err = d.cred()
		case tagMeta:
			h.Meta, err = d.meta()
		default:
			err = d.misplaced(t, false)
		}
		return err
	})
}

func (d *decoder) body(m *Message) error {
	return d.children(func(t tag) (err error) {
		switch {
		case m.Final:
			return d.syntax("an element after Final")
		case t == tagFinal:
			m.Final, err = d.flag()
		case bodyTags.has(t):
			m.Commands, err = d.command(m.Commands, t, 0)
		default:
			err = d.misplaced(t, false)
		}
		return err
	})
}

// location reads a Target or a Source.
func (d *decoder) location() (l Location, err error) {
	var seen tagSet
	return l, d.children(func(t tag) (err error) {
		if seen.has(t) {
			return d.misplaced(t, true)
		}
		seen.add(t)
		switch t {
		case tagLocURI:
			l.URI, err = d.text()
		case tagLocName:
			l.Name, err = d.text()
		default:
			err = d.misplaced(t, false)
		}
		return err
	})
}

// text returns the text of the open element.
func (d *decoder) text() (string, error) { return d.textOr(none) }

// textOr does so too, where the text may stand in an element inner of its own.
func (d *decoder) textOr(inner tag) (string, error) {
	b, err := d.r.text(inner)
	if err != nil {
		return "", err
	}
	d.path = d.path[:len(d.path)-1]
	return shared(bytes.Trim(b, blanks)), nil
}

// data returns the value of the open element.
func (d *decoder) data() (string, error) {
	b, err := d.r.data()
	if err != nil {
		return "", err
	}
	d.path = d.path[:len(d.path)-1]
	return shared(b), nil
}

// flag reads an element that says all by being there.
func (d *decoder) flag() (bool, error) {
	b, err := d.r.text(none)
	if err != nil {
		return false, err
	}
	if len(bytes.Trim(b, blanks)) > 0 {
		return false, d.syntax("text in an element that is to be empty")
	}
	d.path = d.path[:len(d.path)-1]
	return true, nil
}

// number reads a size in bytes; an empty one is none.
func (d *decoder) number() (int64, error) {
	b, err := d.r.text(none)
	if err != nil {
		return 0, err
	}
	var n uint64
	if b = bytes.Trim(b, blanks); len(b) > 0 {
		if n, err = strconv.ParseUint(string(b), 10, 63); err != nil {
			return 0, d.syntax("not a number of bytes")
		}
	}
	d.path = d.path[:len(d.path)-1]
	return int64(n), nil
}

// misplaced is the error of the element entered last, which must not stand there.
func (d *decoder) misplaced(t tag, twice bool) error {
	d.path = d.path[:len(d.path)-1]
	switch {
	case twice:
		return d.syntax("%s twice", t)
	case t == unknown:
		return d.syntax("unknown element %s", quoteName(d.r.name()))
	}
	return d.syntax("%s does not belong here", t)
}

func (d *decoder) syntax(format string, args ...any) error {
	return &SyntaxError{Offset: d.r.offset(), Msg: fmt.Sprintf(format, args...)}
}
