package ca

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"time"
)

const (
	rootLife   = 20 * 365 * 24 * time.Hour
	serverLife = 397 * 24 * time.Hour
	// renewBefore is when a server certificate is replaced.
	renewBefore = 60 * 24 * time.Hour
	// backdate allows for clocks that are behind, which those of isolated
	// machines often are.
	backdate = 48 * time.Hour
)

// Authority is a root certificate with its key.
type Authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// New makes a root named after the site.
func New(name string, now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make root key: %w", err)
	}
	serial, err := serialNumber()
	if err != nil {
		return nil, err
	}
	ski, err := keyID(key.Public())
	if err != nil {
		return nil, err
	}
	tmpl := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name, Organization: []string{"sluice"}},
		NotBefore:             now.Add(-backdate).UTC(),
		NotAfter:              now.Add(rootLife).UTC(),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
		SubjectKeyId:          ski,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make root certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("make root certificate: %w", err)
	}
	return &Authority{cert: cert, key: key}, nil
}

// Load reads what [Authority.Secret] returned.
func Load(secret []byte) (*Authority, error) {
	certBlock, rest := pem.Decode(secret)
	keyBlock, _ := pem.Decode(rest)
	if certBlock == nil || keyBlock == nil {
		return nil, errors.New("load certificate authority: not a certificate and a key in PEM")
	}
	cert, err := x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("load certificate authority: %w", err)
	}
	key, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("load certificate authority: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("load certificate authority: the key cannot sign")
	}
	return &Authority{cert: cert, key: signer}, nil
}

// Secret returns the root and its key in PEM, to be kept where only the
// appliance reads it.
func (a *Authority) Secret() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, fmt.Errorf("encode root key: %w", err)
	}
	return append(a.PEM(), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...), nil
}

// Certificate returns the root certificate.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }

// PEM returns the root certificate, for devices to trust.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

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
	notAfter := now.Add(serverLife)
	if notAfter.After(a.cert.NotAfter) {
		notAfter = a.cert.NotAfter
	}
	tmpl := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: names[0]},
		NotBefore:    now.Add(-backdate).UTC(),
		NotAfter:     notAfter.UTC(),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip)
		} else {
			tmpl.DNSNames = append(tmpl.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("issue server certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("issue server certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

// Serves reports whether a certificate of this authority still stands for all
// names, with time to spare.
func (a *Authority) Serves(c *tls.Certificate, names []string, now time.Time) bool {
	if c == nil || c.Leaf == nil || now.Before(c.Leaf.NotBefore) || now.After(c.Leaf.NotAfter.Add(-renewBefore)) {
		return false
	}
	if !bytes.Equal(c.Leaf.AuthorityKeyId, a.cert.SubjectKeyId) {
		return false
	}
	return !slices.ContainsFunc(names, func(n string) bool { return c.Leaf.VerifyHostname(n) != nil })
}

// Fingerprint returns the SHA-256 of a certificate in upper-case hexadecimal,
// as administrators compare it.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return strings.ToUpper(fmt.Sprintf("%x", sum))
}

// serialNumber draws 127 random bits.
func serialNumber() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("draw serial number: %w", err)
	}
	return n, nil
}

func keyID(pub crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("encode root key: %w", err)
	}
	sum := sha256.Sum256(der)
	return sum[:20], nil
}
