package store_test

import (
	"context"
	"database/sql"
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

func TestReopenKeepsWhatWasWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	id, lineage := s.ServerID(), s.Lineage()
	bump(t, s, store.FleetChanged)
	seq := s.Seq()
	closeStore(t, s)

	s = storetest.Open(t, storetest.Options(t, dir))
	if s.ServerID() != id || s.Lineage() != lineage || s.Seq() != seq {
		t.Errorf("after reopening: server %v lineage %v seq %d, want %v %v %d", s.ServerID(), s.Lineage(), s.Seq(), id, lineage, seq)
	}
	if s.Checking() {
		t.Error("a store that was closed in order is checked")
	}
}

func TestFolderWithAnyName(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a b%41#é&c")
	closeStore(t, open(t, dir))
	readFile(t, filepath.Join(dir, "sluice.db"))
}

func TestSecondOpenerIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	storetest.Open(t, storetest.Options(t, dir))
	_, err := store.Open(t.Context(), storetest.Options(t, dir))
	if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), "process") {
		t.Errorf("second open: %v, want ErrLocked that names the process", err)
	}
}

func TestForeignFileIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		write func(path string) error
	}{
		{"text", func(p string) error { return os.WriteFile(p, []byte("not a database"), 0o600) }},
		{"empty", func(p string) error { return os.WriteFile(p, nil, 0o600) }},
		{"another application's database", func(p string) error {
			db, err := sql.Open("sqlite", p)
			if err != nil {
				return err
			}
			_, err = db.Exec(`CREATE TABLE t (x); PRAGMA application_id = 7`)
			return errors.Join(err, db.Close())
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "sluice.db")
			if err := tt.write(path); err != nil {
				t.Fatal(err)
			}
			before := readFile(t, path)
			if _, err := store.Open(t.Context(), storetest.Options(t, dir)); !errors.Is(err, store.ErrForeign) {
				t.Errorf("open: %v, want ErrForeign", err)
			}
			if string(before) != string(readFile(t, path)) {
				t.Error("a foreign file was changed")
			}
		})
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	closeStore(t, open(t, dir))
	execRaw(t, dir, `PRAGMA user_version = 9999`)
	if _, err := store.Open(t.Context(), storetest.Options(t, dir)); !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("open: %v, want ErrNewerSchema", err)
	}
}

func TestUncleanStopIsChecked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	closeStore(t, open(t, dir))
	execRaw(t, dir, `UPDATE appliance SET clean = 0`)
	s := storetest.Open(t, storetest.Options(t, dir))
	waitFor(t, "the check", func() bool { return !s.Checking() })
	if err := s.Health(); err != nil {
		t.Errorf("health of a sound store: %v", err)
	}
}

func TestDamageIsFoundAndTold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	for range 200 {
		if err := s.Audit(t.Context(), store.Entry{Who: "w", Via: "cli", Action: "a", Subject: strings.Repeat("s", 500)}); err != nil {
			t.Fatal(err)
		}
	}
	closeStore(t, s)
	execRaw(t, dir, `UPDATE appliance SET clean = 0`)
	path := filepath.Join(dir, "sluice.db")
	b := readFile(t, path)
	for i := len(b) - 10*4096; i < len(b); i++ { // the last pages hold audit rows and their indexes
		b[i] = 0xff
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	told := make(chan error, 1)
	o := storetest.Options(t, dir)
	o.OnDamage = func(err error) { told <- err }
	s = storetest.Open(t, o)
	if err := <-told; !errors.Is(err, store.ErrDamaged) {
		t.Errorf("told of %v, want ErrDamaged", err)
	}
	if err := s.Health(); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("health: %v, want ErrDamaged", err)
	}
}

func TestWriteRollsBack(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	before, boom := s.Seq(), errors.New("boom")
	changes, cancel := s.Subscribe(store.CatalogChanged)
	defer cancel()
	err := s.Write(t.Context(), "nothing", func(tx *store.Tx) error {
		if _, err := tx.Bump(store.CatalogChanged); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("write: %v, want what the function returned", err)
	}
	if s.Seq() != before || len(changes) != 0 {
		t.Errorf("seq %d with %d notices after a rollback, want %d and none", s.Seq(), len(changes), before)
	}
}

func TestSubscribersSeeTheirTopics(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	fleet, cancelFleet := s.Subscribe(store.FleetChanged | store.DeploymentsChanged)
	catalog, cancelCatalog := s.Subscribe(store.CatalogChanged)
	defer cancelCatalog()
	bump(t, s, store.FleetChanged)
	bump(t, s, store.FleetChanged)
	if len(fleet) != 1 || len(catalog) != 0 {
		t.Errorf("notices: fleet %d, catalog %d, want 1 (two in one) and 0", len(fleet), len(catalog))
	}
	<-fleet
	cancelFleet()
	bump(t, s, store.FleetChanged)
	if len(fleet) != 0 {
		t.Error("a cancelled subscriber is told")
	}
}

// Background turns must let a waiting request in before they are done.
func TestTurnsGiveWay(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	var wg sync.WaitGroup
	started, wrote := make(chan struct{}), make(chan struct{})
	wg.Go(func() {
		err := s.WriteTurns(t.Context(), "turns", func(tx *store.Tx) (bool, error) {
			select {
			case <-started:
			default:
				close(started)
			}
			select {
			case <-wrote:
				return true, nil
			default:
				_, err := tx.Bump(store.CatalogChanged)
				return false, err
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-started
	bump(t, s, store.FleetChanged)
	close(wrote)
	wg.Wait()
}

func TestWriteHonoursItsContext(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Write(ctx, "cancelled", func(tx *store.Tx) error {
		cancel()
		_, err := tx.Bump(store.CatalogChanged)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("write that was cancelled meanwhile: %v, want Canceled", err)
	}
	if err := s.Write(ctx, "cancelled", func(*store.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("write with an ended context: %v, want Canceled", err)
	}
	bump(t, s, store.CatalogChanged) // the writer is free again
}

func open(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), storetest.Options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func bump(t *testing.T, s *store.Store, topic store.Topic) {
	t.Helper()
	err := s.Write(t.Context(), "bump", func(tx *store.Tx) error {
		_, err := tx.Bump(topic)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// execRaw runs SQL on the closed database of a folder.
func execRaw(t *testing.T, dir, query string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "sluice.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(query)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}
