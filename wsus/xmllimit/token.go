package xmllimit

// Kind says what a Token is.
type Kind uint8

// The kinds of tokens.
const (
	Start Kind = iota + 1 // a start tag, or an empty-element tag
	End                   // an end tag, or the end of an empty-element tag
	Text                  // a run of character data
)

// Token is one piece of the input. Its slices alias the input and its Attrs belong
// to the Scanner: both are to be read, and Attrs only until the next call of Next.
type Token struct {
	Kind Kind

	// SelfClosing marks both tokens, Start and End, of an empty-element tag (<a/>).
	SelfClosing bool

	Name   []byte // Start, End: the qualified name as written
	Space  string // Start, End: the namespace of the name, "" for none
	Attrs  []Attr // Start: in input order, namespace declarations among them
	Data   []byte // Text: raw, with entities and CDATA sections as written
	Offset int64  // where the token begins in the input

	colon int // index of the colon in Name, or -1
}

// Prefix returns the part of the name before the colon, nil when there is none.
func (t *Token) Prefix() []byte { return prefix(t.Name, t.colon) }

// Local returns the name without its prefix.
func (t *Token) Local() []byte { return t.Name[t.colon+1:] }

// Is reports whether t's name is local in the namespace space.
func (t *Token) Is(space, local string) bool {
	return t.Space == space && string(t.Name[t.colon+1:]) == local
}

// Attr returns the raw value of the attribute whose qualified name, as written, is
// name.
func (t *Token) Attr(name string) (raw []byte, ok bool) {
	for i := range t.Attrs {
		if string(t.Attrs[i].Name) == name {
			return t.Attrs[i].Value, true
		}
	}
	return nil, false
}

// Attr is one attribute of a start tag.
type Attr struct {
	Name  []byte // the qualified name as written
	Value []byte // raw, without the quotes
	Space string // the namespace of the name; "" unless it has a prefix or declares a namespace

	colon int
}

// Prefix returns the part of the name before the colon, nil when there is none.
func (a *Attr) Prefix() []byte { return prefix(a.Name, a.colon) }

// Local returns the name without its prefix.
func (a *Attr) Local() []byte { return a.Name[a.colon+1:] }

// DeclaresNamespace reports whether a is xmlns="..." or xmlns:prefix="...".
func (a *Attr) DeclaresNamespace() bool { return a.Space == XMLNSSpace }

func prefix(name []byte, colon int) []byte {
	if colon < 0 {
		return nil
	}
	return name[:colon]
}
