package soap

import (
	"errors"
	"io"
	"sync/atomic"
)

const (
	// freeBody is how much of a request is read whatever others hold: all of most.
	freeBody = 64 << 10
	// maxBodies is how much all requests together may have beyond that. Without
	// it, some hundred that are sent slowly and never end would take all memory.
	maxBodies = 256 << 20
)

var errMemory = errors.New("too many large requests at a time")

// budget counts the bytes of the requests of a Handler.
type budget struct{ used atomic.Int64 }

// reader returns r with what is read counted, until release.
func (b *budget) reader(r io.Reader) *budgetReader {
	return &budgetReader{r: r, budget: b, left: freeBody}
}

type budgetReader struct {
	r        io.Reader
	budget   *budget
	left     int64 // that may be read of what is reserved
	reserved int64
}

// Read implements io.Reader. It returns errMemory when the budget is used up.
func (r *budgetReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if r.left -= int64(n); r.left < 0 {
		more := max(freeBody, -r.left)
		if r.budget.used.Add(more) > maxBodies {
			r.budget.used.Add(-more)
			return n, errMemory
		}
		r.reserved += more
		r.left += more
	}
	return n, err
}

// release gives back what was counted.
func (r *budgetReader) release() { r.budget.used.Add(-r.reserved) }
