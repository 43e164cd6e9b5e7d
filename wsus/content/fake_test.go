package content_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"sluice/wsus/content"
	"sluice/wsus/update"
)

// verdicts keeps verdicts in memory as a database would.
type verdicts struct {
	mu   sync.Mutex
	rows map[[2]string]content.Verdict
	fail error // returned by puts, if set
	puts int
}

var _ content.Verdicts = (*verdicts)(nil)

func (v *verdicts) ContentVerdicts(context.Context) iter.Seq2[content.Verdict, error] {
	v.mu.Lock()
	rows := maps.Clone(v.rows)
	v.mu.Unlock()
	return func(yield func(content.Verdict, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

func (v *verdicts) PutContentVerdicts(_ context.Context, vs []content.Verdict) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.fail != nil {
		return v.fail
	}
	if v.rows == nil {
		v.rows = map[[2]string]content.Verdict{}
	}
	v.puts++
	for _, row := range vs {
		v.rows[[2]string{row.Root, row.Path}] = row
	}
	return nil
}

func (v *verdicts) DropContentVerdict(_ context.Context, root, path string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.rows, [2]string{root, path})
	return nil
}

func (v *verdicts) failWith(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fail = err
}

func (v *verdicts) len() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.rows)
}

// payload makes n bytes that are always the same for a seed.
func payload(seed uint64, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(b)
	return b
}

// fileOf describes bytes as metadata would.
func fileOf(name string, b []byte) update.File {
	return update.File{Name: name, Digest: sha1.Sum(b), SHA256: sha256.Sum256(b), Size: int64(len(b))}
}

// open opens a store, with the given verdicts and a fresh root unless o has
// them.
func open(tb testing.TB, o content.Options) *content.Store {
	tb.Helper()
	if o.Root == "" {
		o.Root = tb.TempDir()
	}
	if o.Verdicts == nil {
		o.Verdicts = &verdicts{}
	}
	s, err := content.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func put(tb testing.TB, s *content.Store, f update.File, b []byte) content.Verdict {
	tb.Helper()
	v, err := s.Put(tb.Context(), f, bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// lay writes a file below a root as another program would have, a while ago.
func lay(tb testing.TB, root, path string, b []byte) string {
	tb.Helper()
	name := filepath.Join(root, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(name, b, 0o644); err != nil {
		tb.Fatal(err)
	}
	age(tb, name, time.Hour)
	return name
}

// age sets the modification time of a file back.
func age(tb testing.TB, name string, d time.Duration) {
	tb.Helper()
	t := time.Now().Add(-d)
	if err := os.Chtimes(name, t, t); err != nil {
		tb.Fatal(err)
	}
}

// read returns what a store serves for a digest.
func read(tb testing.TB, s *content.Store, d update.Digest) ([]byte, error) {
	tb.Helper()
	f, fi, err := s.Open(d)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(f); err != nil {
		tb.Fatal(err)
	}
	if fi.Size() != int64(b.Len()) {
		tb.Errorf("size of %s = %d, read %d", d, fi.Size(), b.Len())
	}
	return b.Bytes(), nil
}
