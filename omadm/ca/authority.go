package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	rootLife = 20 * 365 * 24 * time.Hour
	// backdate allows for clocks that are behind, which those of isolated
	// machines often are.
	backdate = 48 * time.Hour
	// maxCommonName is how long a common name may be (RFC 5280 A.1,
	// ub-common-name).
	maxCommonName = 64
)

// Authority is an issuing certificate with its key. It may be used from many
// goroutines.
type Authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	// above is what is sent with a certificate after the issuing one: for a root
	// that took over, the certificates that older roots gave it and the oldest of
	// these roots; for an intermediate, the authorities above it.
	above []*x509.Certificate
	site  bool // brought by the site
}

// New makes a root named after the site.
func New(name string, now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make root key: %w", err)
	}
	tmpl, err := authorityTemplate(name, key.Public(), now)
	if err != nil {
		return nil, err
	}
	cert, err := issue(tmpl, tmpl, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make root certificate: %w", err)
	}
	return &Authority{cert: cert, key: key}, nil
}

// Load reads what [Authority.Secret] returned.
func Load(secret []byte) (*Authority, error) {
	certs, rest, err := certificates(secret)
	if err != nil {
		return nil, fmt.Errorf("load certificate authority: %w", err)
	}
	block, _ := pem.Decode(rest)
	if len(certs) == 0 || block == nil {
		return nil, errors.New("load certificate authority: not a certificate and a key in PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("load certificate authority: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok || !samePublic(signer.Public(), certs[0].PublicKey) {
		return nil, errors.New("load certificate authority: the key is not that of the certificate")
	}
	return &Authority{cert: certs[0], key: signer, above: certs[1:]}, nil
}

// Secret returns the certificates and the key in PEM, to be kept where only the
// appliance reads it.
func (a *Authority) Secret() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, fmt.Errorf("encode root key: %w", err)
	}
	return append(EncodePEM(a.sent()...), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...), nil
}

// Rollover makes the root that takes over from this one, named after the site
// and the day. Both overlap: this root also certifies the key of the new one,
// and [Authority.IssueServer] sends that certificate along, so that a device
// that trusts only this root trusts what the new one issues for as long as this
// one is valid.
func (a *Authority) Rollover(name string, now time.Time) (*Authority, error) {
	if a.site {
		return nil, errors.New("roll over: the authority is the site's; put the new certificate and key into its files")
	}
	next, err := New(a.successor(name, now), now)
	if err != nil {
		return nil, err
	}
	serial, err := serialNumber()
	if err != nil {
		return nil, err
	}
	tmpl := *next.cert
	tmpl.SerialNumber = serial
	tmpl.NotBefore = later(tmpl.NotBefore, a.cert.NotBefore)
	tmpl.NotAfter = earlier(tmpl.NotAfter, a.cert.NotAfter)
	if tmpl.NotAfter.Before(now) {
		return next, nil // nothing to overlap with
	}
	cross, err := issue(&tmpl, a.cert, next.key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("certify the new root: %w", err)
	}
	next.above = []*x509.Certificate{cross}
	if len(a.above) == 0 {
		next.above = append(next.above, a.cert)
	} else {
		next.above = append(next.above, a.above...)
	}
	return next, nil
}

// successor names the next root so that its name differs from this one's: by
// their names devices choose among certificates.
func (a *Authority) successor(name string, now time.Time) string {
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04:05", "2006-01-02 15:04:05.000000"} {
		stamp := now.UTC().Format(layout)
		full := clip(name, maxCommonName-len(stamp)-1) + " " + stamp
		if !slices.ContainsFunc(a.sent(), func(c *x509.Certificate) bool { return c.Subject.CommonName == full }) {
			return full
		}
	}
	return name
}

// Certificate returns the issuing certificate.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }

// Site reports whether the site brought it.
func (a *Authority) Site() bool { return a.site }

// Chain returns the issuing certificate and those of the authorities above it,
// the root last where it is known. Of an own root it is the root alone.
func (a *Authority) Chain() []*x509.Certificate {
	if a.site {
		return a.sent()
	}
	return []*x509.Certificate{a.cert}
}

// Root returns the root that devices must trust, nil where it is not known: a
// site need not have given the certificate of its root.
func (a *Authority) Root() *x509.Certificate {
	chain := a.Chain()
	if top := chain[len(chain)-1]; selfSigned(top) {
		return top
	}
	return nil
}

// PEM returns the issuing certificate, which of an own authority is the root
// that devices must trust.
func (a *Authority) PEM() []byte { return EncodePEM(a.cert) }

// String names the authority, so that no log has its key.
func (a *Authority) String() string { return a.cert.Subject.String() }

// LogValue likewise.
func (a *Authority) LogValue() slog.Value { return slog.StringValue(a.String()) }

// sent is what follows a certificate on the wire.
func (a *Authority) sent() []*x509.Certificate {
	return append([]*x509.Certificate{a.cert}, a.above...)
}

// Fingerprint returns the SHA-256 of a certificate in upper-case hexadecimal,
// as administrators compare it.
func Fingerprint(c *x509.Certificate) string {
	return fmt.Sprintf("%X", sha256.Sum256(c.Raw))
}

// EncodePEM returns certificates in PEM.
func EncodePEM(certs ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

// authorityTemplate returns what a root is made from.
func authorityTemplate(name string, pub crypto.PublicKey, now time.Time) (*x509.Certificate, error) {
	serial, err := serialNumber()
	if err != nil {
		return nil, err
	}
	ski, err := keyID(pub)
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: clip(name, maxCommonName), Organization: []string{"sluice"}},
		NotBefore:             now.Add(-backdate).UTC(),
		NotAfter:              now.Add(rootLife).UTC(),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
		SubjectKeyId:          ski,
	}, nil
}

// issue signs a certificate and reads it back.
func issue(tmpl, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, pub, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// serialNumber draws 127 random bits, never zero.
func serialNumber() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("draw serial number: %w", err)
	}
	return n.Add(n, big.NewInt(1)), nil
}

func keyID(pub crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	sum := sha256.Sum256(der)
	return sum[:20], nil
}

func samePublic(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

func selfSigned(c *x509.Certificate) bool {
	return slices.Equal(c.RawSubject, c.RawIssuer)
}

// clip cuts a text to so many bytes, at a letter.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.TrimRight(s[:n], " .-")
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
