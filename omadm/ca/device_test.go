package ca_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/omadm/ca"
	"sluice/omadm/device"
)

func TestIssueDevice(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "root", noon)
	life := 1095 * 24 * time.Hour
	for _, tt := range []struct {
		name  string
		pub   crypto.PublicKey
		usage x509.KeyUsage
	}{
		{"RSA", windowsKey().Public(), x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment},
		{"P-256", ecKey(t, elliptic.P256()).Public(), x509.KeyUsageDigitalSignature},
		{"P-384", ecKey(t, elliptic.P384()).Public(), x509.KeyUsageDigitalSignature},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := issueDevice(t, a, tt.pub, noon, life)
			if got := c.Subject.String(); got != "CN="+string(enrollment) {
				t.Errorf("subject %s", got)
			}
			if back := noon.Sub(c.NotBefore); back < 0 || back > 10*time.Minute {
				t.Errorf("begins %s before now", back)
			}
			if want := noon.Add(life); !c.NotAfter.Equal(want) {
				t.Errorf("ends %s, want %s", c.NotAfter, want)
			}
			if c.KeyUsage != tt.usage || !slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}) || c.IsCA {
				t.Errorf("usage %b, %v, CA %v", c.KeyUsage, c.ExtKeyUsage, c.IsCA)
			}
			if !bytes.Equal(c.AuthorityKeyId, a.Certificate().SubjectKeyId) {
				t.Error("the authority key identifier is not the root's")
			}
			if len(c.CRLDistributionPoints)+len(c.OCSPServer)+len(c.IssuingCertificateURL) > 0 {
				t.Error("the certificate has a URL that an isolated device cannot reach")
			}
			if again := issueDevice(t, a, tt.pub, noon, life); again.SerialNumber.Cmp(c.SerialNumber) == 0 {
				t.Error("two certificates with one serial number")
			}
			roots := x509.NewCertPool()
			roots.AddCert(a.Certificate())
			if _, err := c.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: noon, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestIssueDeviceEndsWithItsAuthority(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "root", noon)
	end := a.Certificate().NotAfter
	if c := issueDevice(t, a, windowsKey().Public(), end.Add(-time.Hour), ca.DeviceLife); !c.NotAfter.Equal(end) {
		t.Errorf("ends %s, after its authority %s", c.NotAfter, end)
	}
	if _, err := a.IssueDevice(windowsKey().Public(), enrollment, end.Add(time.Second), ca.DeviceLife); err == nil {
		t.Error("an authority that has ended issued")
	}
}

func TestIssueDeviceRefuses(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "root", noon)
	good := windowsKey().Public()
	for _, tt := range []struct {
		name string
		pub  crypto.PublicKey
		id   device.EnrollmentID
		life time.Duration
		want error // nil for any
	}{
		{"P-521", &ecdsa.PublicKey{Curve: elliptic.P521()}, enrollment, time.Hour, ca.ErrWeakKey},
		{"exponent", &rsa.PublicKey{N: windowsKey().N, E: 3}, enrollment, time.Hour, ca.ErrWeakKey},
		{"no key", nil, enrollment, time.Hour, ca.ErrWeakKey},
		{"no id", good, "", time.Hour, nil},
		{"long id", good, device.EnrollmentID(strings.Repeat("a", 65)), time.Hour, nil},
		{"no life", good, enrollment, 0, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := a.IssueDevice(tt.pub, tt.id, noon, tt.life); err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("IssueDevice: %v, want %v", err, tt.want)
			}
		})
	}
}
