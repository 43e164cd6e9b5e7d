package content_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/wsus/content"
	"sluice/wsus/update"
)

func TestPut(t *testing.T) {
	t.Parallel()
	good := payload(1, 1<<20)
	f := fileOf("KB1.cab", good)
	other := payload(2, 1<<20)
	for _, tt := range []struct {
		name string
		edit func(*update.File)
		body []byte
		want string // part of the error; empty for none
	}{
		{"as described", func(*update.File) {}, good, ""},
		{"size unknown", func(f *update.File) { f.Size = 0 }, good, ""},
		{"SHA-256 unknown", func(f *update.File) { f.SHA256 = update.SHA256{} }, good, ""},
		{"other bytes", func(*update.File) {}, other, "SHA-1 is"},
		{"truncated", func(*update.File) {}, good[:len(good)-1], "size is 1048575 bytes, not 1048576"},
		{"longer", func(*update.File) {}, append(bytes.Clone(good), 'x'), "size is 1048577 bytes, not 1048576"},
		{"empty", func(*update.File) {}, nil, "size is 0 bytes"},
		{"other SHA-256", func(f *update.File) { f.SHA256[0]++ }, good, "SHA-256 is"},
		{"no digest", func(f *update.File) { f.Digest = update.Digest{} }, good, "no digest"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			vs := &verdicts{}
			s := open(t, content.Options{Root: root, Verdicts: vs})
			f := f
			tt.edit(&f)
			v, err := s.Put(t.Context(), f, bytes.NewReader(tt.body))
			if left, _ := os.ReadDir(filepath.Join(root, ".incoming")); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("Put = %v, want an error with %q", err, tt.want)
				}
				var m *content.MismatchError
				if !errors.As(err, &m) && !f.Digest.IsZero() {
					t.Errorf("Put = %T, want a MismatchError", err)
				}
				if s.Have(f.Digest) || vs.len() != 0 {
					t.Error("held after a refused Put")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !s.Have(f.Digest) || v.Size != int64(len(good)) || v.Path != content.Path(f) || vs.len() != 1 {
				t.Errorf("Put = %+v, held %v", v, s.Have(f.Digest))
			}
			if got, err := read(t, s, f.Digest); err != nil || !bytes.Equal(got, good) {
				t.Errorf("read back %d bytes, %v", len(got), err)
			}
		})
	}
}

