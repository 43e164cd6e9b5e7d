package demo

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"sluice/daemon"
	"sluice/daemon/client"
	"sluice/daemon/config"
)

// Options say where the demonstration takes place. Log is required.
type Options struct {
	Dir     string // made if it is not there; must be empty of an appliance
	Listen  string // host, or host:port for ports in a row; empty for free ports of 127.0.0.1
	Log     *slog.Logger
	Version string
}

// Stage is a running appliance with its media.
type Stage struct {
	Addresses daemon.Addresses
	Media     Media

	dataDir string
	client  *client.Client
	roots   *x509.CertPool // what the simulated computer trusts

	stop context.CancelFunc
	done chan error // the end of Run, once
}

// Open makes the media and starts an appliance in the folder. It serves until
// [Stage.Close].
func Open(ctx context.Context, o Options) (_ *Stage, err error) {
	s := &Stage{done: make(chan error, 1)}
	if s.Media, err = WriteMedia(filepath.Join(o.Dir, "media")); err != nil {
		return nil, err
	}
	cfg, err := configuration(o)
	if err != nil {
		return nil, err
	}
	s.dataDir = cfg.DataDir
	a, err := daemon.Open(ctx, daemon.Options{
		Config: cfg, Log: o.Log, Now: time.Now, Version: o.Version, Hostname: "localhost",
	})
	if err != nil {
		return nil, err
	}
	ready := make(chan daemon.Addresses, 1)
	// The story may be interrupted and the appliance then stops in order.
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	go func() {
		err := a.Run(run, func(addr daemon.Addresses) { ready <- addr })
		s.done <- errors.Join(err, a.Close())
	}()
	select {
	case err := <-s.done:
		stop()
		return nil, err
	case s.Addresses = <-ready:
	}
	if err := s.connect(ctx, o.Version); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// connect opens the control API and learns from it what computers must trust.
func (s *Stage) connect(ctx context.Context, version string) (err error) {
	if s.client, err = client.Dial(ctx, s.Addresses.Socket, "sluice/"+version); err != nil {
		return err
	}
	st, err := s.client.Status(ctx)
	if err != nil {
		return err
	}
	s.roots = x509.NewCertPool()
	if !s.roots.AppendCertsFromPEM([]byte(st.CA)) {
		return errors.New("the appliance names no authority of its own")
	}
	return nil
}

// DataDir returns the data folder, by which commands find the appliance.
func (s *Stage) DataDir() string { return s.dataDir }

// Wait waits until ctx ends or the appliance stops by itself, which is an error.
func (s *Stage) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.done:
		s.done <- err
		return err
	}
}

// Close stops the appliance and returns how that went.
func (s *Stage) Close() error {
	s.stop()
	if s.client != nil {
		s.client.Close()
	}
	err := <-s.done
	s.done <- nil
	return err
}

// configuration returns the settings of the appliance: the defaults, but for a
// folder and ports that need no rights.
func configuration(o Options) (*config.Config, error) {
	cfg := config.Default()
	cfg.DataDir = filepath.Join(o.Dir, "data")
	cfg.ContentDir = filepath.Join(cfg.DataDir, "content")
	cfg.MinFree = 64 * config.MiB
	cfg.PublicHost = "localhost"
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, err
	}
	host, port := o.Listen, 0
	if h, p, err := net.SplitHostPort(o.Listen); err == nil {
		if port, err = strconv.Atoi(p); err != nil || port < 0 || port > 65532 {
			return nil, fmt.Errorf("listen on %s: %q is no port that three more follow", o.Listen, p)
		}
		host = h
	}
	if host == "" {
		host = "127.0.0.1"
	}
	for _, listen := range []*string{&cfg.WSUS.Listen, &cfg.WSUS.TLSListen, &cfg.MDM.Listen, &cfg.Admin.Listen} {
		*listen = net.JoinHostPort(host, strconv.Itoa(port))
		if port > 0 {
			port++
		}
	}
	return cfg, nil
}
