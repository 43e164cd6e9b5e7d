package soap

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"sluice/wsus/xmllimit"
)

// envelopeLimits bounds an envelope beyond its size. The messages are flat; the id lists
// of a scan are what makes them long.
var envelopeLimits = xmllimit.Limits{Depth: 64, Attrs: 64, AttrBytes: 16 << 10, Tokens: 16 << 20, Namespaces: 64}

// decodeTokens bounds what encoding/xml is given, which takes a microsecond for each.
const decodeTokens = 1 << 20

// ErrEnvelope is wrapped by errors about XML that is no SOAP 1.1 envelope.
var ErrEnvelope = errors.New("not a SOAP 1.1 envelope")

// Message is an envelope that was read: its one element in Body.
type Message struct {
	Namespace string // of the element
	Name      string // its local name: the operation, with "Response" in an answer

	envelope []byte
	tokens   int // how many tokens lie in front of what is in the element
	depth    int // open elements inside the element
}

// Open checks a whole envelope, which must not change while the Message is used. Its
// errors are those of xmllimit or wrap ErrEnvelope.
func Open(envelope []byte) (*Message, error) {
	m := &Message{envelope: envelope}
	s := xmllimit.NewScanner(envelope, envelopeLimits)
	tokens := 0
	next := func() (xmllimit.Token, error) {
		t, err := s.Next()
		if err == nil {
			tokens++
		}
		return t, err
	}
	t, err := next()
	if err != nil {
		return nil, err
	}
	if !t.Is(envelopeSpace, "Envelope") {
		return nil, fmt.Errorf("%w: another root element", ErrEnvelope)
	}
	inBody, bodies := false, 0
	for {
		t, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch {
		case t.Kind == xmllimit.Start && s.Depth() == 2:
			if inBody = t.Is(envelopeSpace, "Body"); inBody {
				bodies++
			}
		case t.Kind == xmllimit.Start && s.Depth() == 3 && inBody:
			if m.Name != "" || bodies > 1 {
				return nil, fmt.Errorf("%w: more than one element in Body", ErrEnvelope)
			}
			m.Namespace, m.Name = t.Space, string(t.Local())
			m.tokens, m.depth = tokens, s.Depth()
		case t.Kind == xmllimit.End && m.Name != "":
			// What has ended may be the first of a long list.
			s.Run(t.Space, string(t.Name), func([]byte) bool { return true })
		}
	}
	if m.Name == "" {
		return nil, fmt.Errorf("%w: nothing in Body", ErrEnvelope)
	}
	return m, nil
}

// Scanner returns a Scanner that has just read the start of the element in Body: its
// next tokens are what the element holds, with the namespaces declared around it in
// scope. Skip then goes to the end of the element.
func (m *Message) Scanner() *xmllimit.Scanner { return m.scanner(envelopeLimits) }

func (m *Message) scanner(lim xmllimit.Limits) *xmllimit.Scanner {
	s := xmllimit.NewScanner(m.envelope, lim)
	for range m.tokens {
		if _, err := s.Next(); err != nil {
			break // Open has read them; a caller's next call meets the same error
		}
	}
	return s
}

// Decode unmarshals the element in Body into v. Elements of other namespaces than the
// element's own are skipped, and so are attributes with a prefix; an element with
// xsi:nil is empty.
func (m *Message) Decode(v any) error {
	lim := envelopeLimits
	lim.Tokens = decodeTokens
	tr := &tokenReader{s: m.scanner(lim), m: m}
	if err := xml.NewTokenDecoder(tr).Decode(v); err != nil {
		return fmt.Errorf("decode %s: %w", m.Name, err)
	}
	return nil
}

// tokenReader gives encoding/xml the element in Body of m.
type tokenReader struct {
	s       *xmllimit.Scanner
	m       *Message
	started bool
	end     xml.EndElement // due after the start of an element that is nil
	due     bool
}

func (r *tokenReader) Token() (xml.Token, error) {
	if !r.started {
		r.started = true
		return xml.StartElement{Name: xml.Name{Space: r.m.Namespace, Local: r.m.Name}}, nil
	}
	if r.due {
		r.due = false
		return r.end, nil
	}
	for r.s.Depth() >= r.m.depth {
		t, err := r.s.Next()
		if err != nil {
			return nil, err
		}
		switch t.Kind {
		case xmllimit.Text:
			return xml.CharData(xmllimit.Unescape(nil, t.Data)), nil
		case xmllimit.End:
			return xml.EndElement{Name: name(&t)}, nil
		}
		if t.Space != r.m.Namespace {
			if err := r.s.Skip(); err != nil {
				return nil, err
			}
			continue
		}
		start := xml.StartElement{Name: name(&t)}
		for i := range t.Attrs {
			switch a := &t.Attrs[i]; {
			case a.Space == "":
				start.Attr = append(start.Attr, xml.Attr{
					Name: xml.Name{Local: string(a.Name)}, Value: xmllimit.String(a.Value)})
			case a.Space == instanceSpace && string(a.Local()) == "nil" && isTrue(a.Value):
				r.end, r.due = start.End(), true
			}
		}
		if r.due {
			if err := r.s.Skip(); err != nil {
				return nil, err
			}
		}
		return start, nil
	}
	return nil, io.EOF
}

func name(t *xmllimit.Token) xml.Name {
	return xml.Name{Space: t.Space, Local: string(t.Local())}
}

func isTrue(raw []byte) bool { return string(raw) == "true" || string(raw) == "1" }
