package api

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"sluice/daemon/api/wire"
)

// maxSocketPath is what the address of a Unix socket holds on every system.
const maxSocketPath = 103

// Listen opens the control socket of a data folder, for this account only. The
// caller holds the lock of the folder: a socket that is there already was left
// by a process that is gone, and is replaced.
func Listen(dataDir string) (net.Listener, error) {
	path := wire.SocketPath(dataDir)
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("listen on %s: the path has %d bytes, a socket takes %d: choose a shorter data_dir",
			path, len(path), maxSocketPath)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove the socket of an earlier run: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen for commands: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// NewServer returns the server of the control socket. What its callers do may
// take hours, so only the headers of a request have a time limit.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ConnContext:       connContext,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.With("component", "api").Handler(), slog.LevelWarn),
	}
}
