package xmllimit

import "bytes"

// Namespaces that are bound without a declaration (Namespaces in XML 1.0, section 3).
const (
	XMLSpace   = "http://www.w3.org/XML/1998/namespace" // prefix xml
	XMLNSSpace = "http://www.w3.org/2000/xmlns/"        // attributes that declare namespaces
)

// binding is a namespace declaration in scope; an empty prefix is the default.
type binding struct {
	prefix []byte
	uri    string
}

// scope holds the declarations in scope, innermost last.
type scope struct {
	bindings []binding
	uris     map[string]string // one string per URI, however often it is declared
	scratch  []byte
}

func (sc *scope) len() int { return len(sc.bindings) }

func (sc *scope) truncate(n int) { sc.bindings = sc.bindings[:n] }

// lookup returns what prefix is bound to.
func (sc *scope) lookup(prefix []byte) (uri string, ok bool) {
	for i := len(sc.bindings) - 1; i >= 0; i-- {
		if bytes.Equal(sc.bindings[i].prefix, prefix) {
			return sc.bindings[i].uri, true
		}
	}
	return "", false
}

// intern returns the decoded form of a raw attribute value as a string.
func (sc *scope) intern(raw []byte) string {
	sc.scratch = AppendUnescaped(sc.scratch[:0], raw)
	if uri, ok := sc.uris[string(sc.scratch)]; ok {
		return uri
	}
	const most = 1024 // a hostile document of distinct URIs must not pile them up
	if sc.uris == nil || len(sc.uris) >= most {
		sc.uris = make(map[string]string)
	}
	uri := string(sc.scratch)
	sc.uris[uri] = uri
	return uri
}

// isDeclaration reports whether an attribute of that name declares a namespace.
func isDeclaration(name []byte, colon int) bool {
	if colon < 0 {
		return string(name) == "xmlns"
	}
	return string(name[:colon]) == "xmlns"
}

// declare brings the declarations among s.attrs into scope.
func (s *Scanner) declare() error {
	for i := range s.attrs {
		a := &s.attrs[i]
		if !isDeclaration(a.Name, a.colon) {
			continue
		}
		if s.scope.len() >= s.lim.Namespaces {
			return s.limit("namespaces in scope", s.lim.Namespaces, s.pos)
		}
		b := binding{uri: s.scope.intern(a.Value)}
		if a.colon >= 0 {
			b.prefix = a.Local()
			if b.uri == "" {
				return s.syntax(s.pos, "prefix bound to no namespace")
			}
		}
		if string(b.prefix) == "xmlns" || b.uri == XMLNSSpace || (string(b.prefix) == "xml") != (b.uri == XMLSpace) {
			return s.syntax(s.pos, "declaration of a reserved namespace or prefix")
		}
		a.Space = XMLNSSpace
		s.scope.bindings = append(s.scope.bindings, b)
	}
	return nil
}

// resolveElement returns the namespace of an element name.
func (s *Scanner) resolveElement(name []byte, colon, at int) (string, error) {
	if colon < 0 {
		uri, _ := s.scope.lookup(nil)
		return uri, nil
	}
	return s.resolve(name[:colon], at)
}

// resolveAttributes sets the namespaces of s.attrs and refuses two attributes with
// the same expanded name.
func (s *Scanner) resolveAttributes() error {
	for i := range s.attrs {
		a := &s.attrs[i]
		if a.colon < 0 || a.Space != "" {
			continue
		}
		uri, err := s.resolve(a.Name[:a.colon], s.pos)
		if err != nil {
			return err
		}
		a.Space = uri
		for j := range i {
			if b := &s.attrs[j]; b.colon >= 0 && b.Space == uri && bytes.Equal(b.Local(), a.Local()) {
				return s.syntax(s.pos, "attribute given twice")
			}
		}
	}
	return nil
}

func (s *Scanner) resolve(prefix []byte, at int) (string, error) {
	switch string(prefix) {
	case "xml":
		return XMLSpace, nil
	case "xmlns":
		return "", s.syntax(at, "element with the reserved prefix xmlns")
	}
	uri, ok := s.scope.lookup(prefix)
	if !ok {
		return "", s.syntax(at, "prefix without a namespace declaration")
	}
	return uri, nil
}
