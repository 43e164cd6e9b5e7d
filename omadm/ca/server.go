package ca

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"
)

const (
	serverLife = 397 * 24 * time.Hour
	// renewBefore is when a server certificate is replaced.
	renewBefore = 60 * 24 * time.Hour
)

// IssueServer issues a server certificate for DNS names and IP addresses. The
// chain holds the root too, so that a device that lacks it can be told which
// one to install.
func (a *Authority) IssueServer(names []string, now time.Time) (*tls.Certificate, error) {
	if len(names) == 0 {
		return nil, errors.New("issue server certificate: no names")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make server key: %w", err)
	}
	serial, err := serialNumber()
	if err != nil {
		return nil, err
	}
	tmpl := &x509.Certificate{
		SerialNumber: serial,
		NotBefore:    later(now.Add(-backdate), a.cert.NotBefore).UTC(),
		NotAfter:     earlier(now.Add(serverLife), a.cert.NotAfter).UTC(),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if len(names[0]) <= maxCommonName { // a longer one stands among the names only
		tmpl.Subject = pkix.Name{CommonName: names[0]}
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip)
		} else {
			tmpl.DNSNames = append(tmpl.DNSNames, n)
		}
	}
	leaf, err := issue(tmpl, a.cert, key.Public(), a.key)
	if err == nil && a.site {
		err = a.allows(leaf, now)
	}
	if err != nil {
		return nil, fmt.Errorf("issue server certificate: %w", err)
	}
	cert := &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
	for _, c := range a.sent() {
		cert.Certificate = append(cert.Certificate, c.Raw)
	}
	return cert, nil
}

// allows checks a server certificate against what the authorities of a site may
// issue: usages and names.
func (a *Authority) allows(leaf *x509.Certificate, now time.Time) error {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	chain := a.Chain()
	roots.AddCert(chain[len(chain)-1])
	for _, c := range chain[:len(chain)-1] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: now})
	if err != nil {
		return fmt.Errorf("the authority of the site does not allow it: %w", err)
	}
	return nil
}

// Serves reports whether a certificate of this authority still stands for all
// names, with time to spare.
func (a *Authority) Serves(c *tls.Certificate, names []string, now time.Time) bool {
	if c == nil || c.Leaf == nil || now.Before(c.Leaf.NotBefore) {
		return false
	}
	// At the end of the authority's own life there is no better certificate.
	spare := renewBefore
	if !c.Leaf.NotAfter.Before(a.cert.NotAfter) {
		spare = 0
	}
	if now.After(c.Leaf.NotAfter.Add(-spare)) {
		return false
	}
	if !bytes.Equal(c.Leaf.AuthorityKeyId, a.cert.SubjectKeyId) || !bytes.Equal(c.Leaf.RawIssuer, a.cert.RawSubject) {
		return false
	}
	return !slices.ContainsFunc(names, func(n string) bool { return c.Leaf.VerifyHostname(n) != nil })
}
