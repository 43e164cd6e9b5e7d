package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sluice/daemon"
	"sluice/daemon/api"
	"sluice/daemon/api/wire"
	"sluice/daemon/cli"
	"sluice/daemon/config"
	"sluice/daemon/fleet"
	"sluice/daemon/store"
	"sluice/wsus/metadata"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/update"
)

// medium DIR writes the made-up documents of package synth, and one more that
// has the KB number of another (7000105), with their payload files but that of
// KB 7000104.
func medium(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: medium DIR")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	write := func(name string, b []byte) { ts.Check(os.WriteFile(filepath.Join(dir, name), b, 0o600)) }
	for _, it := range synth.Demo() {
		name := filepath.Base(it.Name)
		write(name, it.Document)
		rev, _, err := metadata.Split(it.Document)
		ts.Check(err)
		if slices.Contains(rev.KBs, "7000105") {
			twin := bytes.ReplaceAll(it.Document, []byte("5117ce00-0000-4000-8000-000000000105"), []byte("5117ce00-0000-4000-8000-000000000205"))
			write("twin-"+name, bytes.ReplaceAll(twin, []byte("Time Zone Update"), []byte("Twin Time Zone Update")))
		}
		for _, f := range rev.Files {
			if f.Name == "harbor-kb7000104.exe" {
				continue
			}
			b, err := io.ReadAll(synth.Payload(f))
			ts.Check(err)
			write(f.Name, b)
		}
	}
}

func log() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// computer DATA NAME logs a computer in, as the doors do. It is a program of its
// own: a process that starts others may hold a lock a moment longer than it
// means to.
func computer() {
	if err := logIn(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// enrol FILE ARG... is sluice simulate devices ARG... with the token that sluice
// enroll token create --json wrote into a file.
func enrol() {
	var token wire.NewEnrollToken
	b, err := os.ReadFile(os.Args[1])
	if err == nil {
		err = json.Unmarshal(b, &token)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	args := append([]string{"simulate", "devices", "--token", token.Secret}, os.Args[2:]...)
	os.Exit(cli.Main(context.Background(), args, os.Stdin, os.Stdout, os.Stderr, "1.2.3-test"))
}

func logIn(ctx context.Context, dir, name string) error {
	s, err := store.Open(ctx, store.Options{Dir: dir, Log: log(), Now: time.Now})
	if err != nil {
		return err
	}
	c := update.Computer{
		ClientID: "client-of-" + name, DNSName: name, OSMajor: 10, OSBuild: 26100,
		OSDescription: "Harbor Server 2026", OldProductType: 3, Architecture: "AMD64",
	}
	device, _, err := s.ClaimDevice(ctx, fleet.Claim{ClientID: c.ClientID, Name: c.DNSName, Addr: "192.0.2.7"}, false)
	if err == nil {
		_, err = s.RegisterDevice(ctx, device, c)
	}
	return errors.Join(err, s.Close())
}

// lock DATA has the data folder open until the script ends, answering nobody.
func lock(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: lock DATA")
	}
	s, err := store.Open(context.Background(), store.Options{Dir: ts.MkAbs(args[0]), Log: log(), Now: time.Now})
	ts.Check(err)
	ts.Defer(func() { ts.Check(s.Close()) })
}

// doors DATA runs the appliance of a data folder until the script ends, with all
// its doors on free ports.
func doors(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: doors DATA")
	}
	cfg := config.Default()
	cfg.DataDir = ts.MkAbs(args[0])
	cfg.ContentDir = filepath.Join(cfg.DataDir, "content")
	cfg.MinFree, cfg.PublicHost = 0, "localhost"
	for _, listen := range []*string{&cfg.WSUS.Listen, &cfg.WSUS.TLSListen, &cfg.MDM.Listen, &cfg.Admin.Listen} {
		*listen = "127.0.0.1:0"
	}
	a, err := daemon.Open(context.Background(), daemon.Options{Config: cfg, Log: log(), Now: time.Now, Version: "serving", Hostname: "localhost"})
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- a.Run(ctx, func(daemon.Addresses) { close(ready) }) }()
	ts.Defer(func() {
		cancel()
		ts.Check(<-done)
		ts.Check(a.Close())
	})
	select {
	case <-ready:
	case err := <-done:
		done <- nil
		ts.Check(err)
	}
}

// serve DATA answers commands on the socket of a data folder until the script
// ends, as a daemon does.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: serve DATA")
	}
	cfg := config.Default()
	cfg.DataDir = ts.MkAbs(args[0])
	cfg.ContentDir = filepath.Join(cfg.DataDir, "content")
	cfg.MinFree = 0
	a, err := daemon.Open(context.Background(), daemon.Options{Config: cfg, Log: log(), Now: time.Now, Version: "serving", Hostname: "test"})
	ts.Check(err)
	l, err := api.Listen(cfg.DataDir)
	ts.Check(err)
	services := a.Services()
	services.Offline = false
	srv := api.NewServer(api.New(services, log()), log())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	ts.Defer(func() {
		ts.Check(srv.Close())
		if err := <-done; err != http.ErrServerClosed {
			ts.Check(err)
		}
		ts.Check(a.Close())
	})
}
