package store

import (
	"os"
	"path/filepath"
)

// Exists reports whether a folder holds a store, or what looks like one.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, fileName))
	return err == nil
}
