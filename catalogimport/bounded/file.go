package bounded

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// ErrChanged reports a file that was written to while it was read.
var ErrChanged = errors.New("the file was changed while it was read")

// File is a medium that is one file.
type File struct {
	*os.File
	Key      string // SHA-256 of its bytes, hexadecimal
	Size     int64
	modified time.Time
}

// Identify reads the whole of f for its key.
func Identify(ctx context.Context, f *os.File) (*File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	size, err := io.Copy(h, Context(ctx, io.NewSectionReader(f, 0, info.Size())))
	if err != nil {
		return nil, err
	}
	file := &File{File: f, Key: hex.EncodeToString(h.Sum(nil)), Size: size, modified: info.ModTime()}
	return file, file.Unchanged()
}

// Unchanged returns ErrChanged where the file is no longer what Identify saw.
func (f *File) Unchanged() error {
	info, err := f.Stat()
	if err == nil && (info.Size() != f.Size || !info.ModTime().Equal(f.modified)) {
		err = ErrChanged
	}
	return err
}

// Whole refuses a file that is shorter than it says itself, before anything of
// it is used. Longer ones have a signature behind.
func (f *File) Whole(size int64) error {
	if f.Size < size {
		return fmt.Errorf("%d of its %d bytes are missing: the copy or download is incomplete or damaged", size-f.Size, size)
	}
	return nil
}
