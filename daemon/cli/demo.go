package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"sluice/daemon/demo"
)

// demoFlags are the flags of sluice demo.
type demoFlags struct {
	once   bool
	keep   string
	listen string
}

func newDemo(a *app) *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole appliance with simulated machines",
		Long: "Starts an appliance in a throwaway folder on free ports of this machine, imports\n" +
			"media made for the purpose and approves updates. A simulated server scans, downloads,\n" +
			"verifies, installs and reports. A simulated desktop enrols, is told where to update,\n" +
			"scans there, installs, and tells by both doors how it went; others enrol and leave.\n" +
			"Then it keeps serving until Ctrl-C. It needs no rights, and nothing is installed\n" +
			"anywhere.",
		Example: "  sluice demo\n" +
			"  sluice demo --once --json",
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.once, "once", false, "stop when the story is told; exit 1 if it went wrong")
	flags.StringVar(&f.keep, "keep", "", "use and keep `DIR` instead of a throwaway folder")
	flags.StringVar(&f.listen, "listen", "", "`ADDRESS` of the doors (default 127.0.0.1 and free ports); with a port, that and the next three")
	return cmd
}

func (a *app) demo(ctx context.Context, f demoFlags) (err error) {
	dir, err := f.folder()
	if err != nil {
		return err
	}
	if f.keep == "" {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	// The story has refusals in it, of which the appliance warns.
	log := slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	stage, err := demo.Open(ctx, demo.Options{Dir: dir, Listen: f.listen, Log: log, Version: a.version})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	story := stage.Play(ctx, func(s demo.Step) { a.tellStep(&s) })
	if a.json {
		if err := writeJSON(a.stdout, story); err != nil {
			return err
		}
	}
	if !story.OK {
		return fmt.Errorf("the demonstration went wrong at %q", story.Steps[len(story.Steps)-1].Name)
	}
	if f.once {
		return nil
	}
	if err := a.tellDoors(stage); err != nil {
		return err
	}
	return stage.Wait(ctx)
}

// folder returns the folder of the demonstration, made.
func (f *demoFlags) folder() (string, error) {
	if f.keep == "" {
		return os.MkdirTemp("", "sluice-demo-")
	}
	dir, err := filepath.Abs(f.keep)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		return "", errors.Join(err, usageError(fmt.Errorf("--keep %s: the folder is not empty", f.keep), "name one that is empty or not there"))
	}
	return dir, nil
}

// tellStep writes a step for people as it is done.
func (a *app) tellStep(s *demo.Step) {
	if a.json {
		return
	}
	mark := "  ok  "
	if !s.OK {
		mark = "FAILED"
	}
	fmt.Fprintf(a.stdout, "%s  %s\n        %s\n", mark, s.Name, printable(s.Detail))
}

// tellDoors says what keeps running and how it is reached.
func (a *app) tellDoors(s *demo.Stage) error {
	out := a.stdout
	if a.json {
		out = a.stderr
	}
	_, err := fmt.Fprintf(out, `
The appliance keeps serving until Ctrl-C:
  WSUS, TLS    %[1]s
  WSUS, plain  %[2]s
  management   %[3]s
  admin        %[4]s
  data folder  %[5]s
Other commands reach it with --data, such as:
  sluice updates list --data %[5]s
  sluice devices show %[6]s --data %[5]s
Enrol simulated desktops of your own, in another terminal:
  sluice enroll token create --uses 10 --data %[5]s
  sluice simulate devices --token TOKEN --count 10 --machine harbor-desktop --install --data %[5]s
A Windows machine that reaches these ports enrols as this says:
  sluice enroll instructions --data %[5]s
`, s.Addresses.WSUSTLS, s.Addresses.WSUS, s.Addresses.MDM, s.Addresses.Admin, s.DataDir(), demo.DesktopName)
	return err
}
