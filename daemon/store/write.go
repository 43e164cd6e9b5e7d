package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Background work holds the writer for at most maxTurn. Steps are started for
// stepTime of it, or until they wrote stepBytes; the rest is for the last of
// them and for the commit, which brings all of it to the disk.
const (
	maxTurn   = 50 * time.Millisecond
	stepTime  = 25 * time.Millisecond
	stepBytes = 2 << 20
)

// slowWrite is how long a transaction may take before the log tells of it.
const slowWrite = time.Second

// Tx is a write transaction.
type Tx struct {
	*sql.Tx
	Now time.Time // the one time of everything that it writes, UTC, in milliseconds

	store  *Store
	stmts  map[string]*sql.Stmt
	seq    int64
	topics Topic
	wrote  int // bytes, as far as steps tell
}

// Write runs fn in one write transaction, which is committed when fn returns
// nil and rolled back otherwise. The name says what was being done, for errors
// and the log. fn must not call methods of the store that write: they would
// wait for it to end.
func (s *Store) Write(ctx context.Context, name string, fn func(tx *Tx) error) error {
	return s.write(ctx, name, false, fn)
}

// WriteTurns is for long work in the background, as an import is: it calls step
// again and again, until that reports that all is done, in transactions of at
// most 50 ms, and lets whoever else wants to write go first between them. A step
// should take a few milliseconds. What was committed stays when a later step
// fails, so the work must be such that it can be taken up again.
func (s *Store) WriteTurns(ctx context.Context, name string, step func(tx *Tx) (done bool, err error)) error {
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		err := s.write(ctx, name, true, func(tx *Tx) (err error) {
			for start := time.Now(); !done && time.Since(start) < stepTime && tx.wrote < stepBytes; {
				if done, err = step(tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) write(ctx context.Context, name string, background bool, fn func(tx *Tx) error) error {
	if err := s.gate.enter(ctx, background); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	start := time.Now()
	topics, err := s.transact(ctx, fn)
	s.gate.leave()
	switch took := time.Since(start); {
	case took > slowWrite:
		s.log.Warn("slow write", "name", name, "dur", took)
	case background && took > maxTurn:
		s.log.Debug("long turn", "name", name, "dur", took)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, s.judge(err))
	}
	s.publish(topics)
	return nil
}

// transact runs fn between begin and commit. The commit is not given up when
// the context ends during it: an outcome that nobody knows is worth nothing.
func (s *Store) transact(ctx context.Context, fn func(tx *Tx) error) (Topic, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	sqlTx, err := s.writer.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return 0, err
	}
	tx := &Tx{Tx: sqlTx, Now: s.now().UTC().Truncate(time.Millisecond), store: s, stmts: map[string]*sql.Stmt{}}
	defer sqlTx.Rollback() // of no effect after Commit
	if err := fn(tx); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := sqlTx.Commit(); err != nil {
		return 0, err
	}
	if tx.seq != 0 {
		s.seq.Store(tx.seq)
	}
	return tx.topics, nil
}

// exec runs a statement that is prepared once in the transaction. Statements
// inside a write transaction run to their end: a turn is short, and watching a
// context costs more than inserting a row.
func (tx *Tx) exec(query string, args ...any) (sql.Result, error) {
	st, err := tx.prepared(query)
	if err != nil {
		return nil, err
	}
	return st.Exec(args...)
}

// query is exec for a statement that returns rows.
func (tx *Tx) query(query string, args ...any) (*sql.Rows, error) {
	st, err := tx.prepared(query)
	if err != nil {
		return nil, err
	}
	return st.Query(args...)
}

// get reads one row into dest; the error wraps [sql.ErrNoRows] when there is none.
func (tx *Tx) get(dest []any, query string, args ...any) error {
	st, err := tx.prepared(query)
	if err != nil {
		return err
	}
	return st.QueryRow(args...).Scan(dest...)
}

func (tx *Tx) prepared(query string) (*sql.Stmt, error) {
	if st := tx.stmts[query]; st != nil {
		return st, nil
	}
	st, err := tx.Tx.Prepare(query)
	if err != nil {
		return nil, err
	}
	tx.stmts[query] = st
	return st, nil
}