func TestPutOfWhatIsHeldReadsNothing(t *testing.T) {
	t.Parallel()
	s := open(t, content.Options{})
	b := payload(1, 1000)
	f := fileOf("a.cab", b)
	put(t, s, f, b)
	f.Name = "other.exe"
	v, err := s.Put(t.Context(), f, failingReader{})
	if err != nil || !strings.HasSuffix(v.Path, ".cab") {
		t.Errorf("second Put = %+v, %v", v, err)
	}
	f.SHA256[3]++
	var m *content.MismatchError
	if _, err := s.Put(t.Context(), f, failingReader{}); !errors.As(err, &m) {
		t.Errorf("Put with another SHA-256 = %v, want a MismatchError", err)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("must not be read") }

func TestPutPassesTheSourcesErrorOn(t *testing.T) {
	t.Parallel()
	s := open(t, content.Options{})
	if _, err := s.Put(t.Context(), fileOf("a", []byte("x")), failingReader{}); err == nil || !strings.Contains(err.Error(), "must not be read") {
		t.Errorf("Put = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Put(ctx, fileOf("a", []byte("x")), strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("Put with an ended context = %v", err)
	}
}

func TestPutKeepsSpaceFree(t *testing.T) {
	t.Parallel()
	b := payload(1, 1<<20)
	f := fileOf("a.cab", b)
	for _, tt := range []struct {
		name string
		free int64
		ok   bool
	}{
		{"exactly enough", 1<<20 + 5000, true},
		{"one byte short", 1<<20 + 4999, false},
		{"nothing", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, content.Options{MinFree: 5000, FreeSpace: func(string) (int64, error) { return tt.free, nil }})
			_, err := s.Put(t.Context(), f, bytes.NewReader(b))
			if tt.ok {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var se *content.SpaceError
			if !errors.Is(err, content.ErrNoSpace) || !errors.As(err, &se) {
				t.Fatalf("Put = %v, want a SpaceError", err)
			}
			if se.Need != 1<<20 || se.Free != tt.free || se.MinFree != 5000 {
				t.Errorf("SpaceError = %+v", se)
			}
		})
	}
	t.Run("unknown", func(t *testing.T) {
		t.Parallel()
		s := open(t, content.Options{FreeSpace: func(string) (int64, error) { return 0, errors.New("won't say") }})
		put(t, s, f, b)
	})
	t.Run("real", func(t *testing.T) {
		t.Parallel()
		s := open(t, content.Options{})
		if free, err := s.Free(); err != nil || free <= 0 {
			t.Errorf("Free = %d, %v", free, err)
		}
	})
}

func TestPutFileAndLinkFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := payload(1, 3000)
	f := fileOf("a.msu", b)
	src := lay(t, dir, "a.msu", b)
	srcInfo, err := os.Stat(src)
	if err != nil {
		t.Fatal(err)
	}
	store := func(t *testing.T, put func(*content.Store, context.Context, update.File, string) (content.Verdict, error), name string) (os.FileInfo, error) {
		s := open(t, content.Options{Root: filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "_"))})
		if _, err := put(s, t.Context(), f, name); err != nil {
			return nil, err
		}
		got, err := read(t, s, f.Digest)
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("read back %d bytes, %v", len(got), err)
		}
		file, fi, err := s.Open(f.Digest)
		if err != nil {
			t.Fatal(err)
		}
		file.Close()
		return fi, nil
	}
	t.Run("copy", func(t *testing.T) {
		fi, err := store(t, (*content.Store).PutFile, src)
		if err != nil || os.SameFile(fi, srcInfo) {
			t.Errorf("PutFile made a link, or: %v", err)
		}
	})
	t.Run("link", func(t *testing.T) {
		fi, err := store(t, (*content.Store).LinkFile, src)
		if err != nil || !os.SameFile(fi, srcInfo) {
			t.Errorf("LinkFile made a copy, or: %v", err)
		}
	})
	t.Run("a symbolic link is copied", func(t *testing.T) {
		link := filepath.Join(dir, "link.msu")
		if err := os.Symlink(src, link); err != nil {
			t.Skip(err)
		}
		fi, err := store(t, (*content.Store).LinkFile, link)
		if err != nil || os.SameFile(fi, srcInfo) {
			t.Errorf("LinkFile of a symbolic link: %v", err)
		}
	})
	t.Run("a bad file isn't linked", func(t *testing.T) {
		bad := lay(t, dir, "bad.msu", payload(2, 3000))
		var m *content.MismatchError
		if _, err := store(t, (*content.Store).LinkFile, bad); !errors.As(err, &m) {
			t.Errorf("LinkFile = %v, want a MismatchError", err)
		}
	})
	t.Run("no file", func(t *testing.T) {
		for _, put := range []func(*content.Store, context.Context, update.File, string) (content.Verdict, error){(*content.Store).PutFile, (*content.Store).LinkFile} {
			if _, err := store(t, put, filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("put of an absent file = %v", err)
			}
		}
	})
}

