package content

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"sluice/wsus/update"
)

// Have reports whether a verified file of this digest is held, as far as is
// known without looking. It costs a map lookup per root.
func (s *Store) Have(d update.Digest) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, r := range s.roots {
		if e, ok := r.entries[d]; ok && e.state == verified {
			return true
		}
	}
	return false
}

// Lookup returns the verdict that [Store.Have] goes by, without the time it
// was given: what tells whether the file also has the SHA-256 and the size
// that metadata asks for.
func (s *Store) Lookup(d update.Digest) (Verdict, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, r := range s.roots {
		if e, ok := r.entries[d]; ok && e.state == verified {
			return e.verdict(r, d), true
		}
	}
	return Verdict{}, false
}

// Open opens a held file, after comparing it with its verdict, and returns
// what it is. The error wraps [ErrNotHeld], or [ErrUnverified] where the file
// has changed and [Store.Run] will read it again; any other is the file
// system's.
func (s *Store) Open(d update.Digest) (*os.File, fs.FileInfo, error) {
	f, fi, _, err := s.open(d)
	return f, fi, err
}

// candidate is an entry that was seen in a root.
type candidate struct {
	root *root
	entry
}

// candidates returns where a digest may be, in the order to try.
func (s *Store) candidates(d update.Digest) []candidate {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []candidate
	for _, r := range s.roots {
		if e, ok := r.entries[d]; ok {
			found = append(found, candidate{r, e})
		}
	}
	return found
}

func (s *Store) open(d update.Digest) (*os.File, fs.FileInfo, candidate, error) {
	result := ErrNotHeld
	for _, c := range s.candidates(d) {
		if c.state == stale {
			result = ErrUnverified
			continue
		}
		f, fi, err := openRegular(c.root.file(c.path))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			s.setState(c, d, missing)
		case err != nil:
			if result == ErrNotHeld {
				result = err
			}
		case c.matches(fi):
			s.setState(c, d, verified)
			return f, fi, c, nil
		default:
			f.Close()
			s.setState(c, d, stale)
			result = ErrUnverified
		}
	}
	return nil, nil, candidate{}, fmt.Errorf("open content %s: %w", d, result)
}

func openRegular(name string) (*os.File, fs.FileInfo, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	fi, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, fi, nil
}

// setState notes what was seen of an entry, unless it has changed since.
func (s *Store) setState(c candidate, d update.Digest, st state) {
	if c.state == st {
		return
	}
	next := c.entry
	next.state = st
	if s.replace(c, d, &next) && st == stale {
		s.enqueue(pendingKey{c.root, d})
		s.log.Warn("content changed since it was verified", "file", c.root.file(c.path))
	}
}

// replace puts next, or nothing if that is nil, in the place of the entry that
// c is, and reports whether it still was.
func (s *Store) replace(c candidate, d update.Digest, next *entry) bool {
	s.mu.Lock()
	e, ok := c.root.entries[d]
	ok = ok && e == c.entry
	if ok {
		if next == nil {
			delete(c.root.entries, d)
		} else {
			c.root.entries[d] = *next
		}
	}
	s.mu.Unlock()
	if ok {
		s.changed(d)
	}
	return ok
}

// insert puts an entry whatever there was.
func (s *Store) insert(r *root, d update.Digest, e entry) {
	s.mu.Lock()
	r.entries[d] = e
	s.mu.Unlock()
	s.changed(d)
}

// RootInfo says what a root is known to hold.
type RootInfo struct {
	Dir      string
	Writable bool
	Files    int   // verified
	Bytes    int64 // of those
	Stale    int   // changed and not read again yet
	Missing  int   // verified once, now gone
}

// Roots returns the roots in the order they are asked, the writable one first.
func (s *Store) Roots() []RootInfo {
	s.mu.RLock()
	defer s.mu.RUnlock()
	infos := make([]RootInfo, len(s.roots))
	for i, r := range s.roots {
		info := RootInfo{Dir: r.dir, Writable: i == 0}
		for _, e := range r.entries {
			switch e.state {
			case verified:
				info.Files++
				info.Bytes += e.size
			case stale:
				info.Stale++
			case missing:
				info.Missing++
			}
		}
		infos[i] = info
	}
	return infos
}
