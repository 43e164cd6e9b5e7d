package metadata

import (
	"errors"
	"fmt"
)

// What can be wrong with a value, wrapped by [Error].
var (
	ErrMissing    = errors.New("missing")
	ErrRepeated   = errors.New("given twice")
	ErrRange      = errors.New("not a number in range")
	ErrBadTime    = errors.New("not a date")
	ErrBadBool    = errors.New("neither true nor false")
	ErrTooMany    = errors.New("too many")
	ErrTooLong    = errors.New("too long")
	ErrUnexpected = errors.New("unexpected element")
)

// Error says which part of a document or fragment was refused, and why. Err is
// one of this package's errors, or one of [sluice/wsus/update]. What is not even
// XML, or beyond the limits of reading it, comes as an error of
// [sluice/wsus/xmllimit], wrapped.
type Error struct {
	Element string // name in the namespace-free spelling of fragments
	Field   string // attribute, or child element; empty for the element itself
	Err     error
}

func (e *Error) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("%s: %v", e.Element, e.Err)
	}
	return fmt.Sprintf("%s: %s: %v", e.Element, e.Field, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }
