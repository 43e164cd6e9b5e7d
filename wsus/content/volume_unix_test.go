//go:build unix

package content

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFullVolumeIsASpaceError(t *testing.T) {
	t.Parallel()
	s := &Store{minFree: 7, roots: []*root{newRoot("", "/srv")}, freeSpace: func(string) (int64, error) { return 3, nil }}
	for _, errno := range []error{unix.ENOSPC, unix.EDQUOT} {
		err := s.spaceError(&fs.PathError{Op: "write", Path: "f", Err: errno}, 11)
		var se *SpaceError
		if !errors.As(err, &se) || !errors.Is(err, ErrNoSpace) || !errors.Is(err, errno) || se.Need != 11 || se.Free != 3 || se.MinFree != 7 {
			t.Errorf("spaceError of %v = %v", errno, err)
		}
	}
	if err := s.spaceError(unix.EIO, 1); errors.Is(err, ErrNoSpace) {
		t.Errorf("spaceError of EIO = %v", err)
	}
	s.freeSpace = func(string) (int64, error) { return 0, os.ErrInvalid }
	var se *SpaceError
	if err := s.spaceError(unix.ENOSPC, -1); !errors.As(err, &se) || se.Free != -1 || se.Need != 0 {
		t.Errorf("spaceError without numbers = %v", err)
	}
}
