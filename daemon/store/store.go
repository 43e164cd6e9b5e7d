package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"sluice/wsus/update"
)

const (
	fileName   = "sluice.db"
	backupsDir = "backups"
)

// Options say where the store is and whom it tells.
type Options struct {
	Dir      string           // the data folder; made where it is missing
	Log      *slog.Logger     // required
	Now      func() time.Time // required
	MinFree  int64            // bytes that a backup leaves free on every volume
	OnDamage func(error)      // called once, when the database proves damaged; may be nil; must not close the store

	// Admit is asked before a device is made for a login from an address; its
	// error refuses the device. Nil refuses none. It must not use the store.
	Admit func(addr string) error

	// Languages are those of the titles that lists show of what is imported from
	// now on, best first; an update that has none of them shows its default one.
	Languages []string
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	dir      string
	log      *slog.Logger
	now      func() time.Time
	minFree  int64
	onDamage func(error)
	admit    func(addr string) error

	codec   *codec
	lock    *os.File
	writer  *sql.DB
	readers *sql.DB
	hot     hot // statements of the readers
	gate    gate

	seq      atomic.Int64
	serverID update.ID
	lineage  update.ID

	subscribers struct {
		sync.Mutex
		m map[*subscriber]struct{}
	}
	damage struct {
		sync.Mutex
		err      error
		checking bool
	}

	stop context.CancelFunc // ends the work in the background
	work sync.WaitGroup
}

// Open opens the store of a data folder, makes it where there is none, and
// brings it to the newest schema. The context bounds the opening only.
//
// The error wraps [ErrLocked] where another process has the folder,
// [ErrForeign] where sluice.db is of something else, [ErrNewerSchema] where it
// is of a newer sluice, [ErrDamaged] where it cannot be read. After an unclean
// stop it is checked in the background while it serves, see [Store.Health].
func Open(ctx context.Context, o Options) (*Store, error) {
	s, err := open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", o.Dir, err)
	}
	return s, nil
}

func open(ctx context.Context, o Options) (_ *Store, err error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	s := &Store{
		dir: dir, log: o.Log.With("component", "store"), now: o.Now,
		minFree: o.MinFree, onDamage: o.OnDamage, admit: o.Admit,
	}
	if s.admit == nil {
		s.admit = func(string) error { return nil }
	}
	s.subscribers.m = map[*subscriber]struct{}{}
	if s.codec, err = newCodec(o.Languages); err != nil {
		return nil, err
	}
	if s.lock, err = lockDir(dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(classify(err), s.release())
		}
	}()
	if err := finishRestore(dir, o.Now()); err != nil {
		return nil, err
	}
	if err := ensureFile(s.path()); err != nil {
		return nil, err
	}
	if s.writer, err = openWriter(s.path()); err != nil {
		return nil, err
	}
	if s.readers, err = openReaders(s.path()); err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		return nil, err
	}
	clean, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	var background context.Context
	background, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	if !clean {
		s.log.Warn("the store was not closed in order, checking it")
		s.damage.checking = true
		s.work.Go(func() { s.check(background) })
	}
	return s, nil
}

// begin notes that the store is open, recognizes a backup that was put back,
// and reports whether the store had been closed in order.
func (s *Store) begin(ctx context.Context) (clean bool, err error) {
	err = s.Write(ctx, "begin", func(tx *Tx) error {
		var backup bool
		if err := tx.QueryRow(`SELECT clean, backup FROM appliance`).Scan(&clean, &backup); err != nil {
			return err
		}
		if backup {
			if err := tx.markRestored(); err != nil {
				return err
			}
			s.log.Warn("a backup was put back: a new lineage begins")
		}
		return tx.QueryRow(`UPDATE appliance SET clean = 0 RETURNING server_id, lineage, seq`).
			Scan(guid{&s.serverID}, guid{&s.lineage}, &tx.seq)
	})
	return clean, err
}

// Close ends the work in the background, notes that the store was closed in
// order unless it is damaged, and releases the data folder.
func (s *Store) Close() error {
	s.stop()
	s.work.Wait()
	var err error
	if s.Health() == nil {
		err = s.Write(context.Background(), "close store", func(tx *Tx) error {
			_, err := tx.Exec(`UPDATE appliance SET clean = 1`)
			return err
		})
	}
	return errors.Join(err, s.release())
}

// release closes whatever is open.
func (s *Store) release() error {
	var errs []error
	if s.readers != nil {
		errs = append(errs, s.readers.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.Close())
	}
	return errors.Join(append(errs, s.lock.Close())...)
}

// Dir returns the data folder.
func (s *Store) Dir() string { return s.dir }

func (s *Store) path() string { return filepath.Join(s.dir, fileName) }
