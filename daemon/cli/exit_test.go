package cli

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestExitCodeAndReport(t *testing.T) {
	t.Parallel()
	refused := &ExitError{ExitRefused, errors.New("a.cab is not signed"), "use --accept-unsigned"}
	for _, tt := range []struct {
		name string
		err  error
		code int
		want string
	}{
		{"done", nil, ExitDone, ""},
		{"failed", errors.New("disk full"), ExitFailed, "sluice: disk full\n"},
		{"usage", usageError(errors.New("no such flag"), ""), ExitUsage, "sluice: no such flag\n"},
		{"refused", refused, ExitRefused, "sluice: a.cab is not signed\nhint: use --accept-unsigned\n"},
		{"wrapped", fmt.Errorf("import: %w", refused), ExitRefused, "sluice: import: a.cab is not signed\nhint: use --accept-unsigned\n"},
		{"joined", errors.Join(errors.New("one"), errors.New("two")), ExitFailed, "sluice: one\nsluice: two\n"},
		{"terminal codes", errors.New("bad \x1b[2J name"), ExitFailed, "sluice: bad \uFFFD[2J name\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := exitCode(tt.err); got != tt.code {
				t.Errorf("exitCode(%v) = %d, want %d", tt.err, got, tt.code)
			}
			var b strings.Builder
			if tt.err != nil {
				report(&b, tt.err)
			}
			if b.String() != tt.want {
				t.Errorf("report(%v) = %q, want %q", tt.err, b.String(), tt.want)
			}
		})
	}
}
