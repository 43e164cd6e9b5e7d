package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"sluice/daemon"
	"sluice/daemon/store"
)

func newRun(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Run the appliance until it is told to stop",
		Long: "Opens the data folder and all doors, and serves until SIGTERM or Ctrl-C.\n" +
			"Once every door answers, one line is written to standard output:\n\n" +
			"  ready wsus=URL wsus_tls=URL mdm=URL admin=URL\n\n" +
			"A door that is switched off has no URL. The log goes to standard error or to\n" +
			"log.file. Memory is bounded by what the catalog needs, or by the environment\n" +
			"variable GOMEMLIMIT.",
		Example: "  sluice run --config /etc/sluice/sluice.toml\n" +
			"  sluice run --data /srv/sluice",
		RunE: func(cmd *cobra.Command, _ []string) error { return a.run(cmd.Context()) },
	}
}

func (a *app) run(ctx context.Context) (err error) {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if err := cfg.Preflight(); err != nil {
		return usageError(err, "")
	}
	log, logFile, err := openLog(cfg.Log, a.stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, logFile.Close()) }()
	appliance, err := daemon.Open(ctx, daemon.Options{
		Config: cfg, Log: log, Now: time.Now, Version: a.version, BoundHeap: boundHeap(),
	})
	switch {
	case errors.Is(err, store.ErrLocked):
		return &ExitError{ExitRunning, fmt.Errorf("already running: %w", err), "stop the other one first, or name another data folder with --data"}
	case errors.Is(err, fs.ErrPermission):
		return &ExitError{ExitFailed, err, "run it as the account that owns the data folder, or name another one with --data"}
	case ctx.Err() != nil:
		return nil // told to stop before there was anything to stop
	case err != nil:
		return err
	}
	err = appliance.Run(ctx, func(d daemon.Addresses) {
		fmt.Fprintf(a.stdout, "ready wsus=%s wsus_tls=%s mdm=%s admin=%s\n", d.WSUS, d.WSUSTLS, d.MDM, d.Admin)
	})
	return errors.Join(err, appliance.Close())
}

// boundHeap returns what bounds the heap of this process; nil where its user
// did that.
func boundHeap() func(int64) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	return func(bytes int64) { debug.SetMemoryLimit(bytes) }
}
