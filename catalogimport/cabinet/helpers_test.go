package cabinet_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"sluice/catalogimport/cabinet"
)

// open opens a cabinet that must be good.
func open(tb testing.TB, b []byte) *cabinet.Reader {
	tb.Helper()
	r, err := cabinet.Open(bytes.NewReader(b), int64(len(b)), cabinet.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// readAll reads one member and drops it.
func readAll(r *cabinet.Reader, name string) error {
	rd, err := r.OpenMember(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, rd)
	return err
}

// wantErr checks that err wraps want.
func wantErr(tb testing.TB, err, want error) {
	tb.Helper()
	if !errors.Is(err, want) {
		tb.Errorf("error %v, want %v", err, want)
	}
}
