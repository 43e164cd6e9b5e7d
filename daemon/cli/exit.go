package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Exit codes, a contract with scripts.
const (
	ExitDone    = 0
	ExitFailed  = 1
	ExitUsage   = 2 // wrong usage or configuration
	ExitRefused = 3 // media refused
	ExitRunning = 4 // another sluice has the data folder
)

// ExitError is an error that decides the exit code and may say what to do next.
type ExitError struct {
	Code int
	Err  error
	Hint string // one sentence, or empty
}

// Error returns the text of the error without the hint.
func (e *ExitError) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e *ExitError) Unwrap() error { return e.Err }

// usageError is err as a mistake of the caller's.
func usageError(err error, hint string) error { return &ExitError{ExitUsage, err, hint} }

// exitCode is the one place where an error becomes an exit code.
func exitCode(err error) int {
	var e *ExitError
	switch {
	case err == nil:
		return ExitDone
	case errors.As(err, &e):
		return e.Code
	}
	return ExitFailed
}

// report writes an error for people: one line for each of its own, and the hint.
func report(w io.Writer, err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(w, "sluice: %s\n", printable(line))
	}
	var e *ExitError
	if errors.As(err, &e) && e.Hint != "" {
		fmt.Fprintf(w, "hint: %s\n", printable(e.Hint))
	}
}
