package ca_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"sync"
	"testing"
	"time"

	"sluice/omadm/ca"
	"sluice/omadm/device"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const enrollment = device.EnrollmentID("5e6b5f0c-9b1e-4a0e-8d0d-0c7f7a3f1b11")

// windowsKey is one RSA key for all tests, for making one takes long.
var windowsKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func ecKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newAuthority(t testing.TB, name string, now time.Time) *ca.Authority {
	t.Helper()
	a, err := ca.New(name, now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issueDevice(t testing.TB, a *ca.Authority, pub crypto.PublicKey, now time.Time, life time.Duration) *x509.Certificate {
	t.Helper()
	c, err := a.IssueDevice(pub, enrollment, now, life)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// windowsRequest makes a request as Windows does: a common name in a
// PrintableString that is none, and the DeviceID in an extension.
type windowsRequest struct {
	key        crypto.Signer
	commonName string
	nameTag    int    // PrintableString where zero
	deviceID   []byte // of the extension; nil for none
	algorithm  x509.SignatureAlgorithm
}

const (
	deviceID   = "A1B2C3D4E5F60718293A4B5C6D7E8F90"
	commonName = "B94F2B4E-0F0D-4A4B-8C1B-3B6F1A!" + deviceID
)

func (w windowsRequest) der(t testing.TB) []byte {
	t.Helper()
	if w.key == nil {
		w.key = windowsKey()
	}
	if w.nameTag == 0 {
		w.nameTag = asn1.TagPrintableString
	}
	type pair struct {
		Type  asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	var subject struct {
		RDN []pair `asn1:"set"`
	}
	subject.RDN = []pair{{asn1.ObjectIdentifier{2, 5, 4, 3}, asn1.RawValue{Tag: w.nameTag, Bytes: []byte(w.commonName)}}}
	raw, err := asn1.Marshal(subject)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.CertificateRequest{RawSubject: raw, SignatureAlgorithm: w.algorithm}
	if w.deviceID != nil {
		tmpl.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 66, 1, 0}, Value: w.deviceID}}
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, tmpl, w.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
