package content

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

const (
	// chunkSize is how much is read at a time: large enough to be fast on a
	// disk and on a share, small enough to notice a cancelled context at once.
	chunkSize = 256 << 10

	// settleTime is the coarsest step of modification times (FAT: 2 s). A file
	// modified more recently could change again without its time changing.
	settleTime = 2 * time.Second
)

// copySum reads r to its end, hashing what it reads and writing it to w if
// that isn't nil. It gives up when more than limit bytes come, if limit is
// positive: then the sum's size is beyond limit and its digests are zero.
// Before each chunk it calls before, if that isn't nil, with the bytes so far.
func copySum(ctx context.Context, w io.Writer, r io.Reader, limit int64, before func(done int64) error) (Sum, error) {
	h1, h256 := sha1.New(), sha256.New()
	var sum Sum
	buf := make([]byte, chunkSize)
	for {
		if err := ctx.Err(); err != nil {
			return Sum{}, err
		}
		if before != nil {
			if err := before(sum.Size); err != nil {
				return Sum{}, err
			}
		}
		n, err := readChunk(r, buf)
		if err != nil && !errors.Is(err, io.EOF) {
			return Sum{}, err
		}
		sum.Size += int64(n)
		if limit > 0 && sum.Size > limit {
			return Sum{Size: sum.Size}, nil
		}
		h1.Write(buf[:n])
		h256.Write(buf[:n])
		if w != nil && n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return Sum{}, err
			}
		}
		if err != nil {
			h1.Sum(sum.Digest[:0])
			h256.Sum(sum.SHA256[:0])
			return sum, nil
		}
	}
}

// readChunk fills buf as far as r goes. Unlike [io.ReadFull] it passes the
// error of r on as it is, so that a source's own io.ErrUnexpectedEOF is not
// taken for its end.
func readChunk(r io.Reader, buf []byte) (n int, err error) {
	for idle := 0; n < len(buf) && err == nil; {
		var m int
		m, err = r.Read(buf[n:])
		n += m
		if m > 0 {
			idle = 0
		} else if idle++; idle == 100 && err == nil {
			err = io.ErrNoProgress
		}
	}
	return n, err
}

// sumFile hashes a file in place and returns what it was all the while. If
// size is positive and not the file's, it isn't read, and the digests are zero.
// The error is [ErrUnstable] if the file was written to meanwhile.
func sumFile(ctx context.Context, name string, size int64, now func() time.Time, before func(done int64) error) (Sum, os.FileInfo, error) {
	f, start, err := openRegular(name)
	if err != nil {
		return Sum{}, nil, err
	}
	defer f.Close()
	if !start.Mode().IsRegular() {
		return Sum{}, nil, fmt.Errorf("%s is no regular file", name)
	}
	if size > 0 && start.Size() != size {
		return Sum{Size: start.Size()}, start, nil
	}
	if err := settle(ctx, now().Sub(start.ModTime())); err != nil {
		return Sum{}, nil, err
	}
	sum, err := copySum(ctx, nil, f, 0, before)
	if err != nil {
		return Sum{}, nil, fmt.Errorf("read %s: %w", name, err)
	}
	end, err := f.Stat()
	if err != nil {
		return Sum{}, nil, err
	}
	if !end.ModTime().Equal(start.ModTime()) || end.Size() != start.Size() || sum.Size != end.Size() {
		return Sum{}, nil, fmt.Errorf("%s: %w", name, ErrUnstable)
	}
	return sum, end, nil
}

// settle waits until a file of this age can't be changed unnoticed. A time in
// the future comes from another clock and waiting for it would prove nothing.
func settle(ctx context.Context, age time.Duration) error {
	if age < 0 || age >= settleTime {
		return nil
	}
	t := time.NewTimer(settleTime - age)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
