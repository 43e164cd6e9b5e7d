package content

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"sluice/wsus/update"
)

// incoming is the folder below the writable root where files are before they
// are known to be good: on the same volume, so that a rename moves them.
const incoming = ".incoming"

// Options configure a [Store]. Root and Verdicts are required.
type Options struct {
	Root     string   // folder that is written; made if absent
	ReadOnly []string // folders that are only read, in the order they are asked
	MinFree  int64    // bytes that [Store.Put] leaves free on Root's volume
	Verdicts Verdicts

	Log *slog.Logger     // nil discards
	Now func() time.Time // nil is [time.Now]

	// Changed, if set, is called after [Store.Have] may have begun to answer
	// differently for a digest. It may be called from any goroutine, must
	// return soon, and must not write to the store.
	Changed func(update.Digest)

	// FreeSpace returns the bytes that may still be written to the volume of a
	// folder; nil asks the operating system.
	FreeSpace func(dir string) (int64, error)
}

// Store keeps payload files by digest. It is safe for concurrent use.
type Store struct {
	minFree   int64
	verdicts  Verdicts
	log       *slog.Logger
	now       func() time.Time
	changed   func(update.Digest)
	freeSpace func(dir string) (int64, error)

	commitMu sync.Mutex // held while a file gets its final name, or loses it

	mu      sync.RWMutex
	roots   []*root // the first is the writable one
	pending map[pendingKey]struct{}
	wake    chan struct{} // has an element when pending got one
}

// root is one folder and what is known to be in it. The entries are guarded by
// the store's mu.
type root struct {
	key     string // [Verdict.Root]
	dir     string // absolute
	entries map[update.Digest]entry
}

// entry is a verdict in memory. It is comparable: it is changed only if it
// still is what the change was decided upon.
type entry struct {
	path   string // [Verdict.Path]
	size   int64
	mtime  int64 // nanoseconds since 1970
	sha256 update.SHA256
	state  state
}

type state uint8

const (
	verified state = iota
	stale          // changed since; to be read again
	missing        // gone; the verdict stands should it return
)

// Open opens a store: it makes the writable root if needed, removes what
// interrupted writes left there, and loads the verdicts of the given roots. It
// doesn't look at the files, see [Store.Refresh].
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Root == "" || o.Verdicts == nil {
		return nil, errors.New("open content: no root or no verdicts")
	}
	s := &Store{
		minFree:   o.MinFree,
		verdicts:  o.Verdicts,
		log:       o.Log,
		now:       o.Now,
		changed:   o.Changed,
		freeSpace: o.FreeSpace,
		pending:   map[pendingKey]struct{}{},
		wake:      make(chan struct{}, 1),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.changed == nil {
		s.changed = func(update.Digest) {}
	}
	if s.freeSpace == nil {
		s.freeSpace = FreeSpace
	}
	dir, err := filepath.Abs(o.Root)
	if err != nil {
		return nil, fmt.Errorf("open content: %w", err)
	}
	s.roots = []*root{newRoot("", dir)}
	if err := os.MkdirAll(filepath.Join(dir, incoming), 0o750); err != nil {
		return nil, fmt.Errorf("open content: %w", err)
	}
	if err := s.sweep(); err != nil {
		return nil, fmt.Errorf("open content: %w", err)
	}
	for _, r := range o.ReadOnly {
		dir, err := filepath.Abs(r)
		if err != nil {
			return nil, fmt.Errorf("open content: %w", err)
		}
		if s.findRoot(dir) == nil {
			s.roots = append(s.roots, newRoot(dir, dir))
		}
	}
	if err := s.load(ctx, s.roots); err != nil {
		return nil, fmt.Errorf("open content: %w", err)
	}
	return s, nil
}

// Adopt adds a read-only root, which must be a folder, with the verdicts that
// it has from before. Its files are held once [Store.Verify] found them good.
// Adopting a root twice does nothing. Verify names it by the same dir.
func (s *Store) Adopt(ctx context.Context, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("adopt content: %w", err)
	}
	if fi, err := os.Stat(dir); err != nil {
		return fmt.Errorf("adopt content: %w", err)
	} else if !fi.IsDir() {
		return fmt.Errorf("adopt content: %s is no folder", dir)
	}
	if s.findRoot(dir) != nil {
		return nil
	}
	r := newRoot(dir, dir)
	if err := s.load(ctx, []*root{r}); err != nil {
		return fmt.Errorf("adopt content: %w", err)
	}
	s.mu.Lock()
	if !slices.ContainsFunc(s.roots, func(o *root) bool { return o.dir == dir }) {
		s.roots = append(slices.Clip(s.roots), r)
	}
	s.mu.Unlock()
	for d := range r.entries {
		s.changed(d)
	}
	return nil
}

func newRoot(key, dir string) *root {
	return &root{key: key, dir: dir, entries: map[update.Digest]entry{}}
}

// findRoot returns the root of an absolute folder, or nil.
func (s *Store) findRoot(dir string) *root {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, r := range s.roots {
		if r.dir == dir {
			return r
		}
	}
	return nil
}

// load reads the verdicts of roots that nobody else uses yet.
func (s *Store) load(ctx context.Context, roots []*root) error {
	byKey := make(map[string]*root, len(roots))
	for _, r := range roots {
		byKey[r.key] = r
	}
	for v, err := range s.verdicts.ContentVerdicts(ctx) {
		if err != nil {
			return fmt.Errorf("load verdicts: %w", err)
		}
		r := byKey[v.Root]
		if r == nil {
			continue
		}
		if d, ok := parsePath(v.Path); !ok || d != v.Digest {
			s.log.Warn("ignored a verdict on a file that isn't named by its digest", "root", v.Root, "path", v.Path)
			continue
		}
		r.entries[v.Digest] = v.entry()
	}
	return nil
}

// sweep removes what interrupted writes left. What resists, because another
// program has it open, only takes space.
func (s *Store) sweep() error {
	dir := filepath.Join(s.roots[0].dir, incoming)
	left, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range left {
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			s.log.Warn("an interrupted write was not removed", "error", err)
			continue
		}
		s.log.Info("removed an interrupted write", "file", e.Name())
	}
	return nil
}

func (r *root) file(path string) string {
	return filepath.Join(r.dir, filepath.FromSlash(path))
}

func (v Verdict) entry() entry {
	return entry{path: v.Path, size: v.Size, mtime: v.ModTime.UnixNano(), sha256: v.SHA256}
}

func (e entry) verdict(r *root, d update.Digest) Verdict {
	return Verdict{Root: r.key, Path: e.path, Digest: d, SHA256: e.sha256, Size: e.size, ModTime: time.Unix(0, e.mtime).UTC()}
}

func (e entry) sum(d update.Digest) Sum { return Sum{Digest: d, SHA256: e.sha256, Size: e.size} }

// matches reports whether a file still is the one of the verdict.
func (e entry) matches(fi os.FileInfo) bool {
	return fi.Mode().IsRegular() && fi.Size() == e.size && fi.ModTime().UnixNano() == e.mtime
}
