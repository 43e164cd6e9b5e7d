package content

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"sluice/wsus/update"
)

// retryAfter is how long [Store.Run] leaves a file alone that could not be
// read or was written to while it was.
const retryAfter = 30 * time.Second

// pendingKey names a file to be verified again.
type pendingKey struct {
	root   *root
	digest update.Digest
}

// Refresh looks at every file that has a verdict, without reading any, and
// notes which are gone, are back, or have changed; the changed ones are left to
// [Store.Run]. It is meant to be called after a start and every few hours.
func (s *Store) Refresh(ctx context.Context) error {
	for _, key := range s.keys() {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("refresh content: %w", err)
		}
		s.mu.RLock()
		e, ok := key.root.entries[key.digest]
		s.mu.RUnlock()
		if !ok || e.state == stale {
			continue
		}
		c := candidate{key.root, e}
		switch fi, err := os.Stat(key.root.file(e.path)); {
		case errors.Is(err, fs.ErrNotExist):
			s.setState(c, key.digest, missing)
		case err != nil:
			return fmt.Errorf("refresh content: %w", err)
		case e.matches(fi):
			s.setState(c, key.digest, verified)
		default:
			s.setState(c, key.digest, stale)
		}
	}
	return nil
}

// keys returns every entry of every root as it is now.
func (s *Store) keys() []pendingKey {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := 0
	for _, r := range s.roots {
		n += len(r.entries)
	}
	keys := make([]pendingKey, 0, n)
	for _, r := range s.roots {
		for d := range r.entries {
			keys = append(keys, pendingKey{r, d})
		}
	}
	return keys
}

// Run verifies files again that changed since they were verified, one after
// the other, until the context ends. It returns the context's error.
func (s *Store) Run(ctx context.Context) error {
	var failed []pendingKey
	var retry <-chan time.Time
	for {
		for key, ok := s.next(); ok; key, ok = s.next() {
			err := s.reverify(ctx, key)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				s.log.Warn("content could not be verified again, will retry", "digest", key.digest.String(), "error", err)
				failed = append(failed, key)
			}
		}
		if len(failed) > 0 && retry == nil {
			retry = time.After(retryAfter)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake:
		case <-retry:
			for _, key := range failed {
				s.enqueue(key)
			}
			failed, retry = nil, nil
		}
	}
}

// enqueue leaves a file to Run.
func (s *Store) enqueue(key pendingKey) {
	s.mu.Lock()
	s.pending[key] = struct{}{}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Store) next() (pendingKey, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.pending {
		delete(s.pending, key)
		return key, true
	}
	return pendingKey{}, false
}

// reverify reads a stale file. It ends up held, missing, or forgotten; an error
// leaves it stale.
func (s *Store) reverify(ctx context.Context, key pendingKey) error {
	s.mu.RLock()
	e, ok := key.root.entries[key.digest]
	s.mu.RUnlock()
	if !ok || e.state != stale {
		return nil // replaced or deleted meanwhile
	}
	c := candidate{key.root, e}
	name := key.root.file(e.path)
	sum, fi, err := sumFile(ctx, name, e.size, s.now, nil)
	if errors.Is(err, fs.ErrNotExist) {
		s.setState(c, key.digest, missing)
		return nil
	}
	if err != nil {
		return err
	}
	if err := sum.check(update.File{Digest: key.digest, SHA256: e.sha256, Size: e.size}); err != nil {
		s.log.Error("content was altered and is no longer served", "file", name, "error", err)
		s.replace(c, key.digest, nil)
		return s.verdicts.DropContentVerdict(ctx, key.root.key, e.path)
	}
	_ = flushFile(name) // as in Verify
	v := Verdict{
		Root: key.root.key, Path: e.path, Digest: sum.Digest, SHA256: sum.SHA256,
		Size: sum.Size, ModTime: fi.ModTime().UTC(), Verified: s.now().UTC(),
	}
	if err := s.verdicts.PutContentVerdicts(ctx, []Verdict{v}); err != nil {
		return fmt.Errorf("record verdict: %w", err)
	}
	next := v.entry()
	s.replace(c, key.digest, &next)
	return nil
}
