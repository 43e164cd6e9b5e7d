package daemon_test

import (
	"log/slog"
	"testing"
	"time"

	"sluice/daemon"
)

// TestBoundHeap: the bound is told when the appliance opens and grows with the
// catalog.
func TestBoundHeap(t *testing.T) {
	t.Parallel()
	var told []int64
	a, err := daemon.Open(t.Context(), daemon.Options{
		Config: settings(t), Log: slog.New(slog.DiscardHandler), Now: time.Now, Hostname: "test",
		BoundHeap: func(bytes int64) { told = append(told, bytes) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	importDemo(t, a)
	if len(told) < 2 || told[0] < 100<<20 || told[len(told)-1] <= told[0] {
		t.Errorf("the heap was bounded at %d", told)
	}
}
