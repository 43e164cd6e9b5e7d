package cli_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"sluice/daemon/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"computer": computer,
		"enrol":    enrol,
		"device":   deviceMain,
		"sluice": func() {
			os.Exit(cli.Main(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, "1.2.3-test"))
		},
	})
}

// TestScripts runs the transcripts in testdata/script. Each has a folder of its
// own, where sluice.toml is the configuration file, empty unless the script
// brings one, and the command "exits CODE sluice ..." that wants an exit code. The
// other commands of scripts are in appliance_test.go.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			file := filepath.Join(e.WorkDir, "sluice.toml")
			e.Setenv("SLUICE_CONFIG", file)
			if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return os.WriteFile(file, nil, 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "medium": medium, "serve": serve, "doors": doors, "lock": lock,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var failed interface{ ExitCode() int }
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &failed):
		got = failed.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
