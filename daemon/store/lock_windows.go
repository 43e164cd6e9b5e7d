package store

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockOffset is a byte far behind the process id: a lock of Windows forbids
// others to read what it covers.
const lockOffset = 1 << 30

// tryLock takes the lock if nobody has it.
func tryLock(f *os.File) (bool, error) {
	err := windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, 1, 0, &windows.Overlapped{Offset: lockOffset})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}
