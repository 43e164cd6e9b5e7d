package content

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"sluice/wsus/update"
)

// spaceCheckEvery is how many bytes are written between looks at the free
// space, which other writers share.
const spaceCheckEvery = 32 << 20

// Put stores the bytes of r as file f and returns the verdict on them. What is
// held already is not read. Size, SHA-1 and SHA-256 are compared with f as far
// as it tells them (a Size of 0 or less is unknown); where they differ the
// error is a [*MismatchError] and nothing is kept. It is a [*SpaceError] where
// less than [Options.MinFree] would stay free or the volume is full. When Put
// returns without an error the file and its verdict are durable.
func (s *Store) Put(ctx context.Context, f update.File, r io.Reader) (Verdict, error) {
	v, err := s.put(ctx, f, r)
	if err != nil {
		return Verdict{}, fmt.Errorf("store content %s: %w", f.Digest, err)
	}
	return v, nil
}

// PutFile is [Store.Put] of a file on disk, which is copied.
func (s *Store) PutFile(ctx context.Context, f update.File, name string) (Verdict, error) {
	src, err := os.Open(name)
	if err != nil {
		return Verdict{}, fmt.Errorf("store content %s: %w", f.Digest, err)
	}
	defer src.Close()
	return s.Put(ctx, f, src)
}

// LinkFile is [Store.PutFile], but makes a hard link where the file is on the
// volume of the writable root and its bytes can be made durable; elsewhere it
// copies. The file must not be written to afterwards: that would be noticed,
// and the content be no longer held.
func (s *Store) LinkFile(ctx context.Context, f update.File, name string) (Verdict, error) {
	v, linked, err := s.link(ctx, f, name)
	if err != nil {
		return Verdict{}, fmt.Errorf("store content %s: %w", f.Digest, err)
	}
	if !linked {
		return s.PutFile(ctx, f, name)
	}
	return v, nil
}

func (s *Store) put(ctx context.Context, f update.File, r io.Reader) (Verdict, error) {
	if v, ok, err := s.already(f); ok || err != nil {
		return v, err
	}
	tmp, err := s.temp(f.Digest)
	if err != nil {
		return Verdict{}, s.spaceError(err, f.Size)
	}
	defer os.Remove(tmp.Name()) // does nothing once it was renamed
	defer tmp.Close()

	var checked int64 // free space was looked at before this many bytes
	sum, err := copySum(ctx, tmp, r, f.Size, func(done int64) error {
		if done < checked {
			return nil
		}
		checked = done + spaceCheckEvery
		return s.room(max(f.Size-done, chunkSize))
	})
	if err == nil {
		err = sum.check(f)
	}
	if err == nil {
		err = tmp.Chmod(0o640) // CreateTemp shuts out a web cache that shares the group
	}
	if err == nil {
		err = tmp.Sync()
	}
	if err != nil {
		return Verdict{}, s.spaceError(err, f.Size-sum.Size)
	}
	if err := tmp.Close(); err != nil {
		return Verdict{}, s.spaceError(err, 0)
	}
	// The times of a file on a share are final only after it was closed.
	fi, err := os.Lstat(tmp.Name())
	if err != nil {
		return Verdict{}, err
	}
	return s.commit(ctx, f, tmp.Name(), fi, sum)
}

// link stores f by a hard link to name if it can.
func (s *Store) link(ctx context.Context, f update.File, name string) (v Verdict, linked bool, err error) {
	if v, ok, err := s.already(f); ok || err != nil {
		return v, ok, err
	}
	tmp, err := s.temp(f.Digest)
	if err != nil {
		return Verdict{}, false, s.spaceError(err, 0)
	}
	tmp.Close()
	defer os.Remove(tmp.Name())
	if err := os.Remove(tmp.Name()); err != nil {
		return Verdict{}, false, err
	}
	if os.Link(name, tmp.Name()) != nil || flushFile(tmp.Name()) != nil {
		return Verdict{}, false, nil
	}
	// A link to a symbolic link is one itself, and points anywhere.
	if fi, err := os.Lstat(tmp.Name()); err != nil || !fi.Mode().IsRegular() {
		return Verdict{}, false, err
	}
	sum, fi, err := sumFile(ctx, tmp.Name(), f.Size, s.now, nil)
	if err != nil {
		return Verdict{}, false, err
	}
	if err := sum.check(f); err != nil {
		return Verdict{}, false, err
	}
	v, err = s.commit(ctx, f, tmp.Name(), fi, sum)
	return v, err == nil, err
}

// already returns the verdict on f if it is held, after looking.
func (s *Store) already(f update.File) (Verdict, bool, error) {
	if f.Digest.IsZero() {
		return Verdict{}, false, errors.New("no digest")
	}
	file, _, c, err := s.open(f.Digest)
	if err != nil {
		// Whatever is wrong with what was there, it is replaced.
		return Verdict{}, false, nil
	}
	file.Close()
	if err := c.sum(f.Digest).check(f); err != nil {
		return Verdict{}, false, err
	}
	return c.verdict(c.root, f.Digest), true, nil
}

