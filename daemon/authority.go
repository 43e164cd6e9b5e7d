package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"sluice/daemon/config"
	"sluice/omadm/ca"
)

// caPurpose names the root of the appliance among the keys of the store.
const caPurpose = "ca"

// authority loads the appliance's own certificate authority, made on first use.
func (a *Appliance) authority(ctx context.Context) (*ca.Authority, error) {
	key, err := a.store.EnsureKey(ctx, caPurpose, func() ([]byte, error) {
		root, err := ca.New("sluice "+a.names()[0], a.now())
		if err != nil {
			return nil, err
		}
		return root.Secret()
	})
	if err != nil {
		return nil, err
	}
	return ca.Load(key.Secret)
}

// certificates gives the TLS doors their certificate: the site's files, read
// again when they change, or one of the own authority, issued again in time.
type certificates struct {
	cfg   config.TLS
	root  *ca.Authority // nil with the site's files
	names []string
	now   func() time.Time

	mu      sync.Mutex
	cert    *tls.Certificate
	changed time.Time // of the file
}

func (a *Appliance) certificates(ctx context.Context) (*certificates, error) {
	c := &certificates{cfg: a.cfg.TLS, names: append(a.names(), "localhost", "127.0.0.1", "::1"), now: a.now}
	if c.cfg.Mode == config.OwnCA {
		var err error
		if c.root, err = a.authority(ctx); err != nil {
			return nil, err
		}
	}
	_, err := c.get()
	return c, err
}

// get returns the certificate of now.
func (c *certificates) get() (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.root == nil {
		return c.fromFiles()
	}
	if c.root.Serves(c.cert, c.names, c.now()) {
		return c.cert, nil
	}
	cert, err := c.root.IssueServer(c.names, c.now())
	if err == nil {
		c.cert = cert
	}
	return cert, err
}

func (c *certificates) fromFiles() (*tls.Certificate, error) {
	info, err := os.Stat(c.cfg.CertFile)
	if err == nil && c.cert != nil && info.ModTime().Equal(c.changed) {
		return c.cert, nil
	}
	var cert tls.Certificate
	if err == nil {
		cert, err = tls.LoadX509KeyPair(c.cfg.CertFile, c.cfg.KeyFile)
	}
	switch {
	case err == nil:
		c.cert, c.changed = &cert, info.ModTime()
		return c.cert, nil
	case c.cert != nil:
		// A renewal that is half written must not close the doors.
		return c.cert, nil
	}
	return nil, fmt.Errorf("load the site's certificate: %w", err)
}

// config returns the TLS settings of a door.
func (c *certificates) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			cert, err := c.get()
			if err != nil {
				return nil, errors.New("no certificate")
			}
			return cert, nil
		},
	}
}
