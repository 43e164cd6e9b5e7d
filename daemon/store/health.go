package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Health returns nil while nothing is known to be wrong with the database, and
// an error that wraps [ErrDamaged] afterwards: then the doors must stay closed
// until a backup is put back.
func (s *Store) Health() error {
	s.damage.Lock()
	defer s.damage.Unlock()
	return s.damage.err
}

// Checking reports whether the check after an unclean stop is still going on.
func (s *Store) Checking() bool {
	s.damage.Lock()
	defer s.damage.Unlock()
	return s.damage.checking
}

// check reads the whole database for damage.
func (s *Store) check(ctx context.Context) {
	start := time.Now()
	err := quickCheck(ctx, s.path())
	s.damage.Lock()
	s.damage.checking = false
	s.damage.Unlock()
	switch err = classify(err); {
	case err == nil:
		s.log.Info("checked the store, it is sound", "dur", time.Since(start))
	case ctx.Err() != nil:
		// Closed during the check: what closes next time in order was not
		// checked, but every page that is read proves itself.
	case errors.Is(err, ErrDamaged):
		s.judge(err)
	default:
		s.log.Error("check the store", "err", err)
	}
}

// quickCheck runs SQLite's quick_check over a database file.
func quickCheck(ctx context.Context, path string) error {
	db, err := openAside(path)
	if err != nil {
		return err
	}
	defer db.Close()
	var first string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&first); err != nil {
		return err
	}
	if first != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, first)
	}
	return nil
}

// judge classifies an error and, where it is damage, makes it known.
func (s *Store) judge(err error) error {
	err = classify(err)
	if !errors.Is(err, ErrDamaged) {
		return err
	}
	s.damage.Lock()
	first := s.damage.err == nil
	if first {
		s.damage.err = err
	}
	s.damage.Unlock()
	if first {
		s.log.Error("the store is damaged", "err", err)
		if s.onDamage != nil {
			s.onDamage(err)
		}
	}
	return err
}
