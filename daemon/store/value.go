package store

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"time"

	"sluice/wsus/update"
)

// millis returns a time as the database keeps it; zero for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// fromMillis is the inverse of millis.
func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// guid scans a blob of 16 bytes into an id.
type guid struct{ id *update.ID }

// Scan implements [sql.Scanner].
func (g guid) Scan(v any) error {
	b, ok := v.([]byte)
	if v == nil {
		*g.id = update.ID{}
		return nil
	}
	if !ok || len(b) != len(g.id) {
		return errors.New("a GUID of the wrong length or type")
	}
	copy(g.id[:], b)
	return nil
}

// newGUID draws a random GUID of version 4.
func newGUID() update.ID {
	var id update.ID
	rand.Read(id[:]) // never fails
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// missing turns the absence of a row into [ErrNotFound].
func missing(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}
