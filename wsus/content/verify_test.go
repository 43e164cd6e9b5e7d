package content_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/content"
	"sluice/wsus/update"
)

func files(fs ...update.File) iter.Seq2[update.File, error] {
	return func(yield func(update.File, error) bool) {
		for _, f := range fs {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// TestVerifyAdoptedFolder walks a folder as another server left it: letter
// case, strangers, damage.
func TestVerifyAdoptedFolder(t *testing.T) {
	t.Parallel()
	share := t.TempDir()
	bodies := make([][]byte, 4)
	fs := make([]update.File, 4)
	for i := range bodies {
		bodies[i] = payload(uint64(10+i), 1000+i)
		fs[i] = fileOf("x.cab", bodies[i])
	}
	lay(t, share, strings.ToLower(content.Path(fs[0])), bodies[0])
	lay(t, share, strings.TrimSuffix(content.Path(fs[1]), ".cab"), bodies[1]) // no extension
	lay(t, share, content.Path(fs[2]), bodies[2][:500])                       // truncated
	lay(t, share, "00/"+fs[3].Digest.String()+".cab", bodies[3])              // wrong folder
	lay(t, share, "anonymousCheckFile.txt", nil)
	lay(t, share, "AB/readme.txt", nil)

	vs := &verdicts{}
	s := open(t, content.Options{Verdicts: vs})
	if _, err := s.Verify(t.Context(), share, nil, nil); !errors.Is(err, content.ErrUnknownRoot) {
		t.Fatalf("Verify before Adopt = %v", err)
	}
	for range 2 {
		if err := s.Adopt(t.Context(), share); err != nil {
			t.Fatal(err)
		}
	}
	got := map[update.Digest]content.Outcome{}
	tally, err := s.Verify(t.Context(), share, files(fs...), func(st content.Step) { got[st.Digest] = st.Outcome })
	if err != nil {
		t.Fatal(err)
	}
	want := map[update.Digest]content.Outcome{
		fs[0].Digest: content.Verified,
		fs[1].Digest: content.Verified,
		fs[2].Digest: content.Mismatched,
		fs[3].Digest: content.Missing,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("outcomes (-want +got):\n%s", d)
	}
	if d := cmp.Diff(content.Tally{Verified: 2, Mismatched: 1, Missing: 1, Bytes: 2001}, tally); d != "" {
		t.Errorf("tally (-want +got):\n%s", d)
	}
	for i := range 2 {
		if b, err := read(t, s, fs[i].Digest); err != nil || !bytes.Equal(b, bodies[i]) {
			t.Errorf("file %d: %d bytes, %v", i, len(b), err)
		}
	}
	if s.Have(fs[2].Digest) || s.Have(fs[3].Digest) {
		t.Error("a bad file is held")
	}

	// Again: nothing is read twice. Names alone find the same.
	tally, err = s.Verify(t.Context(), share, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(content.Tally{Held: 2, Mismatched: 1, Bytes: 500}, tally); d != "" {
		t.Errorf("second tally (-want +got):\n%s", d)
	}
	// A new process that has the root configured, or adopts it again, knows.
	for _, s := range []*content.Store{
		open(t, content.Options{Verdicts: vs, ReadOnly: []string{share, share}}),
		open(t, content.Options{Verdicts: vs}),
	} {
		if err := s.Adopt(t.Context(), share); err != nil {
			t.Fatal(err)
		}
		if roots := s.Roots(); len(roots) != 2 || roots[1].Files != 2 || roots[1].Bytes != 2001 || roots[1].Writable {
			t.Errorf("Roots = %+v", roots)
		}
	}
}

func TestAdoptFails(t *testing.T) {
	t.Parallel()
	s := open(t, content.Options{})
	dir := t.TempDir()
	if err := s.Adopt(t.Context(), filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Adopt of nothing = %v", err)
	}
	if err := s.Adopt(t.Context(), lay(t, dir, "file", nil)); err == nil {
		t.Error("Adopt of a file succeeded")
	}
}

func TestVerifyComparesWithMetadata(t *testing.T) {
	t.Parallel()
	share := t.TempDir()
	b := payload(1, 100)
	f := fileOf("a.cab", b)
	lay(t, share, content.Path(f), b)
	s := open(t, content.Options{ReadOnly: []string{share}})
	lied := f
	lied.SHA256[0]++
	for range 2 { // read, then from the verdict
		tally, err := s.Verify(t.Context(), share, files(lied), nil)
		if err != nil || tally.Mismatched != 1 {
			t.Errorf("Verify = %+v, %v", tally, err)
		}
		if _, err := s.Verify(t.Context(), share, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestVerifyStops(t *testing.T) {
	t.Parallel()
	share := t.TempDir()
	bodies := [][]byte{payload(1, 100), payload(2, 100)}
	fs := []update.File{fileOf("a", bodies[0]), fileOf("b", bodies[1])}
	for i := range fs {
		lay(t, share, content.Path(fs[i]), bodies[i])
	}
	s := open(t, content.Options{ReadOnly: []string{share}})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.Verify(ctx, share, files(fs...), func(content.Step) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Verify = %v", err)
	}
	if !s.Have(fs[0].Digest) || s.Have(fs[1].Digest) {
		t.Error("what was read before the end doesn't count, or more does")
	}
	bad := errors.New("no more files")
	if _, err := s.Verify(t.Context(), share, func(yield func(update.File, error) bool) { yield(update.File{}, bad) }, nil); !errors.Is(err, bad) {
		t.Errorf("Verify = %v", err)
	}
}

// changes notes the calls of Options.Changed and lets tests wait for them.
type changes struct {
	mu   sync.Mutex
	cond *sync.Cond
	n    map[update.Digest]int
}

func newChanges() *changes {
	c := &changes{n: map[update.Digest]int{}}
	c.cond = sync.NewCond(&c.mu)
	return c
}

func (c *changes) changed(d update.Digest) {
	c.mu.Lock()
	c.n[d]++
	c.mu.Unlock()
	c.cond.Broadcast()
}

// wait returns once d has changed n times.
func (c *changes) wait(d update.Digest, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.n[d] < n {
		c.cond.Wait()
	}
}

func runStore(t *testing.T, s *content.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v", err)
		}
	})
}

// A verdict holds for what was verified and for nothing that came after.
func TestChangedFileIsNotServed(t *testing.T) {
	t.Parallel()
	b := payload(1, 4000)
	f := fileOf("a.cab", b)
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, name string)
		after  error // of Open, once it was verified again
	}{
		{"truncated", func(t *testing.T, name string) {
			if err := os.Truncate(name, 100); err != nil {
				t.Fatal(err)
			}
		}, content.ErrNotHeld},
		{"other bytes of the same length", func(t *testing.T, name string) {
			if err := os.WriteFile(name, payload(2, 4000), 0o644); err != nil {
				t.Fatal(err)
			}
			age(t, name, time.Minute)
		}, content.ErrNotHeld},
		{"only touched", func(t *testing.T, name string) { age(t, name, time.Minute) }, nil},
	} {
		for _, notice := range []string{"Open", "Refresh"} {
			t.Run(tt.name+" noticed by "+notice, func(t *testing.T) {
				t.Parallel()
				root := t.TempDir()
				vs, ch := &verdicts{}, newChanges()
				s := open(t, content.Options{Root: root, Verdicts: vs, Changed: ch.changed})
				put(t, s, f, b)
				tt.change(t, filepath.Join(root, filepath.FromSlash(content.Path(f))))
				if notice == "Refresh" {
					if err := s.Refresh(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				for range 2 {
					if _, err := read(t, s, f.Digest); !errors.Is(err, content.ErrUnverified) {
						t.Fatalf("Open of a changed file = %v, want ErrUnverified", err)
					}
				}
				if s.Have(f.Digest) || s.Roots()[0].Stale != 1 {
					t.Error("a changed file is held")
				}
				runStore(t, s)
				ch.wait(f.Digest, 3) // put, stale, verified or dropped
				got, err := read(t, s, f.Digest)
				if !errors.Is(err, tt.after) || (tt.after == nil && !bytes.Equal(got, b)) {
					t.Errorf("Open after verifying = %d bytes, %v, want %v", len(got), err, tt.after)
				}
				if s.Have(f.Digest) != (tt.after == nil) {
					t.Errorf("Have = %v", s.Have(f.Digest))
				}
				put(t, s, f, b)
				if got, err := read(t, s, f.Digest); err != nil || !bytes.Equal(got, b) {
					t.Errorf("stored again: %d bytes, %v", len(got), err)
				}
			})
		}
	}
}

func TestVanishedFilesReturn(t *testing.T) {
	t.Parallel()
	share := filepath.Join(t.TempDir(), "share")
	away := share + ".away"
	b := payload(1, 100)
	f := fileOf("a.cab", b)
	lay(t, share, content.Path(f), b)
	vs := &verdicts{}
	s := open(t, content.Options{ReadOnly: []string{share}, Verdicts: vs})
	if _, err := s.Verify(t.Context(), share, nil, nil); err != nil {
		t.Fatal(err)
	}
	for _, refresh := range []bool{false, true} {
		if err := os.Rename(share, away); err != nil {
			t.Fatal(err)
		}
		if refresh {
			if err := s.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := read(t, s, f.Digest); !errors.Is(err, content.ErrNotHeld) || s.Have(f.Digest) || s.Roots()[1].Missing != 1 {
			t.Errorf("Open while away = %v, held %v", err, s.Have(f.Digest))
		}
		if err := os.Rename(away, share); err != nil {
			t.Fatal(err)
		}
		if refresh {
			if err := s.Refresh(t.Context()); err != nil || !s.Have(f.Digest) {
				t.Errorf("Refresh = %v, held %v", err, s.Have(f.Digest))
			}
		}
		if _, err := read(t, s, f.Digest); err != nil || !s.Have(f.Digest) {
			t.Errorf("Open when back = %v, held %v", err, s.Have(f.Digest))
		}
	}
	if vs.puts != 1 {
		t.Errorf("verdicts recorded %d times, want once", vs.puts)
	}
}

// Two roots with one file: the second serves while the first can't.
func TestAnotherRootServes(t *testing.T) {
	t.Parallel()
	share := t.TempDir()
	b := payload(1, 100)
	f := fileOf("a.cab", b)
	lay(t, share, content.Path(f), b)
	root := t.TempDir()
	s := open(t, content.Options{Root: root, ReadOnly: []string{share}})
	put(t, s, f, b)
	if _, err := s.Verify(t.Context(), share, nil, nil); err != nil {
		t.Fatal(err)
	}
	age(t, filepath.Join(root, filepath.FromSlash(content.Path(f))), time.Minute)
	if got, err := read(t, s, f.Digest); err != nil || !bytes.Equal(got, b) || !s.Have(f.Digest) {
		t.Errorf("Open = %d bytes, %v", len(got), err)
	}
}

// What could not be verified again is tried later, not forgotten.
func TestRunRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		root := t.TempDir()
		vs, ch := &verdicts{}, newChanges()
		s := open(t, content.Options{Root: root, Verdicts: vs, Changed: ch.changed})
		b := payload(1, 100)
		f := fileOf("a.cab", b)
		put(t, s, f, b)
		age(t, filepath.Join(root, filepath.FromSlash(content.Path(f))), time.Minute)
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		vs.failWith(errors.New("database is busy"))
		runStore(t, s)
		synctest.Wait()
		if s.Have(f.Digest) {
			t.Error("held without a recorded verdict")
		}
		vs.failWith(nil)
		ch.wait(f.Digest, 3)
		if !s.Have(f.Digest) {
			t.Error("not tried again")
		}
	})
}

// A file that was stored under another name before is replaced, not doubled.
func TestPutReplacesAStaleFileOfAnotherName(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	vs := &verdicts{}
	s := open(t, content.Options{Root: root, Verdicts: vs})
	b := payload(1, 100)
	old, f := fileOf("a.cab", b), fileOf("a.exe", b)
	put(t, s, old, b)
	name := filepath.Join(root, filepath.FromSlash(content.Path(old)))
	age(t, name, time.Minute)
	put(t, s, f, b)
	if exists(name) || vs.len() != 1 || !s.Have(f.Digest) {
		t.Errorf("old file there %v, %d verdicts", exists(name), vs.len())
	}
}
