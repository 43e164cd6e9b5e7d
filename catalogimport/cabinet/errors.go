package cabinet

import (
	"errors"
	"fmt"
	"strings"
)

// Causes a caller may want to tell apart with [errors.Is].
var (
	// ErrMultipart reports a cabinet that is one part of a set.
	ErrMultipart = errors.New("the cabinet is one part of a set, which is not supported")
	// ErrQuantum reports a member that is compressed with Quantum.
	ErrQuantum = errors.New("quantum compression is not supported")
	// ErrChecksum reports a data block that does not match its checksum.
	ErrChecksum = errors.New("checksum mismatch")
	// ErrLimit reports a cabinet that declares more than its [Limits] allow.
	ErrLimit = errors.New("over the limit")
	// ErrNotFound reports a name that no member has.
	ErrNotFound = errors.New("no such member")
	// ErrUnsafeName reports a name that must not be used as a path.
	ErrUnsafeName = errors.New("unsafe member name")
	// ErrStop is returned by the callback of [Reader.Walk] to end the walk
	// without an error.
	ErrStop = errors.New("stop the walk")
)

// FormatError reports where and why a cabinet was refused.
type FormatError struct {
	// Offset is the position of the offending field or data block, in bytes
	// from the start of the cabinet.
	Offset int64
	// Member is the name of the member that was being read, empty where the
	// cabinet's directory is at fault.
	Member string
	// What says what is wrong, naming the field or block.
	What string
	// Err is the cause, or nil where What says it all.
	Err error
}

// Error describes the fault on one line. The member's name is quoted.
func (e *FormatError) Error() string {
	var b strings.Builder
	b.WriteString("cabinet: ")
	if e.Member != "" {
		fmt.Fprintf(&b, "member %q: ", e.Member)
	}
	fmt.Fprintf(&b, "%s (at byte %d)", e.What, e.Offset)
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }
