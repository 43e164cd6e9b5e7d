package bounded_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"sluice/catalogimport/bounded"
)

func TestBytes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		limit int64
		ok    bool
	}{
		{"at the limit", 5, true},
		{"one over", 4, false},
		{"far under", 100, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b, err := io.ReadAll(bounded.Bytes(strings.NewReader("sluis"), tt.limit))
			var le *bounded.LimitError
			if ok := err == nil; ok != tt.ok || !tt.ok && !errors.As(err, &le) {
				t.Fatalf("reading 5 bytes with limit %d: %q, %v", tt.limit, b, err)
			}
		})
	}
}

func TestContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	r := bounded.Context(ctx, strings.NewReader("sluice"))
	if _, err := io.ReadFull(r, make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := r.Read(make([]byte, 3)); !errors.Is(err, context.Canceled) {
		t.Fatalf("read after cancel: %v, want context.Canceled", err)
	}
}
