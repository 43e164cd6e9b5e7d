package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
)

// hot keeps the statements that every poll of a device runs prepared: preparing
// them takes longer than running them.
type hot struct {
	mu    sync.Mutex
	stmts map[string]*sql.Stmt
}

// hotRow finds one row by an index and scans it; the error wraps [ErrNotFound]
// when there is none. What it reads is one state of the database, and so short
// that it runs to its end whatever becomes of the context: watching that costs
// more.
func (s *Store) hotRow(ctx context.Context, name, query string, arg any, scan func(row *sql.Row) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	st, err := s.hotStmt(query)
	if err == nil {
		err = missing(scan(st.QueryRowContext(context.WithoutCancel(ctx), arg)))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, s.judge(err))
	}
	return nil
}

func (s *Store) hotStmt(query string) (*sql.Stmt, error) {
	s.hot.mu.Lock()
	defer s.hot.mu.Unlock()
	if st := s.hot.stmts[query]; st != nil {
		return st, nil
	}
	st, err := s.readers.Prepare(query)
	if err != nil {
		return nil, err
	}
	if s.hot.stmts == nil {
		s.hot.stmts = make(map[string]*sql.Stmt)
	}
	s.hot.stmts[query] = st
	return st, nil
}
