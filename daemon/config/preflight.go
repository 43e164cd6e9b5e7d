package config

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"
)

// Preflight reports what keeps this machine from running the configuration,
// joined: a database on a network filesystem, a certificate or an authority that
// cannot be used.
func (c *Config) Preflight() error {
	var errs []error
	bad := func(key, reason, allowed string) {
		errs = append(errs, &Problem{c.origin(key), key, reason, allowed})
	}
	// SQLite's locks and shared memory do not hold across machines; payload
	// files, which are written once under their digest, need neither.
	switch kind, network, err := NetworkFilesystem(c.DataDir); {
	case err != nil:
		bad("data_dir", cause(err), "a folder that can be read and written")
	case network:
		bad("data_dir", fmt.Sprintf("%s is on a network filesystem (%s)", c.DataDir, kind),
			"a folder on a local disk; content_dir may be on a network")
	}
	if c.TLS.Mode == SiteFiles {
		if _, err := tls.LoadX509KeyPair(c.TLS.CertFile, c.TLS.KeyFile); err != nil {
			bad("tls.cert_file", err.Error(), "a PEM certificate, leaf first, and its key in tls.key_file")
		}
	}
	if c.CA.CertFile != "" {
		if _, err := c.CA.Bring(time.Now()); err != nil {
			bad("ca.cert_file", err.Error(), "an issuing authority of the site in PEM, and its key in ca.key_file")
		}
	}
	return errors.Join(errs...)
}
