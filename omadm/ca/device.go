package ca

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"time"

	"sluice/omadm/device"
)

// deviceBackdate is how long before now a device certificate begins. It is
// short, because Windows takes it from the certificate's life, and one that was
// backdated far may be due for renewal at once. The device trusts its own
// certificate whatever its clock says; only this appliance looks at it.
const deviceBackdate = 5 * time.Minute

// DeviceLife is how long a device certificate lives where nothing else is set.
const DeviceLife = 3 * 365 * 24 * time.Hour

// IssueDevice issues the identity certificate of an enrollment, for TLS client
// authentication with the key of a request, valid from now for life, at most to
// the end of the authority. The subject is the enrollment's id alone: the
// device finds the certificate by it. The error wraps [ErrWeakKey] for a key
// that is not fit.
func (a *Authority) IssueDevice(pub crypto.PublicKey, id device.EnrollmentID, now time.Time, life time.Duration) (*x509.Certificate, error) {
	cert, err := a.issueDevice(pub, id, now, life)
	if err != nil {
		return nil, fmt.Errorf("issue device certificate: %w", err)
	}
	return cert, nil
}

func (a *Authority) issueDevice(pub crypto.PublicKey, id device.EnrollmentID, now time.Time, life time.Duration) (*x509.Certificate, error) {
	if id == "" || len(id) > maxCommonName {
		return nil, fmt.Errorf("an enrollment id of %d bytes, not 1 to %d", len(id), maxCommonName)
	}
	if err := checkKey(pub, maxDeviceBits); err != nil {
		return nil, err
	}
	notAfter := earlier(now.Add(life), a.cert.NotAfter)
	switch {
	case life <= 0:
		return nil, errors.New("no life")
	case !notAfter.After(now):
		return nil, fmt.Errorf("the authority %s ended on %s", nameOf(a.cert), a.cert.NotAfter.UTC().Format(time.DateOnly))
	}
	serial, err := serialNumber()
	if err != nil {
		return nil, err
	}
	ski, err := keyID(pub)
	if err != nil {
		return nil, err
	}
	usage := x509.KeyUsageDigitalSignature
	if _, ok := pub.(*rsa.PublicKey); ok {
		usage |= x509.KeyUsageKeyEncipherment
	}
	return issue(&x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: string(id)},
		NotBefore:             later(now.Add(-deviceBackdate), a.cert.NotBefore).UTC(),
		NotAfter:              notAfter.UTC(),
		KeyUsage:              usage,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		SubjectKeyId:          ski,
	}, a.cert, pub, a.key)
}
