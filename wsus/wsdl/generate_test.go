package wsdl_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGeneratedFilesAreCurrent generates the messages again, twice over each other, and
// compares them with the files here.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	if testing.Short() {
		t.Skip("builds two tools")
	}
	t.Parallel()
	dir := t.TempDir()
	for name, pkg := range map[string]string{"client": "clientws", "simpleauth": "simpleauthws", "reporting": "reportingws"} {
		for range 2 {
			tool(t, "tool", "gowsdl", "-d", dir, "-p", pkg, "-o", "messages.go", name+".wsdl")
			tool(t, "run", "./internal/typesonly", name+".wsdl", filepath.Join(dir, pkg, "messages.go"))
		}
		got, err := os.ReadFile(filepath.Join(dir, pkg, "messages.go"))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(pkg, "messages.go"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(got), string(want)); diff != "" {
			t.Errorf("%s is not what go generate makes (-generated +here):\n%s", pkg, diff)
		}
	}
}

func tool(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go %v: %v\n%s", args, err, out)
	}
}
