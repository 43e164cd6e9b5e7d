package ca_test

import (
	"crypto/x509"
	"errors"
	"testing"

	"sluice/omadm/ca"
)

// A certificate whose signature was checked before is judged anew in everything
// that may have changed, and one that only resembles it in everything.
func TestJudgeAgain(t *testing.T) {
	t.Parallel()
	root := newAuthority(t, "root", noon)
	trust := ca.NewTrust(root)
	var revoked bool
	trust.Revoked = func(*x509.Certificate) bool { return revoked }
	leaf := issueDevice(t, root, windowsKey().Public(), noon, ca.DeviceLife)
	judge := func(c *x509.Certificate) error {
		_, err := trust.Judge([]*x509.Certificate{c}, ca.Manage, noon)
		return err
	}
	for range 2 {
		if err := judge(leaf); err != nil {
			t.Fatal(err)
		}
	}
	forged := append([]byte(nil), leaf.Raw...)
	forged[len(forged)-1] ^= 1 // in the signature
	if c, err := x509.ParseCertificate(forged); err != nil {
		t.Error(err)
	} else if err := judge(c); !errors.Is(err, ca.ErrUnknownIssuer) {
		t.Errorf("the same with another signature: %v, want %v", err, ca.ErrUnknownIssuer)
	}
	if _, err := trust.Judge([]*x509.Certificate{leaf}, ca.Manage, leaf.NotAfter.Add(1)); !errors.Is(err, ca.ErrExpired) {
		t.Errorf("after its end: %v, want %v", err, ca.ErrExpired)
	}
	revoked = true
	if err := judge(leaf); !errors.Is(err, ca.ErrRevoked) {
		t.Errorf("revoked since: %v, want %v", err, ca.ErrRevoked)
	}
}

// More certificates than are remembered are judged as before.
func TestJudgeMany(t *testing.T) {
	t.Parallel()
	root := newAuthority(t, "root", noon)
	trust := ca.NewTrust(root)
	pub := windowsKey().Public()
	for n := range 1_500 {
		leaf := issueDevice(t, root, pub, noon, ca.DeviceLife)
		for range 2 {
			if v, err := trust.Judge([]*x509.Certificate{leaf}, ca.Manage, noon); err != nil || v.Issuer == nil || !v.Issuer.Equal(root.Certificate()) {
				t.Fatalf("certificate %d: issuer %v, %v", n, v.Issuer, err)
			}
		}
	}
}
