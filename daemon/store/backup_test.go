package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
)

func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	dir, backup := t.TempDir(), filepath.Join(t.TempDir(), "sub", "b.db")
	s := open(t, dir)
	kept, err := s.RotateKey(t.Context(), "cookie", []byte("kept"))
	if err != nil {
		t.Fatal(err)
	}
	var last, total int64
	r, err := s.Backup(t.Context(), backup, func(done, of int64) { last, total = done, of })
	if err != nil {
		t.Fatal(err)
	}
	if r.Bytes == 0 || last != r.Bytes || total != r.Bytes {
		t.Errorf("result %+v, last progress %d of %d", r, last, total)
	}
	if _, err := s.Backup(t.Context(), backup, nil); !errors.Is(err, store.ErrExists) {
		t.Errorf("second backup to the same file: %v, want ErrExists", err)
	}
	if _, err := s.RotateKey(t.Context(), "cookie", []byte("lost")); err != nil {
		t.Fatal(err)
	}
	if err := store.Restore(t.Context(), dir, backup, time.Now()); !errors.Is(err, store.ErrLocked) {
		t.Errorf("restore under an open store: %v, want ErrLocked", err)
	}
	server, lineage := s.ServerID(), s.Lineage()
	closeStore(t, s)
	if err := store.Restore(t.Context(), dir, backup, time.Now()); err != nil {
		t.Fatal(err)
	}

	s = open(t, dir)
	keys, err := s.Keys(t.Context(), "cookie")
	if err != nil || len(keys) != 1 || keys[0].ID != kept.ID {
		t.Errorf("keys after restore: %v, %v, want the one of before", keys, err)
	}
	if s.ServerID() != server || s.Lineage() == lineage {
		t.Errorf("server %v lineage %v, want the same server %v and a lineage other than %v", s.ServerID(), s.Lineage(), server, lineage)
	}
	if _, number, err := s.RevokedCertificates(t.Context()); err != nil || number <= 1_000_000 {
		t.Errorf("number of the revocation list after restore %d, %v, want one that no device has seen", number, err)
	}
	lineage = s.Lineage()
	closeStore(t, s)
	s = storetest.Open(t, storetest.Options(t, dir))
	if s.Lineage() != lineage {
		t.Error("the lineage changed again without another restore")
	}
	old, err := filepath.Glob(filepath.Join(dir, "sluice.before-restore-*.db"))
	if err != nil || len(old) != 1 {
		t.Errorf("kept databases: %v, %v, want one", old, err)
	}
	if _, err := os.Stat(backup); err != nil {
		t.Errorf("the backup itself: %v, want it to stay", err)
	}
}

func TestBackupPutBackByHandIsRecognized(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	s := open(t, dir)
	if _, err := s.Backup(t.Context(), filepath.Join(other, "sluice.db"), nil); err != nil {
		t.Fatal(err)
	}
	lineage := s.Lineage()
	closeStore(t, s)
	if s = storetest.Open(t, storetest.Options(t, other)); s.Lineage() == lineage {
		t.Error("a copied backup keeps its lineage")
	}
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	backup := func(t *testing.T) string {
		path := filepath.Join(t.TempDir(), "sluice.db")
		if _, err := storetest.New(t).Backup(t.Context(), path, nil); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct {
		name string
		file func(t *testing.T) string
		want error
	}{
		{"a file that is not there", func(t *testing.T) string { return filepath.Join(t.TempDir(), "no") }, os.ErrNotExist},
		{"a foreign file", func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "text")
			if err := os.WriteFile(path, make([]byte, 4096), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}, store.ErrForeign},
		{"a newer schema", func(t *testing.T) string {
			path := backup(t)
			execRaw(t, filepath.Dir(path), `PRAGMA user_version = 9999`)
			return path
		}, store.ErrNewerSchema},
		{"a cut file", func(t *testing.T) string {
			path := backup(t)
			if err := os.Truncate(path, 5*4096); err != nil {
				t.Fatal(err)
			}
			return path
		}, store.ErrDamaged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := open(t, dir)
			lineage := s.Lineage()
			closeStore(t, s)
			if err := store.Restore(t.Context(), dir, tt.file(t), time.Now()); !errors.Is(err, tt.want) {
				t.Errorf("restore: %v, want %v", err, tt.want)
			}
			if s = storetest.Open(t, storetest.Options(t, dir)); s.Lineage() != lineage {
				t.Error("a refused restore changed the store")
			}
		})
	}
}

