package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// NetworkFilesystem tells whether path lies on a filesystem that other machines
// may write or that does not lock as a local disk does, and the name of its
// kind ("nfs", "fuse") if so. A path that does not exist yet is judged by the
// nearest folder above it that does.
func NetworkFilesystem(path string) (kind string, network bool, err error) {
	for {
		_, err := os.Stat(path)
		if err == nil {
			return networkFilesystem(path)
		}
		parent := filepath.Dir(path)
		if !errors.Is(err, fs.ErrNotExist) || parent == path {
			return "", false, err
		}
		path = parent
	}
}
