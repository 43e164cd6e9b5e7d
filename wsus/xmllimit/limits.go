package xmllimit

import "fmt"

// Limits bounds what a Scanner accepts. The zero value of a field means its
// default. Sizes are in bytes of the raw input, before entities are resolved.
type Limits struct {
	Depth      int // open elements at once; default 128
	Attrs      int // attributes of one element, namespace declarations included; default 128
	AttrBytes  int // one attribute value; default 1 MiB
	NameBytes  int // one qualified name; default 256
	TextBytes  int // one run of character data; default 64 MiB
	Tokens     int // tokens and comments of the whole input; default 32 million
	Namespaces int // namespace declarations in scope at once; default 128

	// Fragment accepts any number of root elements, as the metadata fragments of
	// WSUS are: a sequence of elements, which may be empty.
	Fragment bool
}

// withDefaults returns l with every zero field set to its default.
func (l Limits) withDefaults() Limits {
	set := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	set(&l.Depth, 128)
	set(&l.Attrs, 128)
	set(&l.AttrBytes, 1<<20)
	set(&l.NameBytes, 256)
	set(&l.TextBytes, 64<<20)
	set(&l.Tokens, 32<<20)
	set(&l.Namespaces, 128)
	return l
}

// LimitError says that the input holds more of something than is accepted.
type LimitError struct {
	What   string // what there is too much of, as in "attributes of one element"
	Limit  int64  // how much would have been accepted
	Offset int64  // byte offset in the input where the limit was passed
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("xml: more than %d %s at byte %d", e.Limit, e.What, e.Offset)
}

// SyntaxError says that the input is not well formed, or uses a part of XML that
// is not accepted here.
type SyntaxError struct {
	Offset int64  // byte offset in the input
	Msg    string // what is wrong; never holds bytes of the input
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("xml: %s at byte %d", e.Msg, e.Offset)
}
