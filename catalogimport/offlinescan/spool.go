package offlinescan

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

// spool puts bytes by in the order in which they come, to be read at any place
// afterwards. The first of them are in memory, the rest in a scratch file, which
// is made when it is needed.
type spool struct {
	dir    string // of the scratch file; empty is the system's
	memory int    // bytes
	chunks [][]byte
	file   *os.File
	out    *bufio.Writer // to file
	size   int64
}

const chunkSize = 1 << 20

// add appends all of r and returns where it begins.
func (s *spool) add(r io.Reader) (at, n int64, err error) {
	at = s.size
	for {
		room := s.room()
		if room == nil {
			break
		}
		k, err := r.Read(room)
		s.size += int64(k)
		if err == io.EOF {
			return at, s.size - at, nil
		}
		if err != nil {
			return at, s.size - at, err
		}
	}
	if s.file == nil {
		if err := s.create(); err != nil {
			return at, s.size - at, err
		}
	}
	k, err := io.Copy(s.out, r)
	s.size += k
	return at, s.size - at, err
}

// held returns how many bytes may be in memory.
func (s *spool) held() int64 { return int64(s.memory) / chunkSize * chunkSize }

// room returns memory for the bytes that come next, nil where there is no more.
func (s *spool) room() []byte {
	if s.size >= s.held() {
		return nil
	}
	i := int(s.size / chunkSize)
	if i == len(s.chunks) {
		s.chunks = append(s.chunks, make([]byte, chunkSize))
	}
	return s.chunks[i][s.size%chunkSize:]
}

// create makes the scratch file. Where the system allows, its name is gone at
// once, so that nothing is left of a process that is killed.
func (s *spool) create() (err error) {
	if s.file, err = os.CreateTemp(s.dir, "sluice-shard-*"); err != nil {
		return &ScratchError{err}
	}
	os.Remove(s.file.Name())
	s.out = bufio.NewWriterSize(nil, 256<<10)
	return s.rewind()
}

// rewind has the scratch file written from its start.
func (s *spool) rewind() error {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return &ScratchError{err}
	}
	s.out.Reset(scratchWriter{s.file})
	return nil
}

// ReadAt implements [io.ReaderAt].
func (s *spool) ReadAt(b []byte, at int64) (int, error) {
	if s.out != nil && s.out.Buffered() > 0 {
		if err := s.out.Flush(); err != nil {
			return 0, err
		}
	}
	done := 0
	for done < len(b) && at < s.size {
		var n int
		if held := s.held(); at < held {
			chunk := s.chunks[at/chunkSize]
			end := min(chunkSize, s.size-at/chunkSize*chunkSize)
			n = copy(b[done:], chunk[at%chunkSize:end])
		} else {
			var err error
			want := b[done:min(int64(len(b)), int64(done)+s.size-at)]
			if n, err = s.file.ReadAt(want, at-held); err != nil && n < len(want) {
				return done + n, &ScratchError{err}
			}
		}
		done += n
		at += int64(n)
	}
	if done < len(b) {
		return done, io.EOF
	}
	return done, nil
}

// reset forgets the bytes and keeps the memory.
func (s *spool) reset() error {
	s.size = 0
	if s.file == nil {
		return nil
	}
	if err := s.file.Truncate(0); err != nil {
		return &ScratchError{err}
	}
	return s.rewind()
}

// close removes the scratch file.
func (s *spool) close() error {
	s.chunks = nil
	if s.file == nil {
		return nil
	}
	name := s.file.Name()
	err := s.file.Close()
	s.file = nil
	if rm := os.Remove(name); err == nil && rm != nil && !errors.Is(rm, os.ErrNotExist) {
		err = rm
	}
	return err
}

// ScratchError says that the scratch file could not be used, on a full disk for
// example. The medium may be fine.
type ScratchError struct{ Err error }

func (e *ScratchError) Error() string { return fmt.Sprintf("scratch file: %v", e.Err) }

func (e *ScratchError) Unwrap() error { return e.Err }

// scratchWriter tells errors of the scratch file from those of the medium.
type scratchWriter struct{ w io.Writer }

func (w scratchWriter) Write(b []byte) (int, error) {
	n, err := w.w.Write(b)
	if err != nil {
		err = &ScratchError{err}
	}
	return n, err
}
