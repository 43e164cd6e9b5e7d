package store

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What a caller may act on; test with [errors.Is].
var (
	ErrNotFound    = errors.New("not in the store")
	ErrExists      = errors.New("exists already")
	ErrConstraint  = errors.New("the database refuses the row") // a broken rule of the schema
	ErrBusy        = errors.New("the database is busy")
	ErrDiskFull    = errors.New("the disk is full")
	ErrDamaged     = errors.New("the database is damaged")
	ErrForeign     = errors.New("not a sluice database")
	ErrNewerSchema = errors.New("the database was written by a newer version of sluice")
	ErrLocked      = errors.New("the data folder is in use")
)

// classify adds to an error of SQLite the one of the above that its result code
// means. Other errors pass unchanged.
func classify(err error) error {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return err
	}
	var kind error
	switch code := se.Code(); code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		kind = ErrBusy
	case sqlite3.SQLITE_FULL:
		kind = ErrDiskFull
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		kind = ErrDamaged
	case sqlite3.SQLITE_CONSTRAINT:
		switch code {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			kind = ErrExists
		default:
			kind = ErrConstraint
		}
	default:
		return err
	}
	return fmt.Errorf("%w: %w", kind, err)
}
