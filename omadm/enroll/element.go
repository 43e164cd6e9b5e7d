package enroll

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"sluice/wsus/xmllimit"
)

// maxRequest is how many bytes a request may have. A renewal has about ten
// thousand; a client that offers attestation adds some of those.
const maxRequest = 256 << 10

// requestLimits bound the XML of a request. Those of Windows are nine deep and
// have some 200 tokens.
var requestLimits = xmllimit.Limits{
	Depth: 32, Attrs: 32, AttrBytes: 1 << 10, NameBytes: 128, TextBytes: 128 << 10, Tokens: 8 << 10, Namespaces: 64,
}

// element is a part of a request. Requests are small, so that all of one is held.
type element struct {
	space, local string
	attrs        []attribute
	text         []byte // directly in it
	children     []*element
}

type attribute struct{ local, value string }

// readElement reads a document.
func readElement(b []byte) (*element, error) {
	s := xmllimit.NewScanner(b, requestLimits)
	root := &element{}
	open := []*element{root}
	for {
		t, err := s.Next()
		if errors.Is(err, io.EOF) {
			return root.children[0], nil
		}
		if err != nil {
			return nil, err
		}
		top := open[len(open)-1]
		switch t.Kind {
		case xmllimit.Start:
			e := &element{space: t.Space, local: string(t.Local())}
			for i := range t.Attrs {
				if a := &t.Attrs[i]; !a.DeclaresNamespace() {
					e.attrs = append(e.attrs, attribute{string(a.Local()), xmllimit.String(a.Value)})
				}
			}
			top.children = append(top.children, e)
			open = append(open, e)
		case xmllimit.End:
			open = open[:len(open)-1]
		case xmllimit.Text:
			top.text = xmllimit.AppendUnescaped(top.text, t.Data)
		}
	}
}

// attr returns the value of an attribute, whatever its namespace: wsse:Type of
// the specification is Type elsewhere.
func (e *element) attr(local string) string {
	for _, a := range e.attrs {
		if a.local == local {
			return strings.TrimSpace(a.value)
		}
	}
	return ""
}

// value is the text without the white space around it.
func (e *element) value() string { return strings.TrimSpace(string(e.text)) }

// all returns the children of a name.
func (e *element) all(space, local string) []*element {
	var found []*element
	for _, c := range e.children {
		if c.local == local && sameSpace(c.space, space) {
			found = append(found, c)
		}
	}
	return found
}

// optional returns the child of a name, nil where there is none. Two of them are
// an error: which one counts, nobody should have to guess.
func (e *element) optional(space, local string) (*element, error) {
	found := e.all(space, local)
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("%d elements %s in %s, not one", len(found), local, e.local)
}

// one returns the child of a name.
func (e *element) one(space, local string) (*element, error) {
	c, err := e.optional(space, local)
	if err == nil && c == nil {
		err = fmt.Errorf("no element %s in %s", local, e.local)
	}
	return c, err
}

// sameSpace compares namespaces. Some clients write that of Discover with a
// slash at its end.
func sameSpace(a, b string) bool {
	return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/")
}
