package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// restoredName is a backup that lies ready to become the database. While it is
// there and sluice.db is not, a restore is half done.
const restoredName = "sluice.restored.db"

// revisionJump is how far RevisionIDs move on after a restore, past every one
// that may have been handed out since the backup.
const revisionJump = 1_000_000

// Restore puts a backup in place of the database of a data folder that no
// process has open. The backup is checked first; it stays where it is. What was
// there is kept beside, as sluice.before-restore-TIME.db. The next [Open] draws
// a new lineage. The error wraps [ErrLocked], [ErrForeign], [ErrNewerSchema],
// [ErrDamaged] or [ErrDiskFull].
func Restore(ctx context.Context, dir, backup string, now time.Time) error {
	if err := restore(ctx, dir, backup, now); err != nil {
		return fmt.Errorf("restore %s: %w", backup, classify(err))
	}
	return nil
}

func restore(ctx context.Context, dir, backup string, now time.Time) error {
	if err := checkHeader(backup); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := finishRestore(dir, now); err != nil {
		return err
	}
	ready := filepath.Join(dir, restoredName)
	part := ready + ".part"
	err = copyFile(ctx, backup, part)
	if err == nil {
		err = checkBackup(ctx, part)
	}
	if err == nil {
		err = moveInPlace(part, ready)
	}
	if err != nil {
		return errors.Join(err, removeDatabase(part))
	}
	if err := setAside(dir, now); err != nil {
		return err
	}
	return finishRestore(dir, now)
}

// checkBackup refuses a copy that is damaged or too new, and marks it.
func checkBackup(ctx context.Context, path string) error {
	if err := quickCheck(ctx, path); err != nil {
		return err
	}
	ms, err := migrations()
	if err != nil {
		return err
	}
	db, err := openAside(path)
	if err != nil {
		return err
	}
	var version int
	err = db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if version > len(ms) {
		return fmt.Errorf("%w: schema %d, this one knows %d", ErrNewerSchema, version, len(ms))
	}
	return markBackup(ctx, path)
}

// setAside renames the database and its log, together, so that the kept one can
// still be opened. The database goes first: its absence is what tells
// finishRestore that a restore was under way.
func setAside(dir string, now time.Time) error {
	kept := filepath.Join(dir, "sluice.before-restore-"+now.UTC().Format("20060102T150405.000Z")+".db")
	from := databaseFiles(filepath.Join(dir, fileName))
	for i, to := range databaseFiles(kept) {
		if err := os.Rename(from[i], to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return syncDir(dir)
}

// finishRestore takes up a restore that was cut short, however far it had come.
func finishRestore(dir string, now time.Time) error {
	ready, path := filepath.Join(dir, restoredName), filepath.Join(dir, fileName)
	switch _, err := os.Stat(ready); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	if _, err := os.Stat(path); err == nil {
		return os.Remove(ready) // cut short before anything was replaced
	}
	// A log that was left behind would be taken for the new database's own.
	if err := setAside(dir, now); err != nil {
		return err
	}
	return moveInPlace(ready, path)
}

// markRestored begins a new lineage.
func (tx *Tx) markRestored() error {
	lineage := newGUID()
	if _, err := tx.Exec(`UPDATE appliance SET backup = 0, lineage = ?, next_revision = next_revision + ?`,
		lineage[:], revisionJump); err != nil {
		return err
	}
	// Whoever has a revocation list of since the backup must take the next one for newer.
	if _, err := tx.Exec(`UPDATE revocation SET number = number + ?`, revisionJump); err != nil {
		return err
	}
	return tx.AuditInTx(Entry{Who: "sluice", Via: "daemon", Action: "store.restore", Subject: lineage.String()})
}

func copyFile(ctx context.Context, from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	if err := createEmpty(to); err != nil {
		return err
	}
	dst, err := os.OpenFile(to, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, contextReader{ctx, src})
	return errors.Join(err, dst.Close())
}

// contextReader stops reading when the context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