func TestDelete(t *testing.T) {
	t.Parallel()
	root, share := t.TempDir(), t.TempDir()
	vs := &verdicts{}
	s := open(t, content.Options{Root: root, ReadOnly: []string{share}, Verdicts: vs})
	b := payload(1, 100)
	f := fileOf("a.cab", b)
	put(t, s, f, b)
	if err := s.Delete(t.Context(), f.Digest); err != nil {
		t.Fatal(err)
	}
	if s.Have(f.Digest) || vs.len() != 0 || exists(filepath.Join(root, filepath.FromSlash(content.Path(f)))) {
		t.Error("still there after Delete")
	}
	if _, err := read(t, s, f.Digest); !errors.Is(err, content.ErrNotHeld) {
		t.Errorf("Open after Delete = %v", err)
	}
	if err := s.Delete(t.Context(), f.Digest); err != nil {
		t.Errorf("second Delete = %v", err)
	}

	shared := lay(t, share, content.Path(f), b)
	if _, err := s.Verify(t.Context(), share, nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), f.Digest); err != nil || !s.Have(f.Digest) || !exists(shared) {
		t.Errorf("Delete of a file in a read-only root: %v, held %v", err, s.Have(f.Digest))
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// A process that is killed leaves a partial file, or a whole one that nobody
// vouches for. Neither is served, and storing it again works.
func TestAfterACrash(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	b := payload(1, 5000)
	f := fileOf("a.cab", b)
	tmp := lay(t, root, ".incoming/"+f.Digest.String()+"-123", b[:1000])
	unvouched := lay(t, root, content.Path(f), b[:2000])
	s := open(t, content.Options{Root: root})
	if exists(tmp) {
		t.Error("the partial file was not removed")
	}
	if s.Have(f.Digest) || !exists(unvouched) {
		t.Error("a file without a verdict is held, or was removed")
	}
	if _, err := read(t, s, f.Digest); !errors.Is(err, content.ErrNotHeld) {
		t.Errorf("Open = %v, want ErrNotHeld", err)
	}
	put(t, s, f, b)
	if got, err := read(t, s, f.Digest); err != nil || !bytes.Equal(got, b) {
		t.Errorf("read back %d bytes, %v", len(got), err)
	}
}

func TestAVerdictThatIsNotRecordedHoldsNothing(t *testing.T) {
	t.Parallel()
	vs := &verdicts{fail: errors.New("database is closed")}
	s := open(t, content.Options{Verdicts: vs})
	b := payload(1, 10)
	if _, err := s.Put(t.Context(), fileOf("a", b), bytes.NewReader(b)); !errors.Is(err, vs.fail) || s.Have(fileOf("a", b).Digest) {
		t.Errorf("Put = %v", err)
	}
}

func TestVerdictsOutliveTheStore(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	vs := &verdicts{}
	b := payload(1, 5000)
	f := fileOf("a.cab", b)
	put(t, open(t, content.Options{Root: root, Verdicts: vs}), f, b)

	// The writable root may move; its verdicts go with it.
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(root, moved); err != nil {
		t.Fatal(err)
	}
	s := open(t, content.Options{Root: moved, Verdicts: vs})
	v, ok := s.Lookup(f.Digest)
	if !s.Have(f.Digest) || !ok || v.SHA256 != f.SHA256 || v.Size != f.Size {
		t.Errorf("Lookup = %+v, %v", v, ok)
	}
	if got, err := read(t, s, f.Digest); err != nil || !bytes.Equal(got, b) {
		t.Errorf("read back %d bytes, %v", len(got), err)
	}
}

func TestOpenIgnoresVerdictsOnStrangePaths(t *testing.T) {
	t.Parallel()
	vs := &verdicts{}
	f := fileOf("a.cab", []byte("x"))
	for _, path := range []string{"../../etc/passwd", "00/" + f.Digest.String(), ""} {
		if err := vs.PutContentVerdicts(t.Context(), []content.Verdict{{Path: path, Digest: f.Digest, ModTime: time.Unix(0, 0)}}); err != nil {
			t.Fatal(err)
		}
	}
	if s := open(t, content.Options{Verdicts: vs}); s.Have(f.Digest) {
		t.Error("held by a verdict on another path")
	}
}

func TestOpenFails(t *testing.T) {
	t.Parallel()
	if _, err := content.Open(t.Context(), content.Options{Root: t.TempDir()}); err == nil {
		t.Error("Open without verdicts succeeded")
	}
	file := lay(t, t.TempDir(), "file", nil)
	if _, err := content.Open(t.Context(), content.Options{Root: file, Verdicts: &verdicts{}}); err == nil {
		t.Error("Open of a file succeeded")
	}
}
