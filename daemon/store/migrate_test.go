package store

import (
	"database/sql"
	"log/slog"
	"path/filepath"
	"testing"
	"time"
)

// A database of an earlier schema is backed up and then brought to the newest.
func TestMigrationBacksUpFirst(t *testing.T) {
	t.Parallel()
	ms, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	for version := 1; version < len(ms); version++ {
		dir := t.TempDir()
		makeVersion(t, dir, ms[:version])
		s, err := Open(t.Context(), Options{Dir: dir, Log: slog.New(slog.DiscardHandler), Now: time.Now})
		if err != nil {
			t.Fatalf("open schema %d: %v", version, err)
		}
		if keys, err := s.Keys(t.Context(), "kept"); err != nil || len(keys) != 1 {
			t.Errorf("schema %d: keys after migration %v, %v, want the one of before", version, keys, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		backups, err := filepath.Glob(filepath.Join(dir, backupsDir, "pre-migration-*.db"))
		if err != nil || len(backups) != 1 {
			t.Fatalf("schema %d: backups %v, %v, want one", version, backups, err)
		}
		db, err := sql.Open("sqlite", backups[0])
		if err != nil {
			t.Fatal(err)
		}
		var got int
		if err := db.QueryRow(`PRAGMA user_version`).Scan(&got); err != nil || got != version {
			t.Errorf("backup has schema %d, %v, want %d", got, err, version)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// makeVersion makes a database with the first migrations only.
func makeVersion(t *testing.T, dir string, ms []migration) {
	t.Helper()
	path := filepath.Join(dir, fileName)
	if err := ensureFile(path); err != nil {
		t.Fatal(err)
	}
	w, err := openWriter(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	s := &Store{writer: w, dir: dir, log: slog.New(slog.DiscardHandler), now: time.Now}
	if err := s.runMigrations(t.Context(), ms); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RotateKey(t.Context(), "kept", []byte{1}); err != nil {
		t.Fatal(err)
	}
}

func TestMigrationFailsWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ms, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	makeVersion(t, dir, ms[:1])
	w, err := openWriter(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	s := &Store{writer: w, dir: dir, log: slog.New(slog.DiscardHandler), now: time.Now}
	bad := migration{2, "0002_bad.sql", `CREATE TABLE half (x); CREATE TABLE half (x)`}
	if err := s.runMigrations(t.Context(), []migration{bad}); err == nil {
		t.Fatal("a broken migration succeeds")
	}
	var version, tables int
	if err := w.QueryRow(`PRAGMA user_version`).Scan(&version); err != nil {
		t.Fatal(err)
	}
	if err := w.QueryRow(`SELECT count(*) FROM sqlite_schema WHERE name = 'half'`).Scan(&tables); err != nil {
		t.Fatal(err)
	}
	if version != 1 || tables != 0 {
		t.Errorf("after a broken migration: schema %d with %d of its tables, want 1 and none", version, tables)
	}
}
