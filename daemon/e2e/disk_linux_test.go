package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFullDisk imports onto a disk that is too small, until it is full or until
// min_free is all that is left: the import fails and says why, the daemon goes
// on, and once there is room the same import finishes as if nothing had been.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	medium := madeMedium(t, 600)
	whole := newAppliance(t, "")
	whole.load(medium)
	want := contents(whole)
	for _, tt := range []struct {
		name, minFree string
		size          int // of the disk at first, MiB
	}{
		{"metadata does not fit", "0", 3},
		{"files do not fit", "0", 14},
		{"room is kept free", "16 MiB", 28},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAppliance(t, "")
			text, err := os.ReadFile(a.config)
			if err != nil {
				t.Fatal(err)
			}
			changed := strings.Replace(string(text), `"16 MiB"`, `"`+tt.minFree+`"`, 1)
			if err := os.WriteFile(a.config, []byte(changed), 0o600); err != nil {
				t.Fatal(err)
			}
			disk(t, a.data, tt.size)
			a.start()
			r := run(t, "import", "--json", "--accept-unsigned", medium, "--config", a.config, "--data", a.data)
			if r.code != 1 || !strings.Contains(r.stdout+r.stderr, "full") && !strings.Contains(r.stdout+r.stderr, "free") {
				t.Fatalf("import onto a disk of %d MiB: exit code %d: %s%s", tt.size, r.code, r.stdout, r.stderr)
			}
			t.Logf("%s", r.stderr)
			if n := len(titles(a)); n != 0 {
				t.Errorf("%d updates of an import that failed are listed", n)
			}
			enlarge(t, a.data, 512)
			a.load(medium)
			a.sound()
			a.stop()
			a.start()
			a.sound()
			if diff := cmp.Diff(want, contents(a)); diff != "" {
				t.Errorf("imported after the disk was full (-on a large disk +here):\n%s", diff)
			}
			a.stop()
		})
	}
}

// disk mounts a disk of so many MiB at a path, and skips the test where it may not.
func disk(t *testing.T, path string, size int) {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("sluice", path, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=0700", size)); err != nil {
		t.Skipf("mounting a small disk takes a superuser: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(path, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", filepath.Base(path), err)
		}
	})
}

func enlarge(t *testing.T, path string, size int) {
	t.Helper()
	if err := syscall.Mount("sluice", path, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%dm", size)); err != nil {
		t.Fatal(err)
	}
}
