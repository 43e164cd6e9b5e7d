package doctor

import (
	"context"
	"errors"
	"fmt"
)

// Check is one thing that was examined.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"` // false only where it failed
	State  State  `json:"state"`
	Detail string `json:"detail"`          // what was seen, or what went wrong
	Means  string `json:"means,omitempty"` // what that means to devices; with a failure or warning
	Do     string `json:"do,omitempty"`    // what to do about it; with a failure or warning
}

// State is how a check went.
type State string

// The states.
const (
	Passed  State = "passed"
	Warned  State = "warning" // works, and should not stay so
	Failed  State = "failed"
	Skipped State = "skipped" // could not be examined
)

// verdict is an error that decides the state of a check.
type verdict struct {
	state State
	text  string
}

func (v *verdict) Error() string { return v.text }

// warn is the outcome of a check that works and should not stay so.
func warn(format string, args ...any) error { return &verdict{Warned, fmt.Sprintf(format, args...)} }

// skip is the outcome of a check that cannot be made.
func skip(format string, args ...any) error { return &verdict{Skipped, fmt.Sprintf(format, args...)} }

// question is a check to be made.
type question struct {
	name  string
	means string // what it means when the answer is no
	do    string
	ask   func(*exam, context.Context) (detail string, err error)
}

// answer makes the check.
func (q *question) answer(ctx context.Context, e *exam) Check {
	detail, err := q.ask(e, ctx)
	c := Check{Name: q.name, OK: true, State: Passed, Detail: detail}
	if err == nil {
		return c
	}
	c.State, c.Detail = Failed, err.Error()
	var v *verdict
	if errors.As(err, &v) {
		c.State = v.state
	}
	c.OK = c.State != Failed
	if c.State != Skipped {
		c.Means, c.Do = q.means, q.do
	}
	return c
}

// OK reports whether no check failed.
func OK(checks []Check) bool {
	for _, c := range checks {
		if !c.OK {
			return false
		}
	}
	return true
}