// However far a restore had come when the power went, opening finishes it or
// finds what was there before.
func TestRestoreCutShort(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		arrange  func(dir string) error
		restored bool
	}{
		{"before anything was replaced", func(dir string) error { return nil }, false},
		{"between the two renames", func(dir string) error {
			return os.Rename(filepath.Join(dir, "sluice.db"), filepath.Join(dir, "old.db"))
		}, true},
		{"with the old log left behind", func(dir string) error {
			if err := os.WriteFile(filepath.Join(dir, "sluice.db-wal"), []byte("left behind"), 0o600); err != nil {
				return err
			}
			return os.Rename(filepath.Join(dir, "sluice.db"), filepath.Join(dir, "old.db"))
		}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := open(t, dir)
			if _, err := s.Backup(t.Context(), filepath.Join(dir, "sluice.restored.db"), nil); err != nil {
				t.Fatal(err)
			}
			lineage := s.Lineage()
			closeStore(t, s)
			if err := tt.arrange(dir); err != nil {
				t.Fatal(err)
			}
			s = storetest.Open(t, storetest.Options(t, dir))
			if got := s.Lineage() != lineage; got != tt.restored {
				t.Errorf("new lineage: %t, want %t", got, tt.restored)
			}
			if _, err := os.Stat(filepath.Join(dir, "sluice.restored.db")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the prepared file: %v, want it gone", err)
			}
		})
	}
}

func TestBackupLeavesSpaceFree(t *testing.T) {
	t.Parallel()
	o := storetest.Options(t, t.TempDir())
	o.MinFree = 1 << 60
	s := storetest.Open(t, o)
	path := filepath.Join(t.TempDir(), "b.db")
	if _, err := s.Backup(t.Context(), path, nil); !errors.Is(err, store.ErrDiskFull) {
		t.Errorf("backup: %v, want ErrDiskFull", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after a refused backup: %v, want no file", err)
	}
}

// A backup is of one moment, whatever is written meanwhile, and does not keep
// anything from being written.
func TestBackupUnderWrites(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	detail := strings.Repeat("d", 10_000)
	write := func() {
		err := s.Write(t.Context(), "both", func(tx *store.Tx) error {
			if _, err := tx.Bump(store.FleetChanged); err != nil {
				return err
			}
			return tx.AuditInTx(store.Entry{Action: "a", Detail: detail})
		})
		if err != nil {
			t.Error(err)
		}
	}
	for range 300 {
		write()
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				write()
			}
		}
	})
	dir := t.TempDir()
	r, err := s.Backup(t.Context(), filepath.Join(dir, "sluice.db"), nil)
	close(done)
	wg.Wait()
	if err != nil || r.LogPeak == 0 {
		t.Fatalf("backup %+v, %v, want the log measured", r, err)
	}
	restored := storetest.Open(t, storetest.Options(t, dir))
	// Each commit counted seq on and wrote one entry; opening it wrote one.
	if n := count(t, restored, "audit"); int64(n) != restored.Seq()-1+1 {
		t.Errorf("%d entries at seq %d: the backup is not of one moment", n, restored.Seq())
	}
}

// Ids that were given out after the backup are not given to others.
func TestRestoreJumpsOverRevisionIDs(t *testing.T) {
	t.Parallel()
	dir, backup := t.TempDir(), filepath.Join(t.TempDir(), "b.db")
	s := open(t, dir)
	importAll(t, s, "before", software(1, 1))
	if _, err := s.Backup(t.Context(), backup, nil); err != nil {
		t.Fatal(err)
	}
	importAll(t, s, "lost", software(2, 1))
	closeStore(t, s)
	if err := store.Restore(t.Context(), dir, backup, time.Now()); err != nil {
		t.Fatal(err)
	}
	s = storetest.Open(t, storetest.Options(t, dir))
	importAll(t, s, "after", software(3, 1))
	rows := graph(t, s)
	if len(rows) != 2 || rows[named(1)].ID != 1 || rows[named(3)].ID != 1_000_002 {
		t.Errorf("revisions %v, want 1 as before and 1000002", rows)
	}
}
