package api_test

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"sluice/daemon/api"
	"sluice/daemon/api/wire"
)

func TestListen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := api.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := wire.SocketPath(dir)
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v, %v, want mode 0600", info, err)
	}
	// A process that is killed leaves its socket behind.
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = api.Listen(dir); err != nil {
		t.Fatalf("listen where a socket was left: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("a closed socket stays: %v", err)
	}
	if _, err := api.Listen(filepath.Join(dir, strings.Repeat("x", 200))); err == nil || !strings.Contains(err.Error(), "choose a shorter data_dir") {
		t.Errorf("listen in a folder with a long name: %v", err)
	}
}
