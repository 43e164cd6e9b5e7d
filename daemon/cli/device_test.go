package cli_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sluice/daemon"
	"sluice/daemon/client"
	"sluice/daemon/config"
	mdmagent "sluice/omadm/agent"
)

// device DATA NAME STEP... plays an enrolled device against an appliance that is
// opened for it: "enrol=FILE" with what "enroll token create --json" wrote,
// "poll", "leave" (its user unenrols it). What it
// remembers is in NAME.json of the data folder.
func deviceMain() {
	if err := playDevice(context.Background(), os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func playDevice(ctx context.Context, dir, name string, steps []string) (err error) {
	cfg := config.Default()
	cfg.DataDir, cfg.MinFree, cfg.PublicHost = dir, 0, "localhost"
	cfg.ContentDir = filepath.Join(dir, "content")
	for _, listen := range []*string{&cfg.WSUS.Listen, &cfg.WSUS.TLSListen, &cfg.MDM.Listen, &cfg.Admin.Listen} {
		*listen = "127.0.0.1:0"
	}
	a, err := daemon.Open(ctx, daemon.Options{Config: cfg, Log: log(), Now: time.Now, Version: "test", Hostname: "localhost"})
	if err != nil {
		return err
	}
	run, stop := context.WithCancel(ctx)
	ready, done := make(chan daemon.Addresses, 1), make(chan error, 1)
	go func() { done <- a.Run(run, func(addr daemon.Addresses) { ready <- addr }) }()
	defer func() {
		stop()
		err = errors.Join(err, <-done, a.Close())
	}()
	var addr daemon.Addresses
	select {
	case addr = <-ready:
	case err := <-done:
		done <- nil
		return err
	}
	d, err := deviceAt(ctx, addr, filepath.Join(dir, name+".json"), name, steps)
	if err != nil {
		return err
	}
	for _, step := range steps {
		switch {
		case strings.HasPrefix(step, "enrol="):
			_, err = d.Enroll(ctx)
		case step == "poll":
			_, err = d.Poll(ctx, nil)
		case step == "leave":
			_, err = d.Unenroll(ctx)
		default:
			err = fmt.Errorf("%q is no step", step)
		}
		if err != nil {
			return err
		}
	}
	state, err := json.Marshal(d.State())
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".json"), state, 0o600)
}

// deviceAt returns the device as it remembers itself, at the address that the
// appliance has now.
func deviceAt(ctx context.Context, addr daemon.Addresses, file, name string, steps []string) (*mdmagent.Agent, error) {
	c, err := client.Dial(ctx, addr.Socket, "test")
	if err != nil {
		return nil, err
	}
	defer c.Close()
	st, err := c.Status(ctx)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(st.CA))
	o := mdmagent.Config{
		Server: addr.MDM, Machine: mdmagent.Windows11Enterprise(name), Credential: mdmagent.Credential{Name: "user@ship.example"},
		Transport: &mdmagent.Transport{TLS: &tls.Config{RootCAs: roots}},
	}
	for _, step := range steps {
		file, ok := strings.CutPrefix(step, "enrol=")
		if !ok {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var made struct{ Secret string }
		if err := json.Unmarshal(b, &made); err != nil {
			return nil, err
		}
		o.Credential.Token = made.Secret
	}
	if b, err := os.ReadFile(file); err == nil {
		if err := json.Unmarshal(b, &o.State); err != nil {
			return nil, err
		}
		if o.State.Account != nil {
			o.State.Account.Addr = addr.MDM + "/ManagementServer/MDM.svc"
		}
	}
	return mdmagent.New(o)
}
