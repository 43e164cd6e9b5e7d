package config

import (
	"fmt"
	"strings"
)

// Kinds of Origin.
const (
	FromDefault     = "default"
	FromFile        = "file"
	FromEnvironment = "environment"
	FromFlag        = "flag"
)

// Origin says where a value came from.
type Origin struct {
	Kind string `json:"kind"`           // one of the From constants
	Name string `json:"name,omitempty"` // the file, the variable or the flag
	Line int    `json:"line,omitempty"` // in the file, from 1
}

// String returns the origin as it is shown: "default", "sluice.toml:12",
// "environment SLUICE_ROLE", "flag --data".
func (o Origin) String() string {
	switch o.Kind {
	case FromFile:
		if o.Line == 0 {
			return o.Name
		}
		return fmt.Sprintf("%s:%d", o.Name, o.Line)
	case FromEnvironment, FromFlag:
		return o.Kind + " " + o.Name
	}
	return FromDefault
}

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	Origin  Origin `json:"origin"`
	Key     string `json:"key,omitempty"` // empty where the file as a whole is meant
	Reason  string `json:"reason"`
	Allowed string `json:"allowed,omitempty"`
}

// Error returns the problem in one line: where, which key, what is wrong, what
// is allowed.
func (p *Problem) Error() string {
	var b strings.Builder
	if p.Origin.Kind != "" && p.Origin.Kind != FromDefault {
		b.WriteString(p.Origin.String() + ": ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Reason)
	if p.Allowed != "" {
		b.WriteString("; allowed: " + p.Allowed)
	}
	return b.String()
}

// Problems returns every Problem in err, in order.
func Problems(err error) []*Problem {
	switch e := err.(type) {
	case *Problem:
		return []*Problem{e}
	case interface{ Unwrap() []error }:
		var all []*Problem
		for _, inner := range e.Unwrap() {
			all = append(all, Problems(inner)...)
		}
		return all
	case interface{ Unwrap() error }:
		return Problems(e.Unwrap())
	}
	return nil
}
