package agent

import (
	"net/url"
	"strings"

	"sluice/omadm/device"
)

// access is what may be done to a node.
type access uint8

const (
	canGet access = 1 << iota
	canAdd
	canReplace
	canDelete
	canExec
)

// value is what a server sends for a node.
type value struct {
	format device.Format // Chr where none was named
	data   string
}

// node is one node of the device's tree. A function is set where access has its
// verb.
type node struct {
	format device.Format // Node for an inner one
	access access
	read   func() (string, device.Status) // of a leaf
	write  func(v device.Verb, x value) device.Status
	remove func() device.Status
	exec   func(data string) device.Status

	// of an inner node
	names func() []string // of its children, unescaped
	child func(name string) *node
}

// leaf is a node to be read only.
func leaf(f device.Format, text string) *node {
	return &node{format: f, access: canGet, read: func() (string, device.Status) { return text, device.OK }}
}

// list is an inner node whose children come and go.
func list(names func() []string, child func(name string) *node) *node {
	return &node{format: device.Node, access: canGet, names: names, child: child}
}

// branch is an inner node of fixed children, which are shown in the order in
// which they were added.
type branch struct {
	order []string
	nodes map[string]*node
	subs  map[string]*branch
}

func newBranch() *branch { return &branch{nodes: map[string]*node{}, subs: map[string]*branch{}} }

// node makes the branch a node.
func (b *branch) node() *node {
	return list(func() []string { return b.order }, func(name string) *node { return b.nodes[name] })
}

// add puts n at a path below the branch; inner nodes are made as needed.
func (b *branch) add(path string, n *node) {
	head, rest, deeper := strings.Cut(path, "/")
	if _, ok := b.nodes[head]; !ok {
		b.order = append(b.order, head)
	}
	if !deeper {
		b.nodes[head] = n
		return
	}
	sub := b.subs[head]
	if sub == nil {
		sub = newBranch()
		b.subs[head], b.nodes[head] = sub, sub.node()
	}
	sub.add(rest, n)
}

// locator is a LocURI as read.
type locator struct {
	text  string   // as it came, without the query
	path  []string // segments from the root, unescaped, without Device
	user  bool     // ./User/...
	query string   // Struct or StructData; empty for none
}

// Bounds of a LocURI; what DevDetail/URI says is 0, which stands for none.
const (
	maxURI      = 4096
	maxSegments = 32
)

// parseURI reads a LocURI (MS-MDM 2.2.3.5, OMA-TS-DM_TND 5): relative to the
// root, no empty and no dot segments, everything but unreserved characters
// escaped. What is wrong is a status.
func parseURI(s string) (locator, device.Status) {
	l := locator{}
	if len(s) > maxURI {
		return l, device.URITooLong
	}
	path, query, asks := strings.Cut(s, "?")
	l.text = path
	if asks {
		name, v, _ := strings.Cut(query, "=")
		if name != "list" || v != "Struct" && v != "StructData" {
			return l, device.NotSupported
		}
		l.query = v
	}
	if path == "." {
		return l, 0
	}
	rest, ok := strings.CutPrefix(path, "./")
	if !ok {
		return l, device.NotFound
	}
	segments := strings.Split(rest, "/")
	if len(segments) > maxSegments {
		return l, device.URITooLong
	}
	for i, seg := range segments {
		if seg == "" || seg == "." || seg == ".." || strings.ContainsAny(seg, " \t\r\n<>\"\\^`{|}") {
			return l, device.BadRequest
		}
		name, err := url.PathUnescape(seg)
		switch {
		case err != nil:
			return l, device.BadRequest
		case i == 0 && name == "Device" && len(segments) > 1:
			continue
		case i == 0 && name == "User":
			l.user = true
			continue
		}
		l.path = append(l.path, name)
	}
	return l, 0
}

// escapeName writes a name as one segment of a LocURI.
func escapeName(s string) string {
	const unreserved = "-_.~!*'()"
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte(unreserved, c) >= 0:
			b.WriteByte(c)
		default:
			const digits = "0123456789abcdef"
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}

// find returns the node at a path, or nil.
func (n *node) find(path []string) *node {
	for _, name := range path {
		if n == nil || n.child == nil {
			return nil
		}
		n = n.child(name)
	}
	return n
}

// result is one item of a Results.
type result struct {
	uri string
	value
	inner bool // without data in a structure
}

// get reads a node: its value, the names of its children, or everything below
// it.
func (n *node) get(l locator, limit int) ([]result, device.Status) {
	switch {
	case n.format == "":
		return nil, device.NotFound
	case n.access&canGet == 0:
		return nil, device.NotAllowed
	}
	if l.query != "" {
		return n.structure(nil, l.text, l.query == "StructData", limit)
	}
	if n.format == device.Node {
		var names []string
		for _, name := range n.names() {
			names = append(names, escapeName(name))
		}
		return []result{{uri: l.text, value: value{device.Node, strings.Join(names, "/")}}}, device.OK
	}
	data, st := n.read()
	if st != device.OK {
		return nil, st
	}
	return []result{{uri: l.text, value: value{n.format, data}}}, device.OK
}

// structure appends a node and everything below it that can be read.
func (n *node) structure(dst []result, uri string, data bool, limit int) ([]result, device.Status) {
	if len(dst) >= limit {
		return dst, device.TooLarge
	}
	if n.format != device.Node {
		if n.format == "" || n.access&canGet == 0 {
			return dst, device.OK
		}
		text, st := n.read()
		if st != device.OK {
			return dst, device.OK // a leaf without a value is left out
		}
		r := result{uri: uri, value: value{n.format, text}}
		if !data {
			r.data, r.inner = "", true
		}
		return append(dst, r), device.OK
	}
	dst = append(dst, result{uri: uri, value: value{device.Node, ""}, inner: true})
	for _, name := range n.names() {
		c := n.child(name)
		if c == nil {
			continue
		}
		var st device.Status
		if dst, st = c.structure(dst, uri+"/"+escapeName(name), data, limit); st != device.OK {
			return dst, st
		}
	}
	return dst, device.OK
}
