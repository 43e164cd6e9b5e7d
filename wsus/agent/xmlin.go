package agent

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"sluice/wsus/update"
)

// The bounds of an answer's XML beyond its size.
const (
	maxDepth = 32
	maxNodes = 1 << 20
)

const (
	nsEnvelope = "http://schemas.xmlsoap.org/soap/envelope/"
	nsInstance = "http://www.w3.org/2001/XMLSchema-instance"
)

// node is one element of an answer.
type node struct {
	name, space string
	text        string // character data, of an element without children
	null        bool   // xsi:nil="true"
	kids        []*node

	buf strings.Builder // text while it is being read: it may come in many pieces
}

// parseXML reads a whole document of at most maxNodes elements. It refuses
// document types, and anything but white space beside elements.
func parseXML(b []byte) (*node, error) {
	d := xml.NewDecoder(bytes.NewReader(b))
	var root *node
	var open []*node
	count := 0
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if count++; count > maxNodes || len(open) >= maxDepth {
				return nil, fmt.Errorf("more than %d elements or %d levels", maxNodes, maxDepth)
			}
			n := &node{name: t.Name.Local, space: t.Name.Space}
			for _, a := range t.Attr {
				if a.Name.Space == nsInstance && a.Name.Local == "nil" {
					n.null = a.Value == "true" || a.Value == "1"
				}
			}
			if len(open) > 0 {
				up := open[len(open)-1]
				if strings.TrimSpace(up.buf.String()) != "" {
					return nil, fmt.Errorf("<%s>: text beside elements", up.name)
				}
				up.buf.Reset()
				up.kids = append(up.kids, n)
			} else if root != nil {
				return nil, errors.New("more than one root element")
			} else {
				root = n
			}
			open = append(open, n)
		case xml.EndElement:
			n := open[len(open)-1]
			n.text = n.buf.String()
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) == 0 {
				if len(bytes.TrimSpace(t)) > 0 {
					return nil, errors.New("text outside the root element")
				}
				continue
			}
			n := open[len(open)-1]
			if len(n.kids) == 0 {
				n.buf.Write(t)
			} else if len(bytes.TrimSpace(t)) > 0 {
				return nil, fmt.Errorf("<%s>: text beside elements", n.name)
			}
		case xml.ProcInst:
			if t.Target != "xml" || root != nil {
				return nil, fmt.Errorf("processing instruction %q", t.Target)
			}
		case xml.Directive:
			return nil, errors.New("document type")
		}
	}
	if root == nil {
		return nil, errors.New("no root element")
	}
	return root, nil
}

// child returns the first child of that name, nil where it is absent or nil.
func (n *node) child(name string) *node {
	if n == nil {
		return nil
	}
	for _, k := range n.kids {
		if k.name == name && !k.null {
			return k
		}
	}
	return nil
}

// str returns the text of a child, nothing where it is absent.
func (n *node) str(name string) string {
	if k := n.child(name); k != nil {
		return k.text
	}
	return ""
}

// items returns the children of the child called list.
func (n *node) items(list string) []*node {
	if k := n.child(list); k != nil {
		return k.kids
	}
	return nil
}

// inOrder checks that n's children are among names, in this order, none twice,
// all in n's own namespace: what a deserializer generated from the WSDL expects.
func (n *node) inOrder(names ...string) error {
	next := 0
	for _, k := range n.kids {
		if k.space != n.space {
			return fmt.Errorf("<%s> in <%s> is in namespace %q, want %q", k.name, n.name, k.space, n.space)
		}
		at := -1
		for i, name := range names {
			if name == k.name {
				at = i
			}
		}
		switch {
		case at < 0:
			return fmt.Errorf("<%s> has an unknown child <%s>", n.name, k.name)
		case at < next:
			return fmt.Errorf("<%s> in <%s> comes twice or too late; the order is %s", k.name, n.name, strings.Join(names, ", "))
		}
		next = at + 1
	}
	return nil
}

// listOf checks that all children of n are called name, and in its namespace.
func (n *node) listOf(name string) error {
	if n == nil {
		return nil
	}
	for _, k := range n.kids {
		if k.name != name || k.space != n.space {
			return fmt.Errorf("<%s> holds a <%s>, want only <%s>", n.name, k.name, name)
		}
	}
	return nil
}

// number reads a required child that is a 32-bit integer.
func (n *node) number(name string) (int32, error) {
	k := n.child(name)
	if k == nil {
		return 0, fmt.Errorf("<%s> has no <%s>", n.name, name)
	}
	return k.asInt()
}

func (n *node) asInt() (int32, error) {
	v, err := strconv.ParseInt(strings.TrimSpace(n.text), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("<%s>: %q is not a 32-bit integer", n.name, clip(n.text))
	}
	return int32(v), nil
}

// flag reads a required child that is a boolean.
func (n *node) flag(name string) (bool, error) {
	k := n.child(name)
	if k == nil {
		return false, fmt.Errorf("<%s> has no <%s>", n.name, name)
	}
	switch k.text {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return false, fmt.Errorf("<%s>: %q is not a boolean", name, clip(k.text))
}

// revisions reads the child called list, an ArrayOfInt.
func (n *node) revisions(list string) ([]update.RevisionID, error) {
	l := n.child(list)
	if err := l.listOf("int"); err != nil || l == nil {
		return nil, err
	}
	ids := make([]update.RevisionID, 0, len(l.kids))
	for _, k := range l.kids {
		v, err := k.asInt()
		if err != nil {
			return nil, fmt.Errorf("<%s>: %w", list, err)
		}
		ids = append(ids, update.RevisionID(v))
	}
	return ids, nil
}

// guids reads the child called list, an ArrayOfGuid.
func (n *node) guids(list string) ([]update.ID, error) {
	l := n.child(list)
	if err := l.listOf("guid"); err != nil || l == nil {
		return nil, err
	}
	ids := make([]update.ID, 0, len(l.kids))
	for _, k := range l.kids {
		id, err := update.ParseID(k.text)
		if err != nil {
			return nil, fmt.Errorf("<%s>: %w", list, err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// isBase64 reports whether s is base64 that a client can hand back unchanged.
func isBase64(s string) bool {
	_, err := base64.StdEncoding.Strict().DecodeString(s)
	return err == nil && s != ""
}

// clip shortens text from the network for a message.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "..."
	}
	return s
}
