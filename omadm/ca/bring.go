package ca

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// maxPEM bounds each file that a site brings.
	maxPEM = 256 << 10
	// maxChain is how many certificates a site's chain may have.
	maxChain = 8
)

// Bring reads an intermediate authority that the site made: its chain, the
// issuing certificate first, then that of the authority above it and so on, the
// root last or left out, and its key, both in PEM. What keeps it from issuing
// what Windows trusts is an error that says what to do.
func Bring(chainPEM, keyPEM []byte, now time.Time) (*Authority, error) {
	chain, err := ReadChain(chainPEM)
	if err != nil {
		return nil, fmt.Errorf("read the certificates of the site's authority: %w", err)
	}
	if err := checkChain(chain, now); err != nil {
		return nil, fmt.Errorf("check the certificates of the site's authority: %w", err)
	}
	key, err := readKey(keyPEM)
	if err != nil {
		return nil, fmt.Errorf("read the key of the site's authority: %w", err)
	}
	if !samePublic(key.Public(), chain[0].PublicKey) {
		return nil, fmt.Errorf("check the key of the site's authority: it is not the key of %s: give the key that its certificate was requested with", nameOf(chain[0]))
	}
	return &Authority{cert: chain[0], key: key, above: chain[1:], site: true}, nil
}

// ReadChain reads one certificate or more in PEM, and nothing else.
func ReadChain(text []byte) ([]*x509.Certificate, error) {
	if len(text) > maxPEM {
		return nil, fmt.Errorf("more than %d bytes", maxPEM)
	}
	chain, rest, err := certificates(text)
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(rest); block != nil {
		return nil, fmt.Errorf("there is a %s among the certificates: keep it in a file of its own", strings.ToLower(block.Type))
	}
	switch {
	case len(chain) == 0:
		return nil, errors.New("no certificate in PEM (-----BEGIN CERTIFICATE-----): convert a .cer file with: openssl x509 -inform DER -in ca.cer -out ca.pem")
	case len(chain) > maxChain:
		return nil, fmt.Errorf("%d certificates: give only the issuing one and those above it", len(chain))
	}
	return chain, nil
}

// certificates reads the certificates that a PEM text begins with.
func certificates(text []byte) (certs []*x509.Certificate, rest []byte, err error) {
	for {
		block, next := pem.Decode(text)
		if block == nil || block.Type != "CERTIFICATE" {
			return certs, text, nil
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, nil, fmt.Errorf("certificate %d: %w", len(certs)+1, err)
		}
		certs, text = append(certs, c), next
	}
}

// checkChain checks that the first certificate may issue and that each is
// issued by the next.
func checkChain(chain []*x509.Certificate, now time.Time) error {
	for i, c := range chain {
		if err := checkAuthority(c, i, now); err != nil {
			return fmt.Errorf("%s %w", nameOf(c), err)
		}
		if i == 0 {
			continue
		}
		if err := chain[i-1].CheckSignatureFrom(c); err != nil {
			return fmt.Errorf("%s was not issued by %s, which follows it: put the issuing certificate first, then that of the authority above it: %w",
				nameOf(chain[i-1]), nameOf(c), err)
		}
	}
	issuing := chain[0]
	switch {
	case issuing.KeyUsage&x509.KeyUsageCRLSign == 0:
		return fmt.Errorf("%s may not sign revocation lists (key usage cRLSign is missing): have it issued as a subordinate authority", nameOf(issuing))
	case len(issuing.SubjectKeyId) == 0:
		return fmt.Errorf("%s has no subject key identifier: have it issued with one", nameOf(issuing))
	}
	if err := checkKey(issuing.PublicKey, maxIssuerBits); err != nil {
		return fmt.Errorf("%s: %w: use RSA with 2048 to 4096 bits, or ECDSA on P-256 or P-384", nameOf(issuing), err)
	}
	return nil
}

// checkAuthority checks one certificate of a chain, with so many authorities
// below it.
func checkAuthority(c *x509.Certificate, below int, now time.Time) error {
	switch {
	case !c.BasicConstraintsValid || !c.IsCA:
		return errors.New("is not the certificate of an authority (basic constraints CA is not set): have it issued as a subordinate authority")
	case c.KeyUsage&x509.KeyUsageCertSign == 0 && (c.KeyUsage != 0 || below == 0): // roots often have none
		return errors.New("may not issue certificates (key usage keyCertSign is missing): have it issued as a subordinate authority")
	case now.After(c.NotAfter):
		return fmt.Errorf("ended on %s: renew it", c.NotAfter.UTC().Format(time.DateOnly))
	case now.Before(c.NotBefore):
		return fmt.Errorf("is valid only from %s: check the clock of this machine", c.NotBefore.UTC().Format(time.RFC3339))
	case (c.MaxPathLen > 0 || c.MaxPathLenZero) && c.MaxPathLen < below:
		return fmt.Errorf("allows %d authorities below it (path length) and there are %d", c.MaxPathLen, below)
	case len(c.UnhandledCriticalExtensions) > 0:
		return fmt.Errorf("has a critical extension %s that is not known here: have it issued without", c.UnhandledCriticalExtensions[0])
	case !allowsUsage(c, x509.ExtKeyUsageClientAuth):
		return errors.New("is limited to usages without client authentication: have it issued with that, or without extended key usages")
	}
	return nil
}

// allowsUsage reports whether the extended key usages of an authority, where it
// has any, let it issue for a usage.
func allowsUsage(c *x509.Certificate, usage x509.ExtKeyUsage) bool {
	return len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 ||
		slices.Contains(c.ExtKeyUsage, usage) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// readKey reads the first key of a PEM text.
func readKey(text []byte) (crypto.Signer, error) {
	if len(text) > maxPEM {
		return nil, fmt.Errorf("more than %d bytes", maxPEM)
	}
	block, rest := pem.Decode(text)
	for block != nil && !strings.HasSuffix(block.Type, "PRIVATE KEY") {
		block, rest = pem.Decode(rest) // such as EC PARAMETERS
	}
	if block == nil {
		return nil, errors.New("no private key in PEM (-----BEGIN PRIVATE KEY-----)")
	}
	if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
		return nil, errors.New("the key is encrypted, and nobody can type its password when the service starts: write it unencrypted with: openssl pkey -in ca.key -out plain.key")
	}
	var (
		key any
		err error
	)
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key cannot sign: use RSA or ECDSA")
	}
	return signer, nil
}

// nameOf names a certificate in a message.
func nameOf(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return fmt.Sprintf("%q", c.Subject.CommonName)
	}
	return fmt.Sprintf("%q", c.Subject.String())
}
