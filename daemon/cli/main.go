package cli

import (
	"context"
	"io"
	"os"

	"sluice/daemon/config"
)

// Main runs the command that args name and returns the exit code. It stops soon
// after ctx ends.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, version string) int {
	return run(ctx, args, env{
		stdin:          stdin,
		stdout:         stdout,
		stderr:         stderr,
		environ:        os.Environ(),
		standardConfig: config.DefaultPath(),
		version:        version,
		offline:        openHere(stderr, version),
	})
}

func run(ctx context.Context, args []string, e env) int {
	root := newRoot(&app{env: e}, commands())
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil {
		report(e.stderr, err)
	}
	return exitCode(err)
}
