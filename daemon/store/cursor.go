package store

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrBadCursor reports text that no list gave out as the beginning of a page.
var ErrBadCursor = errors.New("not the beginning of a page")

// String returns the cursor as text for [ParseUpdateCursor], empty for the
// beginning.
func (c UpdateCursor) String() string {
	if c.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d.%d", c.created, c.variant)
}

// ParseUpdateCursor reads what [UpdateCursor.String] wrote. The error wraps
// [ErrBadCursor].
func ParseUpdateCursor(s string) (c UpdateCursor, _ error) {
	if s == "" {
		return c, nil
	}
	created, variant, ok := strings.Cut(s, ".")
	var errs [2]error
	c.created, errs[0] = strconv.ParseInt(created, 10, 64)
	c.variant, errs[1] = strconv.ParseInt(variant, 10, 64)
	if !ok || errors.Join(errs[:]...) != nil {
		if len(s) > 64 {
			s = s[:64]
		}
		return UpdateCursor{}, fmt.Errorf("%q: %w", s, ErrBadCursor)
	}
	return c, nil
}
