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
	dir := os.Getenv("SLUICE_SAMPLES")
	if dir == "" {
		dir = filepath.Join(moduleRoot(tb), "..", "shared", "samples")
	}
	p := filepath.Join(dir, filepath.FromSlash(name))
	if _, err := os.Stat(p); err != nil {
		tb.Skipf("sample %s is not on this machine: %v", name, err)
	}
	return p
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
