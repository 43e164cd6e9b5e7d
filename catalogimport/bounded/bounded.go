// Package bounded reads media so that a long read ends with its context, a claim
// of small size is held to, XML cannot grow in memory, and a file that changes
// while it is read is noticed.
package bounded

import (
	"context"
	"fmt"
	"io"
)

// Context returns a reader that fails once ctx is done.
func Context(ctx context.Context, r io.Reader) io.Reader { return contextReader{ctx, r} }

type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}

// LimitError reports a stream that is longer than it may be.
type LimitError struct{ Limit int64 }

func (e *LimitError) Error() string {
	return fmt.Sprintf("it unpacks to more than the limit of %d bytes", e.Limit)
}

// Bytes returns a reader that fails with a [LimitError], rather than ends, where
// r goes on past n bytes.
func Bytes(r io.Reader, n int64) io.Reader { return &limitedReader{r: r, limit: n, left: n} }

type limitedReader struct {
	r           io.Reader
	limit, left int64
}

func (l *limitedReader) Read(b []byte) (int, error) {
	if l.left == 0 {
		// Only what lies past the limit is too much, not its end.
		var one [1]byte
		n, err := l.r.Read(one[:])
		if n > 0 {
			return 0, &LimitError{l.limit}
		}
		return 0, err
	}
	if int64(len(b)) > l.left {
		b = b[:l.left]
	}
	n, err := l.r.Read(b)
	l.left -= int64(n)
	return n, err
}
