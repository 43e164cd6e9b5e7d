// Command sluice is the appliance and its command line. Everything it does is in
// package daemon/cli.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"sluice/daemon/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, buildVersion())
	stop()
	os.Exit(code)
}
