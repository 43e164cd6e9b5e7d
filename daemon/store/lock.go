package store

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// lockName is the file in the data folder that the owner of the store holds
// locked. It stays there when nobody does: removing it would let two processes
// lock two different files.
const lockName = "sluice.lock"

// lockDir locks the data folder for this process. Where another has it, the
// error wraps [ErrLocked] and names its process id. The system drops the lock
// when a process ends, however it ends.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	got, err := tryLock(f)
	if err == nil && got {
		err = writePID(f)
	}
	switch {
	case err != nil:
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	case !got:
		pid := readPID(f)
		f.Close()
		return nil, fmt.Errorf("%s: %w by process %s", dir, ErrLocked, pid)
	}
	return f, nil
}

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// readPID returns the number in the lock file, or "unknown" in the moment
// between its holder's locking and writing it.
func readPID(f *os.File) string {
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 20))
	pid := strings.TrimSpace(string(b))
	if _, bad := strconv.Atoi(pid); err != nil || bad != nil {
		return "unknown"
	}
	return pid
}
