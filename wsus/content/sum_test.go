package content

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
	"time"
)

func TestCopySum(t *testing.T) {
	t.Parallel()
	b := bytes.Repeat([]byte("0123456789abcdef"), 3*chunkSize/16)
	b = append(b, "tail"...)
	for name, r := range map[string]io.Reader{
		"plain":      bytes.NewReader(b),
		"half":       iotest.HalfReader(bytes.NewReader(b)),
		"with EOF":   iotest.DataErrReader(bytes.NewReader(b)),
		"whole size": io.LimitReader(bytes.NewReader(b), int64(len(b))),
	} {
		var w bytes.Buffer
		sum, err := copySum(t.Context(), &w, r, int64(len(b)), nil)
		if err != nil || sum.Size != int64(len(b)) || sum.Digest != sha1.Sum(b) || !bytes.Equal(w.Bytes(), b) {
			t.Errorf("%s: %+v, %v", name, sum, err)
		}
	}
	var w bytes.Buffer
	sum, err := copySum(t.Context(), &w, bytes.NewReader(b), 10, nil)
	if err != nil || !sum.Digest.IsZero() || sum.Size <= 10 || w.Len() != 0 {
		t.Errorf("over the limit: %+v, %v, wrote %d", sum, err, w.Len())
	}
	for name, tt := range map[string]struct {
		r    io.Reader
		want error
	}{
		"truncated source": {io.MultiReader(bytes.NewReader(b), iotest.ErrReader(io.ErrUnexpectedEOF)), io.ErrUnexpectedEOF},
		"stuck source":     {stuckReader{}, io.ErrNoProgress},
	} {
		if _, err := copySum(t.Context(), nil, tt.r, 0, nil); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type stuckReader struct{}

func (stuckReader) Read([]byte) (int, error) { return 0, nil }

func TestSumFileNoticesWriters(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, bytes.Repeat([]byte("x"), 2*chunkSize), 0o600); err != nil {
		t.Fatal(err)
	}
	later := func() time.Time { return time.Now().Add(time.Hour) }
	if sum, _, err := sumFile(t.Context(), name, 0, later, nil); err != nil || sum.Size != 2*chunkSize {
		t.Fatalf("quiet file: %+v, %v", sum, err)
	}
	if sum, _, err := sumFile(t.Context(), name, 5, later, nil); err != nil || !sum.Digest.IsZero() || sum.Size != 2*chunkSize {
		t.Errorf("wrong size: %+v, %v", sum, err)
	}
	_, _, err := sumFile(t.Context(), name, 0, later, func(done int64) error {
		if done == 0 {
			return nil
		}
		old := time.Now().Add(-time.Hour)
		return os.Chtimes(name, old, old)
	})
	if !errors.Is(err, ErrUnstable) {
		t.Errorf("touched meanwhile: %v", err)
	}
	_, _, err = sumFile(t.Context(), name, 0, later, func(done int64) error { return os.Truncate(name, chunkSize) })
	if !errors.Is(err, ErrUnstable) {
		t.Errorf("truncated meanwhile: %v", err)
	}
	if _, _, err := sumFile(t.Context(), filepath.Dir(name), 0, later, nil); err == nil {
		t.Error("a folder was hashed")
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		age  time.Duration
		want error // with an ended context: nil if it doesn't wait
	}{
		{-time.Second, nil}, {settleTime, nil}, {time.Hour, nil},
		{0, context.Canceled}, {settleTime - 1, context.Canceled},
	} {
		err := settle(ended, tt.age)
		if tt.age == settleTime-1 && err == nil {
			continue // both were ready
		}
		if !errors.Is(err, tt.want) {
			t.Errorf("settle(%v) = %v, want %v", tt.age, err, tt.want)
		}
	}
	if err := settle(t.Context(), settleTime-time.Millisecond); err != nil {
		t.Errorf("settle = %v", err)
	}
}
