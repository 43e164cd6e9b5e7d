package updatecsp

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What a value or a name is refused with, for errors.Is.
var (
	ErrUnknown = errors.New("no such setting")
	ErrValue   = errors.New("not an allowed value")
)

// UnknownError says that there is no setting of a name.
type UnknownError struct {
	Name string
	Near []string // settings of a similar name, the nearest first
}

// Error names the settings that may have been meant.
func (e *UnknownError) Error() string {
	msg := fmt.Sprintf("no setting is named %q", clip(e.Name))
	if len(e.Near) > 0 {
		msg += "; did you mean " + strings.Join(e.Near, ", ") + "?"
	}
	return msg
}

// Is reports whether target is [ErrUnknown].
func (e *UnknownError) Is(target error) bool { return target == ErrUnknown }

// ValueError says that a setting does not take a value.
type ValueError struct {
	Name    string
	Value   string
	Allowed string // in words
	Reason  string // more of why; empty for that it is not among the allowed ones
}

// Error names the allowed values.
func (e *ValueError) Error() string {
	msg := fmt.Sprintf("%s does not take %q", e.Name, clip(e.Value))
	if e.Reason != "" {
		msg += ": " + e.Reason
	}
	return msg + "; allowed: " + e.Allowed
}

// Is reports whether target is [ErrValue].
func (e *ValueError) Is(target error) bool { return target == ErrValue }

// Validate returns the name of a setting as the catalogue spells it, and a value
// in the form that goes to devices. Names are compared without letter case, blanks
// around a value do not count, numbers lose their leading zeros.
//
// Errors: [*UnknownError], [*ValueError].
func Validate(name, value string) (canonical, normal string, err error) {
	s, ok := Find(strings.TrimSpace(name))
	if !ok {
		return "", "", &UnknownError{Name: name, Near: near(name)}
	}
	normal, err = s.Validate(value)
	if err != nil {
		return "", "", err
	}
	return s.Name, normal, nil
}

// Validate returns a value in the form that goes to devices.
//
// Errors: [*ValueError].
func (s *Setting) Validate(value string) (normal string, err error) {
	v := strings.TrimSpace(value)
	switch s.Kind {
	case Range:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < s.Min || n > s.Max {
			return "", s.refuse(value, "")
		}
		return strconv.FormatInt(n, 10), nil
	case Enum:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return "", s.refuse(value, "")
		}
		v = strconv.FormatInt(n, 10)
		if !slices.ContainsFunc(s.Values, func(a Value) bool { return a.Value == v }) {
			return "", s.refuse(value, "")
		}
		return v, nil
	}
	normal, reason := s.Text.normal(v)
	if reason != "" {
		return "", s.refuse(value, reason)
	}
	return normal, nil
}

func (s *Setting) refuse(value, reason string) error {
	return &ValueError{Name: s.Name, Value: value, Allowed: s.Allowed(), Reason: reason}
}

// Check returns why a device of version os does not take a value that [Validate]
// let pass, as a [*ValueError] with what it does take; nil where it does, or where
// its version is not known.
func (s *Setting) Check(value string, os Version) error {
	if os.IsZero() {
		return nil
	}
	switch s.Kind {
	case Range:
		n, err := strconv.ParseInt(value, 10, 64)
		for _, l := range s.Limits {
			if os.Compare(l.Before) < 0 && (err != nil || n < l.Min || n > l.Max) {
				return &ValueError{Name: s.Name, Value: value, Allowed: fmt.Sprintf("%d to %d", l.Min, l.Max),
					Reason: "not on " + os.name()}
			}
		}
	case Enum:
		allowed := slices.DeleteFunc(slices.Clone(s.Values), func(v Value) bool {
			return !v.From.IsZero() && os.Compare(v.From) < 0 || !v.Before.IsZero() && os.Compare(v.Before) >= 0
		})
		if !slices.ContainsFunc(allowed, func(v Value) bool { return v.Value == value }) {
			return &ValueError{Name: s.Name, Value: value, Allowed: inWords(allowed), Reason: "not on " + os.name()}
		}
	}
	return nil
}

// name is the release and the numbers of a version.
func (v Version) name() string {
	if r := v.Release(); r != "" {
		return r + " (" + v.String() + ")"
	}
	return v.String()
}

// clip shortens text from outside for a message.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}
