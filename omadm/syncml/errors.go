package syncml

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"sluice/wsus/xmllimit"
)

// ErrContentType says that a body is neither SyncML in XML nor in WBXML by its
// content type.
var ErrContentType = errors.New("syncml: content type is not OMA DM")

// SyntaxError says that a document is no SyncML: not well formed, or something
// stands where it must not.
type SyntaxError struct {
	Where  string // elements from below SyncML down, as in "SyncBody/Replace/Item"; "" is the document itself
	Offset int64  // byte offset in the document
	Msg    string // what is wrong; names of elements from the document are quoted and cut
}

func (e *SyntaxError) Error() string {
	if e.Where == "" {
		return fmt.Sprintf("syncml: %s at byte %d", e.Msg, e.Offset)
	}
	return fmt.Sprintf("syncml: %s: %s at byte %d", e.Where, e.Msg, e.Offset)
}

// LimitError says that a document has more of something than is read.
type LimitError struct {
	What  string // what there is too much of, as in "commands"
	Limit int64  // how much would have been read
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("syncml: more than %d %s", e.Limit, e.What)
}

// fromXML makes an error of xmllimit one of this package.
func fromXML(err error) error {
	var limit *xmllimit.LimitError
	if errors.As(err, &limit) {
		return &LimitError{What: limit.What, Limit: limit.Limit}
	}
	var syntax *xmllimit.SyntaxError
	if errors.As(err, &syntax) {
		return &SyntaxError{Offset: syntax.Offset, Msg: syntax.Msg}
	}
	return fmt.Errorf("syncml: %w", err)
}

// quoteName quotes the name of an element that came from outside.
func quoteName(name []byte) string {
	const most = 40
	s := string(name[:min(len(name), most)])
	for !utf8.ValidString(s) && s != "" {
		s = s[:len(s)-1]
	}
	if len(s) < len(name) {
		s += "..."
	}
	return fmt.Sprintf("%q", s)
}

// pathString writes the elements that a place lies in.
func pathString(path []tag) string {
	if len(path) > 0 && path[0] == tagSyncML {
		path = path[1:]
	}
	names := make([]string, len(path))
	for i, t := range path {
		if names[i] = t.String(); names[i] == "" {
			names[i] = "?"
		}
	}
	return strings.Join(names, "/")
}
