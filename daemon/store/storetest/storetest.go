// Package storetest opens stores for tests.
package storetest

import (
	"log/slog"
	"testing"
	"time"

	"sluice/daemon/store"
)

// New opens a new store in a temporary folder and closes it when the test ends.
func New(tb testing.TB) *store.Store {
	tb.Helper()
	return Open(tb, Options(tb, tb.TempDir()))
}

// Open opens a store and closes it when the test ends.
func Open(tb testing.TB, o store.Options) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close store: %v", err)
		}
	})
	return s
}

// Options returns options for a store in dir: the clock is the real one, the
// log goes to the test's output, and damage fails the test.
func Options(tb testing.TB, dir string) store.Options {
	return store.Options{
		Dir:      dir,
		Log:      slog.New(slog.NewTextHandler(tb.Output(), nil)),
		Now:      time.Now,
		OnDamage: func(err error) { tb.Errorf("store damaged: %v", err) },
	}
}