func (s *Store) temp(d update.Digest) (*os.File, error) {
	return os.CreateTemp(filepath.Join(s.roots[0].dir, incoming), d.String()+"-*")
}

// commit gives a complete file its final name and records the verdict.
func (s *Store) commit(ctx context.Context, f update.File, tmp string, fi fs.FileInfo, sum Sum) (Verdict, error) {
	s.commitMu.Lock()
	defer s.commitMu.Unlock()
	if v, ok, err := s.already(f); ok || err != nil {
		return v, err // another writer was faster
	}
	r := s.roots[0]
	v := Verdict{
		Path: Path(f), Digest: sum.Digest, SHA256: sum.SHA256,
		Size: sum.Size, ModTime: fi.ModTime().UTC(), Verified: s.now().UTC(),
	}
	final := r.file(v.Path)
	dir := filepath.Dir(final)
	if err := makeDir(dir); err != nil {
		return Verdict{}, s.spaceError(err, 0)
	}
	if err := os.Rename(tmp, final); err != nil {
		return Verdict{}, s.spaceError(err, 0)
	}
	if err := syncDir(dir); err != nil {
		return Verdict{}, err
	}
	if fi, err := os.Lstat(final); err != nil {
		return Verdict{}, err
	} else if !v.entry().matches(fi) {
		return Verdict{}, fmt.Errorf("%s: %w", final, ErrUnstable)
	}
	if err := s.verdicts.PutContentVerdicts(ctx, []Verdict{v}); err != nil {
		return Verdict{}, fmt.Errorf("record verdict: %w", err)
	}
	s.mu.RLock()
	old, replaced := r.entries[v.Digest]
	s.mu.RUnlock()
	s.insert(r, v.Digest, v.entry())
	if replaced && old.path != v.Path {
		s.discard(ctx, candidate{r, old}, final)
	}
	return v, nil
}

// discard removes a file of the writable root that now took the place of. What
// can't be removed only takes space.
func (s *Store) discard(ctx context.Context, c candidate, now string) {
	err := s.verdicts.DropContentVerdict(ctx, c.root.key, c.path)
	name := c.root.file(c.path)
	// Where letter case doesn't count, both names may be the same file.
	was, werr := os.Lstat(name)
	is, ierr := os.Lstat(now)
	if werr == nil && ierr == nil && !os.SameFile(was, is) {
		err = errors.Join(err, os.Remove(name))
	}
	if err != nil {
		s.log.Warn("replaced content was not removed", "path", c.path, "error", err)
	}
}

// makeDir makes a folder below one that exists, durably.
func makeDir(dir string) error {
	err := os.Mkdir(dir, 0o750)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// Free returns the bytes that may still be stored before [Options.MinFree] is
// reached.
func (s *Store) Free() (int64, error) {
	free, err := s.freeSpace(s.roots[0].dir)
	return max(0, free-s.minFree), err
}

// room reports whether need bytes may be written. A volume that doesn't tell
// its free space is written to until it is full.
func (s *Store) room(need int64) error {
	dir := s.roots[0].dir
	free, err := s.freeSpace(dir)
	if err != nil {
		s.log.Warn("free space is unknown", "dir", dir, "error", err)
		return nil
	}
	if free-s.minFree < need {
		return &SpaceError{Dir: dir, Need: need, Free: free, MinFree: s.minFree}
	}
	return nil
}

// spaceError makes a [*SpaceError] of the file system's way to say that it is
// full, and leaves other errors alone.
func (s *Store) spaceError(err error, need int64) error {
	if !isNoSpace(err) {
		return err
	}
	dir := s.roots[0].dir
	free, ferr := s.freeSpace(dir)
	if ferr != nil {
		free = -1
	}
	return &SpaceError{Dir: dir, Need: max(0, need), Free: free, MinFree: s.minFree, Err: err}
}

// Delete removes a file from the writable root. Read-only roots may still hold
// it. That it wasn't held is no error.
func (s *Store) Delete(ctx context.Context, d update.Digest) error {
	s.commitMu.Lock()
	defer s.commitMu.Unlock()
	r := s.roots[0]
	s.mu.RLock()
	e, ok := r.entries[d]
	s.mu.RUnlock()
	if !ok {
		return nil
	}
	// First the file: a verdict on a file that is gone does no harm, a file
	// without a verdict takes space that nobody sees.
	if err := os.Remove(r.file(e.path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete content %s: %w", d, err)
	}
	s.mu.Lock()
	delete(r.entries, d)
	s.mu.Unlock()
	s.changed(d)
	if err := s.verdicts.DropContentVerdict(ctx, r.key, e.path); err != nil {
		return fmt.Errorf("delete content %s: drop verdict: %w", d, err)
	}
	return nil
}
