package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// watchEvery is how often a running backup is looked at.
const watchEvery = 200 * time.Millisecond

// BackupResult tells of a finished backup.
type BackupResult struct {
	Path    string
	Bytes   int64         // size of the backup
	LogPeak int64         // bytes that the write-ahead log had grown to meanwhile
	Took    time.Duration // by the wall clock
}

// Backup writes a copy of the database, as it is at this moment, to a new file,
// while everything goes on. The error wraps [ErrExists] where the file is there
// already and [ErrDiskFull] where it does not fit, at the start or because the
// write-ahead log, which cannot be reused during the copy, came to fill its
// volume. progress, which may be nil, is told bytes done and expected.
func (s *Store) Backup(ctx context.Context, path string, progress func(done, total int64)) (BackupResult, error) {
	r, err := s.backup(ctx, path, progress)
	if err != nil {
		return BackupResult{}, fmt.Errorf("back up to %s: %w", path, s.judge(err))
	}
	return r, nil
}

func (s *Store) backup(ctx context.Context, path string, progress func(done, total int64)) (BackupResult, error) {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	start := time.Now()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return BackupResult{}, errors.Join(ErrExists, err)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return BackupResult{}, err
	}
	aside, err := openAside(s.path())
	if err != nil {
		return BackupResult{}, err
	}
	defer aside.Close()
	total, err := contentBytes(ctx, aside)
	if err != nil {
		return BackupResult{}, err
	}
	if err := s.enoughSpace(dir, total); err != nil {
		return BackupResult{}, err
	}
	part := path + ".part"
	if err := createEmpty(part); err != nil {
		return BackupResult{}, err
	}
	peak, err := s.copyInto(ctx, aside, part, func() { progress(fileSize(part), total) })
	if err == nil {
		err = markBackup(ctx, part)
	}
	if err == nil {
		err = moveInPlace(part, path)
	}
	if err != nil {
		return BackupResult{}, errors.Join(err, removeDatabase(part))
	}
	size := fileSize(path)
	progress(size, size)
	return BackupResult{Path: path, Bytes: size, LogPeak: peak, Took: time.Since(start)}, nil
}

// copyInto runs the copy and watches it: it is given up when the volume of the
// copy or of the write-ahead log runs full. It returns the log's greatest size.
func (s *Store) copyInto(ctx context.Context, aside *sql.DB, part string, tick func()) (peak int64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan error, 1)
	go func() {
		_, err := aside.ExecContext(ctx, `VACUUM INTO ?`, part)
		done <- err
	}()
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		peak = max(peak, fileSize(s.path()+"-wal"))
		select {
		case err := <-done:
			if cause := context.Cause(ctx); err != nil && cause != nil {
				err = cause
			}
			return peak, err
		case <-ticker.C:
			tick()
			if err := errors.Join(s.enoughSpace(filepath.Dir(part), 0), s.enoughSpace(s.dir, 0)); err != nil {
				cancel(err)
			}
		}
	}
}

// enoughSpace checks that a volume holds so many bytes more than it must keep.
func (s *Store) enoughSpace(dir string, bytes int64) error {
	free, err := freeSpace(dir)
	if err != nil {
		return err
	}
	if free < bytes+s.minFree {
		return fmt.Errorf("%w: %s has %d bytes free, %d are needed and %d must stay free",
			ErrDiskFull, dir, free, bytes, s.minFree)
	}
	return nil
}

// contentBytes returns the size of a database without its free pages.
func contentBytes(ctx context.Context, db *sql.DB) (int64, error) {
	var pages, free, size int64
	for pragma, dest := range map[string]*int64{"page_count": &pages, "freelist_count": &free, "page_size": &size} {
		if err := db.QueryRowContext(ctx, `PRAGMA `+pragma).Scan(dest); err != nil {
			return 0, err
		}
	}
	return (pages - free) * size, nil
}

// markBackup makes a copy recognizable as one.
func markBackup(ctx context.Context, path string) error {
	db, err := openPool(path, 1, "", "journal_mode(delete)")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `UPDATE appliance SET backup = 1, clean = 1`)
	return errors.Join(err, db.Close())
}

// fileSize returns the size of a file, 0 where there is none.
func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
