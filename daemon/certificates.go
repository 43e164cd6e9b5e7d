package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"sluice/daemon/config"
	"sluice/omadm/ca"
)

// certificates gives the TLS doors their certificate: the site's files, read
// again when they change, or one of the authority that issues, issued again in
// time and after a rollover.
type certificates struct {
	cfg         config.TLS
	authorities *authorities
	names       []string // that devices use
	now         func() time.Time

	mu      sync.Mutex
	cert    *tls.Certificate
	served  []string    // names that it was issued for
	changed time.Time   // of the file
	trust   *ca.Trust   // that devices was made for
	devices *tls.Config // see [certificates.deviceConfig]
}

func (a *Appliance) certificates(ctx context.Context) (*certificates, error) {
	trusted, err := a.authorities(ctx)
	if err != nil {
		return nil, err
	}
	c := &certificates{cfg: a.cfg.TLS, authorities: trusted, names: a.deviceNames(), now: a.now}
	_, err = c.get()
	return c, err
}

// get returns the certificate of now.
func (c *certificates) get() (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cfg.Mode == config.SiteFiles {
		return c.fromFiles()
	}
	issuer := c.authorities.Current()
	if issuer.Serves(c.cert, c.served, c.now()) {
		return c.cert, nil
	}
	names := append(slices.Clone(c.names), "localhost", "127.0.0.1", "::1")
	cert, err := issuer.IssueServer(names, c.now())
	if err != nil && issuer.Site() {
		// The site may limit its authority to names of its own.
		names = c.names
		cert, err = issuer.IssueServer(names, c.now())
	}
	if err == nil {
		c.cert, c.served = cert, names
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
		NextProtos: []string{"http/1.1"},
	}
}

// deviceConfig returns the TLS settings of the door that enrolled devices come
// to: they are asked for a certificate of any authority that counts. Whether it
// does, [ca.Trust.Judge] says for each request: only a renewal may use one that
// has ended, and a device that has none must be able to enrol.
func (c *certificates) deviceConfig() *tls.Config {
	cfg := c.config()
	cfg.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		trust := c.authorities.Trust()
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.devices == nil || c.trust != trust {
			// One for all connections, so that sessions can be resumed.
			c.trust, c.devices = trust, c.config()
			c.devices.ClientAuth, c.devices.ClientCAs = tls.RequestClientCert, trust.Pool()
		}
		return c.devices, nil
	}
	return cfg
}
