package wire

import "path/filepath"

// Prefix is where every route begins.
const Prefix = "/api/v1"

// SocketPath returns where the daemon of a data folder listens for commands.
func SocketPath(dataDir string) string { return filepath.Join(dataDir, "sluice.sock") }
