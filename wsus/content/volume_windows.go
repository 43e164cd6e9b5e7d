package content

import (
	"errors"
	"math"
	"os"

	"golang.org/x/sys/windows"
)

// FreeSpace returns the bytes that this process may still write to the volume
// of dir.
func FreeSpace(dir string) (int64, error) {
	p, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(p, &free, nil, nil); err != nil {
		return 0, &os.PathError{Op: "GetDiskFreeSpaceEx", Path: dir, Err: err}
	}
	return int64(min(free, math.MaxInt64)), nil
}

// isNoSpace reports whether err says that a volume or a quota is full.
func isNoSpace(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) ||
		errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) ||
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}

// syncDir does nothing: NTFS journals renames, and Windows gives no handle of
// a folder that could be flushed.
func syncDir(string) error { return nil }

// flushFile makes the bytes of a file durable that another program wrote;
// Windows wants a handle that may write for that.
func flushFile(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
