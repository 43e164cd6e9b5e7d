package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// applicationID marks a database as sluice's, in its file header: "SLCE".
const applicationID = 0x534c4345

// Of the header of a SQLite file.
const (
	sqliteMagic         = "SQLite format 3\x00"
	headerSize          = 100
	applicationIDOffset = 68
)

// ensureFile makes the database file where there is none, with its application
// id from its first byte on, and checks that what is there is sluice's.
func ensureFile(path string) error {
	err := checkHeader(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	part := path + ".part"
	if err := createEmpty(part); err != nil {
		return err
	}
	db, err := openPool(part, 1, "", "journal_mode(delete)", fmt.Sprintf("application_id(%d)", applicationID))
	if err != nil {
		return err
	}
	if err := errors.Join(db.PingContext(context.Background()), db.Close()); err != nil {
		return err
	}
	return moveInPlace(part, path)
}

// checkHeader returns an error that wraps [ErrForeign] unless the file is a
// database of sluice. It reads the bytes itself: SQLite would change a foreign
// database by opening it with our pragmas.
func checkHeader(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var h [headerSize]byte
	if _, err := io.ReadFull(f, h[:]); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if string(h[:len(sqliteMagic)]) != sqliteMagic || binary.BigEndian.Uint32(h[applicationIDOffset:]) != applicationID {
		return fmt.Errorf("%s: %w", path, ErrForeign)
	}
	return nil
}

// createEmpty makes an empty file that only its owner can read: SQLite keeps
// the permissions and gives them to the files beside it. What was there goes.
func createEmpty(path string) error {
	if err := removeDatabase(path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// moveInPlace gives a finished file its name, durably.
func moveInPlace(from, to string) error {
	if err := syncFile(from); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncDir makes a rename in a folder durable. Windows has no such call.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// removeDatabase removes a database and what SQLite keeps beside it.
func removeDatabase(path string) error {
	for _, name := range databaseFiles(path) {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func databaseFiles(path string) []string {
	return []string{path, path + "-wal", path + "-shm", path + "-journal"}
}
