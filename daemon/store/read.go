package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// maxRead is how long a read may last. An open read keeps the write-ahead log
// from being reused.
const maxRead = 5 * time.Second

// read runs fn over one state of the database, for at most five seconds. The
// name says what was being done, for errors.
func (s *Store) read(ctx context.Context, name string, fn func(ctx context.Context, tx *sql.Tx) error) error {
	return s.readFor(ctx, maxRead, name, fn)
}

func (s *Store) readFor(ctx context.Context, limit time.Duration, name string, fn func(ctx context.Context, tx *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tx, err := s.readers.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", name, s.judge(err))
	}
	defer tx.Rollback()
	if err := fn(ctx, tx); err != nil {
		return fmt.Errorf("%s: %w", name, s.judge(err))
	}
	return nil
}

// each calls fn for every row; it closes the rows.
func each(rows *sql.Rows, err error, fn func(scan func(dest ...any) error) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
