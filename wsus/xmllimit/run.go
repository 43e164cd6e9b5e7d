package xmllimit

import "bytes"

// Run reads ahead over a list as machines write them: a run of elements, right
// where the scanner stands inside of an element, each written exactly
//
//	<name>text</name>
//
// with the given name, which has no prefix, in the given namespace, and with
// ASCII text that is not empty and has no markup, reference or control character
// in it. It calls visit with each text, as raw as decoded, and stops at the first
// thing that is written otherwise, or at the element for which visit returned
// false; that one has been read. Next continues from there. It costs a fraction
// of what Next does, and is never needed: everything that Run reads is three
// tokens of Next.
func (s *Scanner) Run(space, name string, visit func(text []byte) bool) {
	if s.err != nil || s.selfClosed || len(s.open) == 0 || len(s.open) >= s.lim.Depth || len(name) > s.lim.NameBytes {
		return
	}
	if uri, _ := s.scope.lookup(nil); uri != space {
		return
	}
	var scratch [64]byte
	tags := append(append(append(scratch[:0], "</"...), name...), '>')
	tags = append(append(append(tags, '<'), name...), '>')
	end, start := tags[:len(name)+3], tags[len(name)+3:]
	for s.tokens+3 <= s.lim.Tokens {
		text, n := plainElement(s.b[s.pos:], start, end)
		if n == 0 || len(text) > s.lim.TextBytes {
			return
		}
		s.pos += n
		s.tokens += 3
		if !visit(text) {
			return
		}
	}
}

// plainElement returns the text of the element that b begins with and the length
// of that element, or 0 where there is none of the form that Run reads.
func plainElement(b, start, end []byte) (text []byte, n int) {
	if !bytes.HasPrefix(b, start) {
		return nil, 0
	}
	i := len(start)
	for i < len(b) && plainText[b[i]] {
		i++
	}
	if i == len(start) || !bytes.HasPrefix(b[i:], end) {
		return nil, 0
	}
	return b[len(start):i], i + len(end)
}

// plainText has the characters that mean themselves wherever they stand.
var plainText = func() (t [256]bool) {
	for c := ' '; c <= '~'; c++ {
		t[c] = c != '<' && c != '>' && c != '&' && c != ']'
	}
	return t
}()
