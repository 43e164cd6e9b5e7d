package xmllimit

import (
	"bytes"
	"regexp"
)

var (
	byteOrderMark = []byte("\xEF\xBB\xBF")
	declOpen      = []byte("<?xml")
	declClose     = []byte("?>")

	// declBody is what may stand in an XML declaration (XML 1.0, production 23) of a
	// document in UTF-8. ASCII, which a common Python writer names, is a part of it.
	declBody = regexp.MustCompile(`^[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')` +
		`(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"(?i:utf-8|(?:us-)?ascii)"|'(?i:utf-8|(?:us-)?ascii)'))?` +
		`(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*$`)
)

// prolog passes over a byte order mark and an XML declaration.
func (s *Scanner) prolog() error {
	if bytes.HasPrefix(s.b, byteOrderMark) {
		s.pos = len(byteOrderMark)
	}
	rest := s.b[s.pos:]
	if !bytes.HasPrefix(rest, declOpen) {
		return nil
	}
	const longest = 256 // a declaration is never longer; spares looking through the input
	end := bytes.Index(rest[:min(len(rest), longest)], declClose)
	if end < 0 || !declBody.Match(rest[len(declOpen):end]) {
		return s.syntax(s.pos, "XML declaration that is not of version 1.0 in UTF-8")
	}
	s.pos += end + len(declClose)
	return nil
}
