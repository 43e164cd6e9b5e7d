package store

import (
	"context"
	"testing"
)

func TestGateLetsTheForegroundGoFirst(t *testing.T) {
	t.Parallel()
	var g gate
	if err := g.enter(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	order := make(chan string, 3)
	wait := func(name string, background bool) {
		go func() {
			if err := g.enter(context.Background(), background); err != nil {
				t.Error(err)
			}
			order <- name
			g.leave()
		}()
		for { // until it is queued
			g.mu.Lock()
			n := len(g.foreground) + len(g.background)
			g.mu.Unlock()
			if n == map[string]int{"background": 1, "first": 2, "second": 3}[name] {
				return
			}
		}
	}
	wait("background", true)
	wait("first", false)
	wait("second", false)
	g.leave()
	for _, want := range []string{"first", "second", "background"} {
		if got := <-order; got != want {
			t.Errorf("%s enters, want %s", got, want)
		}
	}
}

func TestGateForgetsWhoGaveUp(t *testing.T) {
	t.Parallel()
	var g gate
	if err := g.enter(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, background := range []bool{false, true} {
		if err := g.enter(ctx, background); err == nil {
			t.Error("entered with an ended context while another was in")
		}
	}
	g.leave()
	if err := g.enter(t.Context(), true); err != nil {
		t.Error(err)
	}
}
