package daemon

import (
	"io"
	"net/http"
	"time"
)

// A payload file may take half a day on a slow line, but each piece of it must
// get on: who takes nothing for so long is gone, or holds the file and the
// connection on purpose.
const (
	steadyPiece = 1 << 20 // bytes
	steadyStall = 15 * time.Minute
)

// steady moves the write deadline of an answer on with every piece of it. It
// keeps sendfile.
type steady struct {
	http.ResponseWriter
	stall time.Duration
}

// Unwrap lets [http.ResponseController] reach the wrapped writer.
func (s *steady) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// extend gives the next piece its time. A writer that has no deadlines does
// without.
func (s *steady) extend() {
	_ = http.NewResponseController(s.ResponseWriter).SetWriteDeadline(time.Now().Add(s.stall))
}

// Write implements [io.Writer].
func (s *steady) Write(p []byte) (int, error) {
	s.extend()
	return s.ResponseWriter.Write(p)
}

// ReadFrom implements [io.ReaderFrom]. What the pieces are cut from is the file
// itself: below, only one limit around a file is seen through.
func (s *steady) ReadFrom(src io.Reader) (total int64, err error) {
	whole, ok := src.(*io.LimitedReader)
	if !ok {
		whole = &io.LimitedReader{R: src, N: 1<<63 - 1}
	}
	for whole.N > 0 {
		s.extend()
		want := min(whole.N, steadyPiece)
		n, err := io.Copy(s.ResponseWriter, &io.LimitedReader{R: whole.R, N: want})
		total += n
		whole.N -= n
		if err != nil || n < want {
			return total, err
		}
	}
	return total, nil
}
