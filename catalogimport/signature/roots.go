package signature

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"
)

// microsoft has the trust anchors (RFC 5914: name, key, validity) of the roots
// that Microsoft signs its updates under.
//
//go:embed microsoft.pem
var microsoft []byte

const (
	maxRoots    = 256
	maxRootFile = 1 << 20
)

// Root is a trust anchor: whatever leads to it is trusted.
type Root struct {
	// Name is the common name, Thumbprint the SHA-1 of the certificate in upper
	// case hexadecimal, both for people.
	Name, Thumbprint string
	// Organization is whom signers under this root must belong to, by their
	// certificates. A root that also vouches for others (Microsoft's do, for
	// drivers and the store) has it; empty is no condition.
	Organization string

	cert *x509.Certificate
}

// NotAfter is when the root ends: only what is proven to be older is trusted.
func (r Root) NotAfter() time.Time { return r.cert.NotAfter }

// MicrosoftRoots returns the roots that come with the program: 2001, 2010, 2011.
func MicrosoftRoots() ([]Root, error) { return ParseRoots(microsoft) }

// ParseRoots reads PEM of at most 1 MiB with at most 256 roots. A block is either
// a CERTIFICATE, which must be of an authority, or a trust anchor: a PUBLIC KEY
// with the headers Name, Thumbprint, Subject (DER in base64), Key-Id
// (hexadecimal), Not-Before and Not-After (RFC 3339). Both may have the header
// Organization, see [Root].
func ParseRoots(data []byte) ([]Root, error) {
	if len(data) > maxRootFile {
		return nil, fmt.Errorf("roots: %d bytes are more than the limit of %d", len(data), maxRootFile)
	}
	var roots []Root
	for len(bytes.TrimSpace(data)) > 0 {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return nil, fmt.Errorf("roots: no PEM block after the first %d", len(roots))
		}
		if len(roots) == maxRoots {
			return nil, fmt.Errorf("roots: more than the limit of %d", maxRoots)
		}
		r, err := parseRoot(block)
		if err != nil {
			return nil, fmt.Errorf("roots: number %d: %w", len(roots)+1, err)
		}
		if !slices.ContainsFunc(roots, func(o Root) bool { return o.cert.Equal(r.cert) }) {
			roots = append(roots, r)
		}
	}
	if len(roots) == 0 {
		return nil, errors.New("roots: there are none")
	}
	return roots, nil
}

func parseRoot(block *pem.Block) (Root, error) {
	switch block.Type {
	case "CERTIFICATE":
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return Root{}, err
		}
		if !c.BasicConstraintsValid || !c.IsCA {
			return Root{}, errors.New("the certificate is not of an authority")
		}
		thumb := sha1.Sum(c.Raw)
		return Root{
			Name: c.Subject.CommonName, Thumbprint: fmt.Sprintf("%X", thumb),
			Organization: block.Headers["Organization"], cert: c,
		}, nil
	case "PUBLIC KEY":
		return parseAnchor(block)
	}
	return Root{}, fmt.Errorf("a PEM block of type %q is no root", block.Type)
}

// parseAnchor makes a certificate that is good for a root: crypto/x509 wants one,
// but uses no more of it than an anchor has.
func parseAnchor(block *pem.Block) (Root, error) {
	h := block.Headers
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return Root{}, err
	}
	kind := x509.RSA
	switch key.(type) {
	case *rsa.PublicKey:
	case *ecdsa.PublicKey:
		kind = x509.ECDSA
	default:
		return Root{}, errors.New("the key is neither RSA nor ECDSA")
	}
	subject, err := base64.StdEncoding.DecodeString(h["Subject"])
	if err != nil || len(subject) == 0 {
		return Root{}, errors.New("header Subject is missing or not base64")
	}
	keyID, err := hex.DecodeString(h["Key-Id"])
	if err != nil {
		return Root{}, errors.New("header Key-Id is not hexadecimal")
	}
	from, err := time.Parse(time.RFC3339, h["Not-Before"])
	if err != nil {
		return Root{}, fmt.Errorf("header Not-Before: %w", err)
	}
	to, err := time.Parse(time.RFC3339, h["Not-After"])
	if err != nil {
		return Root{}, fmt.Errorf("header Not-After: %w", err)
	}
	c := &x509.Certificate{
		Raw: slices.Concat(subject, block.Bytes), RawSubject: subject, RawIssuer: subject,
		RawSubjectPublicKeyInfo: block.Bytes, PublicKey: key, PublicKeyAlgorithm: kind, SubjectKeyId: keyID,
		Version: 3, NotBefore: from, NotAfter: to,
		BasicConstraintsValid: true, IsCA: true, MaxPathLen: -1, KeyUsage: x509.KeyUsageCertSign,
	}
	c.Subject.CommonName = h["Name"]
	return Root{Name: h["Name"], Thumbprint: h["Thumbprint"], Organization: h["Organization"], cert: c}, nil
}
