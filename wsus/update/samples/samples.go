// Package samples finds the real captures, update documents and media that
// tests read in place. They lie beside the checkout, in ../shared/samples, and
// are not part of the project: a test that needs one is skipped, with the
// reason, where the folder is absent.
package samples

import (
	"os"
	"path/filepath"
	"testing"
)

// Path returns the absolute path of a sample, given by its slash-separated
// name below the samples folder, and skips the test where it is absent. The
// environment variable SLUICE_SAMPLES names another folder.
func Path(tb testing.TB, name string) string {
	tb.Helper()
	p, err := find(tb, name)
	if err != nil {
		tb.Skipf("sample %s is not on this machine: %v", name, err)
	}
	return p
}

// Find is [Path] for those that have something to take its place: ok is false
// where the sample is absent.
func Find(tb testing.TB, name string) (path string, ok bool) {
	tb.Helper()
	path, err := find(tb, name)
	return path, err == nil
}

func find(tb testing.TB, name string) (string, error) {
	tb.Helper()
	dir := os.Getenv("SLUICE_SAMPLES")
	if dir == "" {
		dir = filepath.Join(moduleRoot(tb), "..", "shared", "samples")
	}
	p := filepath.Join(dir, filepath.FromSlash(name))
	_, err := os.Stat(p)
	return p, err
}

// Read returns the bytes of a sample, see [Path].
func Read(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(Path(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// Glob returns the paths below the samples folder that match pattern, sorted,
// and skips the test where there are none.
func Glob(tb testing.TB, pattern string) []string {
	tb.Helper()
	matches, err := filepath.Glob(filepath.Join(Path(tb, "."), filepath.FromSlash(pattern)))
	if err != nil {
		tb.Fatal(err)
	}
	if len(matches) == 0 {
		tb.Skipf("no sample matches %s", pattern)
	}
	return matches
}

// moduleRoot walks up from the working directory, which for a test is its
// package, to the folder of go.mod.
func moduleRoot(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
}
