package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"sluice/daemon"
	"sluice/daemon/api"
	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	"sluice/daemon/config"
	"sluice/daemon/store"
)

// openOffline opens the appliance of a data folder in this process, without
// doors, and returns its control API with what closes it. The error wraps
// [store.ErrLocked] where another process has the folder.
type openOffline func(ctx context.Context, c *config.Config) (http.Handler, func() error, error)

// openHere opens data folders with package daemon. Only what goes wrong is
// logged: commands say themselves what they do.
func openHere(stderr io.Writer, version string) openOffline {
	return func(ctx context.Context, c *config.Config) (http.Handler, func() error, error) {
		log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
		a, err := daemon.Open(ctx, daemon.Options{Config: c, Log: log, Now: time.Now, Version: version, BoundHeap: boundHeap()})
		if err != nil {
			return nil, nil, err
		}
		return api.As(api.LocalPeer(), api.New(a.Services(), log)), a.Close, nil
	}
}

// onAppliance does something with the appliance of the data folder: through the
// daemon that has it open, or in this process where none has. A folder without
// an appliance is refused unless create is set.
func (a *app) onAppliance(ctx context.Context, create bool, do func(*client.Client) error) error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	c, err := client.Dial(ctx, wire.SocketPath(cfg.DataDir), "sluice/"+a.version)
	switch {
	case err == nil:
		defer c.Close()
		return outcome(ctx, do(c))
	case errors.Is(err, fs.ErrPermission):
		return &ExitError{ExitFailed, fmt.Errorf("reach the daemon of %s: %w", cfg.DataDir, err),
			"only the superuser and the account of the daemon may"}
	case !errors.Is(err, client.ErrNotRunning):
		return fmt.Errorf("reach the daemon of %s: %w", cfg.DataDir, err)
	}
	if !create && !store.Exists(cfg.DataDir) {
		return &ExitError{ExitFailed, fmt.Errorf("%s holds no appliance", cfg.DataDir),
			`"sluice init" makes one; --data or --config names another`}
	}
	return a.inProcess(ctx, cfg, do)
}

// inProcess opens the data folder, does something with it, and closes it.
func (a *app) inProcess(ctx context.Context, cfg *config.Config, do func(*client.Client) error) error {
	if a.offline == nil {
		return fmt.Errorf("no daemon is running on %s", cfg.DataDir)
	}
	handler, closeFolder, err := a.offline(ctx, cfg)
	switch {
	case errors.Is(err, store.ErrLocked):
		return &ExitError{ExitRunning, fmt.Errorf("already running: %w", err),
			"it does not answer commands now: wait until it is through, or stop it"}
	case errors.Is(err, fs.ErrPermission):
		return &ExitError{ExitFailed, err, "run it as the account that owns the data folder, or name another one with --data"}
	case err != nil:
		return err
	}
	err = do(client.InProcess(handler, "sluice/"+a.version))
	return outcome(ctx, errors.Join(err, closeFolder()))
}

// outcome gives an error of the API its exit code.
func outcome(ctx context.Context, err error) error {
	var e *client.Error
	var decided *ExitError
	switch {
	case err == nil, errors.As(err, &decided):
		return err
	case ctx.Err() != nil:
		return errors.New("interrupted")
	case !errors.As(err, &e):
		return err
	}
	code := ExitFailed
	switch e.Code {
	case wire.BadRequest, wire.TooLarge:
		code = ExitUsage
	case wire.Refused:
		code = ExitRefused
	}
	return &ExitError{code, err, e.Hint}
}
