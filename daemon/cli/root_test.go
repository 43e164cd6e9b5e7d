package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"sluice/daemon/config"
)

// runWith runs a command line of the given commands in this process.
func runWith(t *testing.T, environ []string, list []func(*app) *cobra.Command, args ...string) (stdout string, err error) {
	t.Helper()
	var out, errs strings.Builder
	a := &app{env: env{
		stdin: strings.NewReader(""), stdout: &out, stderr: &errs,
		environ: environ, standardConfig: filepath.Join(t.TempDir(), "none.toml"), version: "test",
	}}
	root := newRoot(a, list)
	root.SetArgs(args)
	err = root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestOnlyFor(t *testing.T) {
	t.Parallel()
	list := []func(*app) *cobra.Command{newVersion, func(a *app) *cobra.Command {
		return a.onlyFor(config.Connected, &cobra.Command{
			Use:   "fetch",
			Short: "Collect updates",
			RunE: func(cmd *cobra.Command, _ []string) error {
				_, err := cmd.OutOrStdout().Write([]byte("fetched"))
				return err
			},
		})
	}}
	connected := []string{"SLUICE_ROLE=connected"}

	if out, err := runWith(t, connected, list, "fetch"); err != nil || out != "fetched" {
		t.Errorf("fetch in its role = %q, %v", out, err)
	}
	_, err := runWith(t, nil, list, "fetch")
	if exitCode(err) != ExitUsage || !strings.Contains(err.Error(), `role = "connected"`) {
		t.Errorf("fetch in another role: %v, exit code %d", err, exitCode(err))
	}
	for _, args := range [][]string{{"--help"}, {cobra.ShellCompRequestCmd, ""}} {
		for _, tt := range []struct {
			name    string
			environ []string
			listed  bool
		}{{"its role", connected, true}, {"another role", nil, false}, {"a broken configuration", []string{"SLUICE_ROLE=x"}, false}} {
			out, err := runWith(t, tt.environ, list, args...)
			if err != nil || strings.Contains(out, "fetch") != tt.listed || !strings.Contains(out, "version") {
				t.Errorf("%v in %s, %v:\n%s", args, tt.name, err, out)
			}
		}
	}
}

func TestUnknownCommandSuggests(t *testing.T) {
	t.Parallel()
	_, err := runWith(t, nil, commands(), "confg", "--unheard-of", "x")
	e, ok := err.(*ExitError)
	if !ok || e.Code != ExitUsage || !strings.HasPrefix(e.Hint, `did you mean "config"? `) || !strings.Contains(e.Error(), `"confg"`) {
		t.Errorf("confg --unheard-of x: %#v", err)
	}
}
