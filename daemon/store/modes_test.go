package store_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
)

// The database and every copy of it hold keys.
func TestOnlyTheOwnerReadsTheDatabase(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("modes say nothing there")
	}
	dir, restored := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "data")
	s := storetest.Open(t, storetest.Options(t, dir))
	login(t, s, "c1", "pc1")
	backup := filepath.Join(dir, "backups", "b.db")
	if _, err := s.Backup(t.Context(), backup, nil); err != nil {
		t.Fatal(err)
	}
	if err := store.Restore(t.Context(), restored, backup, reportTime); err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{dir, restored} {
		err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
			if err != nil {
				return err
			}
			if more := info.Mode().Perm() &^ 0o600; !info.IsDir() && more != 0 {
				t.Errorf("%s has the mode %v", path, info.Mode())
			}
			if more := info.Mode().Perm() &^ 0o750; info.IsDir() && more != 0 {
				t.Errorf("%s has the mode %v", path, info.Mode())
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
