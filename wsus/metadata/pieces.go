package metadata

import (
	"bytes"
	"cmp"
	"slices"
)

// pieces is a fragment in the making: sections written one behind the other, in the
// order of the document.
type pieces struct {
	b     []byte
	spans []span
}

// span is where a section lies.
type span struct {
	section  int
	from, to int
}

// mark records that b has grown by a section since it was from bytes long.
func (p *pieces) mark(section, from int) {
	p.spans = append(p.spans, span{section, from, len(p.b)})
}

// join returns the sections in the order of the fragment, which is nearly always
// that of the document, in memory of about their size.
func (p *pieces) join() []byte {
	order := func(a, b span) int { return cmp.Compare(a.section, b.section) }
	if slices.IsSortedFunc(p.spans, order) {
		if cap(p.b)-len(p.b) > len(p.b)/8 {
			return bytes.Clone(p.b)
		}
		return p.b
	}
	slices.SortFunc(p.spans, order)
	b := make([]byte, 0, len(p.b))
	for _, s := range p.spans {
		b = append(b, p.b[s.from:s.to]...)
	}
	return b
}
