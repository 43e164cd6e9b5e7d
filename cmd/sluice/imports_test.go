package main_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// root is the top of the module as seen from this package.
const root = "../.."

// TestImports checks who imports whom, in every build that there is.
func TestImports(t *testing.T) {
	t.Parallel()
	readFolders(t)
	for _, build := range []struct{ name, goos, tags string }{
		{"linux", "linux", ""},
		{"windows", "windows", ""},
		{"faults", "linux", "faults"},
	} {
		t.Run(build.name, func(t *testing.T) {
			t.Parallel()
			packages := list(t, build.goos, build.tags)
			if !slices.ContainsFunc(packages, func(p listed) bool { return p.ImportPath == module+"/cmd/sluice" }) {
				t.Fatalf("go list names %d packages, and this one is not among them", len(packages))
			}
			for _, p := range packages {
				for _, b := range breaches(p) {
					t.Error(b)
				}
			}
		})
	}
}

// readFolders looks at every folder of sources, so that the go command, which
// cannot see what go list reads, does not take an earlier result of this test
// for today's.
func readFolders(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if n := d.Name(); err == nil && d.IsDir() && path != root &&
			(strings.HasPrefix(n, ".") || n == "testdata" || slices.Contains(built(), n)) {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// built names the folders at the top that make fills; they are not in the
// repository.
func built() []string { return []string{"bin", "dist"} }

// list returns every package of the module, those built for tests among them.
func list(t *testing.T, goos, tags string) []listed {
	t.Helper()
	// A package that does not build (-e) is the compiler's to report.
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-test", "-tags="+tags,
		"-json=ImportPath,ForTest,Imports,TestImports,XTestImports,Deps", "./...")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v: %s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// TestTopLevel keeps the top of the repository as it is meant to be.
func TestTopLevel(t *testing.T) {
	t.Parallel()
	fixed := []string{"cmd", "daemon", "wsus", "omadm", "catalogimport", "packaging", "configs",
		"go.mod", "go.sum", "Makefile", "README.md", "LICENSE"}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if n := e.Name(); !strings.HasPrefix(n, ".") && !slices.Contains(fixed, n) && !slices.Contains(built(), n) {
			t.Errorf("%s does not belong at the top: move it into a room", n)
		}
	}
}

func TestBreaches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		p    listed
		want []string // the start of each
	}{
		{"nouns use the standard library", listed{ImportPath: "sluice/wsus/update", Imports: []string{"time", "encoding/hex"}}, nil},
		{"nouns use nothing else", listed{ImportPath: "sluice/wsus/update", Imports: []string{"github.com/google/uuid", "sluice/wsus/soap"}},
			[]string{"wsus/update imports github.com/google/uuid: nouns", "wsus/update imports sluice/wsus/soap: nouns"}},
		{"tests of nouns may", listed{ImportPath: "sluice/omadm/device", TestImports: []string{"pgregory.net/rapid"}}, nil},
		{"SQL behind another module", listed{ImportPath: "sluice/wsus/soap", Deps: []string{"github.com/x/y", "database/sql"}},
			[]string{"sluice/wsus/soap is built from database/sql: "}},
		{"appliance behind a test", listed{ImportPath: "sluice/omadm/session_test [sluice/omadm/session.test]", ForTest: "sluice/omadm/session",
			Deps: []string{"sluice/daemon/store"}},
			[]string{"sluice/omadm/session_test [sluice/omadm/session.test] is built from sluice/daemon/store: "}},
		{"doors apart", listed{ImportPath: "sluice/wsus/soap", Imports: []string{"sluice/omadm/syncml"}, XTestImports: []string{"sluice/omadm/device"}},
			[]string{"wsus/soap imports sluice/omadm/syncml: the two doors", "a test of wsus/soap imports sluice/omadm/device: the two doors"}},
		{"what omadm may use", listed{ImportPath: "sluice/omadm/session", Imports: []string{"sluice/wsus/update", "sluice/wsus/xmllimit", "sluice/omadm/syncml"},
			TestImports: []string{"sluice/wsus/update/samples"}}, nil},
		{"what omadm may not use", listed{ImportPath: "sluice/omadm/enroll", Imports: []string{"sluice/wsus/soap"}},
			[]string{"omadm/enroll imports sluice/wsus/soap: of wsus, omadm may use"}},
		{"what media may use", listed{ImportPath: "sluice/catalogimport/msu",
			Imports:     []string{"sluice/wsus/update", "sluice/wsus/metadata", "sluice/wsus/content", "sluice/wsus/xmllimit", "sluice/catalogimport/cabinet", "sluice/catalogimport"},
			TestImports: []string{"sluice/wsus/update/samples", "sluice/wsus/metadata/synth"}}, nil},
		{"what media may not use", listed{ImportPath: "sluice/catalogimport", Imports: []string{"sluice/wsus/catalog", "sluice/omadm/device", "sluice/wsus/metadata/synth"}},
			[]string{"catalogimport imports sluice/wsus/catalog: of wsus", "catalogimport imports sluice/omadm/device: media", "catalogimport imports sluice/wsus/metadata/synth: of wsus"}},
		{"protocols know no media", listed{ImportPath: "sluice/wsus/serversync", Imports: []string{"sluice/catalogimport"}},
			[]string{"wsus/serversync imports sluice/catalogimport: arrows"}},
		{"the store is the appliance's", listed{ImportPath: "sluice/cmd/sluice", Imports: []string{"sluice/daemon/cli", "sluice/daemon/store"}},
			[]string{"cmd/sluice imports sluice/daemon/store: main"}},
		{"the appliance uses the store", listed{ImportPath: "sluice/daemon/fleet", Imports: []string{"sluice/daemon/store"}, TestImports: []string{"sluice/daemon/store/storetest"}}, nil},
		{"helpers of tests", listed{ImportPath: "sluice/daemon", Imports: []string{"sluice/daemon/store/storetest", "sluice/wsus/update/samples"}},
			[]string{"daemon imports sluice/daemon/store/storetest: it is for tests", "daemon imports sluice/wsus/update/samples: it is for tests"}},
		{"a helper uses a helper", listed{ImportPath: "sluice/daemon/store/storetest", Imports: []string{"sluice/wsus/update/samples"}}, nil},
		{"SQL in the store", listed{ImportPath: "sluice/daemon/store", Imports: []string{"database/sql", "modernc.org/sqlite/lib"}}, nil},
		{"SQL elsewhere", listed{ImportPath: "sluice/daemon/report", Imports: []string{"database/sql"}, TestImports: []string{"modernc.org/sqlite"}},
			[]string{"daemon/report imports database/sql: nothing outside", "a test of daemon/report imports modernc.org/sqlite: nothing outside"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := breaches(tt.p)
			for i := range min(len(got), len(tt.want)) {
				if strings.HasPrefix(got[i], tt.want[i]) {
					got[i] = tt.want[i]
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("breaches (-want +got):\n%s", diff)
			}
		})
	}
}
