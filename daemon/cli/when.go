package cli

import (
	"fmt"
	"strings"
	"time"

	"sluice/daemon/config"
)

// parseDeadline reads a time with its zone, or "+" and a duration from now on.
func parseDeadline(s string, now time.Time) (time.Time, error) {
	if rest, ok := strings.CutPrefix(s, "+"); ok {
		d, err := config.ParseDuration(rest)
		if err != nil {
			return time.Time{}, fmt.Errorf("deadline %q: %w", s, err)
		}
		return now.Add(time.Duration(d)).UTC().Truncate(time.Minute), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("deadline %q: not a time; allowed: a time with its zone such as 2026-12-01T03:00Z, or +7d, +36h", s)
}
