package content

import (
	"errors"
	"fmt"
	"strings"

	"sluice/wsus/update"
)

// Errors that callers decide on.
var (
	// ErrNotHeld reports a file that no root has a verdict for, or that
	// vanished from all roots that had it.
	ErrNotHeld = errors.New("content is not held")
	// ErrUnverified reports a file that changed after it was verified and has
	// not been verified again yet.
	ErrUnverified = errors.New("content changed and is being verified again")
	// ErrNoSpace reports a volume that is full or would be fuller than
	// [Options.MinFree] allows. The error is a [*SpaceError].
	ErrNoSpace = errors.New("not enough free space")
	// ErrUnknownRoot reports a folder that is not a root of the store.
	ErrUnknownRoot = errors.New("not a content root")
	// ErrUnstable reports a file that was written to while it was read.
	ErrUnstable = errors.New("file changed while it was read")
)

// Sum is what a file was found to be.
type Sum struct {
	Digest update.Digest
	SHA256 update.SHA256
	Size   int64 // bytes
}

// MismatchError reports bytes that are not the file that metadata describes.
type MismatchError struct {
	Want update.File
	// Got has zero digests where the size alone settled it: then Size is what
	// was read before giving up, or what the held file has.
	Got Sum
}

// Error names every property that differs.
func (e *MismatchError) Error() string {
	var diffs []string
	if e.Want.Size > 0 && e.Got.Size != e.Want.Size {
		diffs = append(diffs, fmt.Sprintf("size is %d bytes, not %d", e.Got.Size, e.Want.Size))
	}
	if !e.Got.Digest.IsZero() && e.Got.Digest != e.Want.Digest {
		diffs = append(diffs, fmt.Sprintf("SHA-1 is %s", e.Got.Digest))
	}
	if !e.Got.SHA256.IsZero() && !e.Want.SHA256.IsZero() && e.Got.SHA256 != e.Want.SHA256 {
		diffs = append(diffs, fmt.Sprintf("SHA-256 is %s, not %s", e.Got.SHA256, e.Want.SHA256))
	}
	return fmt.Sprintf("content %s does not match: %s", e.Want.Digest, strings.Join(diffs, ", "))
}

// BadPayload says that the file is at fault, not the store: an import refuses the
// file and goes on.
func (e *MismatchError) BadPayload() bool { return true }

// check compares a sum with what metadata says of the file; properties that
// metadata leaves out are not compared.
func (s Sum) check(want update.File) error {
	if s.Digest != want.Digest ||
		(want.Size > 0 && s.Size != want.Size) ||
		(!want.SHA256.IsZero() && s.SHA256 != want.SHA256) {
		return &MismatchError{Want: want, Got: s}
	}
	return nil
}

// SpaceError says how much space was wanted and how much there was. It
// unwraps to [ErrNoSpace] and, where the file system refused, to its error.
type SpaceError struct {
	Dir     string
	Need    int64 // bytes still to be written; 0 where unknown
	Free    int64 // bytes available; -1 where unknown
	MinFree int64 // bytes that must stay free
	Err     error // what the file system said; nil where nothing was tried
}

// Error gives the numbers in bytes.
func (e *SpaceError) Error() string {
	s := fmt.Sprintf("%v in %s: %d bytes needed, %d free, %d to stay free", ErrNoSpace, e.Dir, e.Need, e.Free, e.MinFree)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns ErrNoSpace and Err.
func (e *SpaceError) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrNoSpace}
	}
	return []error{ErrNoSpace, e.Err}
}
