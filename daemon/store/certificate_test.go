package store_test

import (
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"sluice/daemon/store"
)

// The certificate before stays good until the new one was used: the answer that
// carried it may have been lost.
func TestRenewal(t *testing.T) {
	t.Parallel()
	c := &clock{monday}
	s := openAt(t, c)
	d := openDoor(t, s, c.now)
	n := d.request("A", "", "PC1")
	machine := d.enroll(n)
	old := sha256.Sum256(n.Leaf.Raw)
	good := func(sum [32]byte, want error) {
		t.Helper()
		if _, err := s.EnrollmentByCertificate(t.Context(), sum); !errors.Is(err, want) {
			t.Errorf("certificate: %v, want %v", err, want)
		}
	}
	if err := s.UseCertificate(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	c.at = c.at.AddDate(2, 11, 0)
	renew := func(key int) [32]byte {
		leaf, hash := d.ca.issue(t, key, c.at)
		if err := s.RenewCertificate(t.Context(), n.Enrollment.ID, old, leaf, hash); err != nil {
			t.Fatal(err)
		}
		return sha256.Sum256(leaf.Raw)
	}
	lost := renew(101)
	lost2 := renew(101) // the same request again
	c.at = c.at.Add(time.Hour)
	used := renew(102)
	for _, sum := range [][32]byte{old, lost, lost2, used} {
		good(sum, nil)
	}
	for range 2 {
		if err := s.UseCertificate(t.Context(), used); err != nil {
			t.Fatal(err)
		}
	}
	for _, sum := range [][32]byte{old, lost, lost2} {
		good(sum, store.ErrRevoked)
	}
	good(used, nil)
	list, _, err := s.RevokedCertificates(t.Context())
	if err != nil || len(list) != 3 || list[0].Reason != 4 || string(list[0].Issuer) != "\x07\x07" || !list[0].At.Equal(c.at) {
		t.Errorf("revoked %+v, %v", list, err)
	}
	if d := enrolledDetail(t, s, machine); len(d.Certs) != 4 || !d.CertificateEnd.Equal(c.at.AddDate(3, 0, 0)) {
		t.Errorf("device %+v", d)
	}

	leaf, hash := d.ca.issue(t, 103, c.at)
	if err := s.RenewCertificate(t.Context(), n.Enrollment.ID, old, leaf, hash); !errors.Is(err, store.ErrRevoked) {
		t.Errorf("renewal by a certificate that was replaced: %v", err)
	}
	other := d.request("B", "", "PC2")
	d.enroll(other)
	if err := s.RenewCertificate(t.Context(), n.Enrollment.ID, sha256.Sum256(other.Leaf.Raw), leaf, hash); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("renewal by the certificate of another device: %v", err)
	}
	if err := s.RenewCertificate(t.Context(), n.Enrollment.ID, used, leaf, other.KeyHash); !errors.Is(err, store.ErrReplayed) {
		t.Errorf("renewal with the key of another device: %v", err)
	}
}

// A device that renews without end does not fill the store.
func TestRenewalsAreBounded(t *testing.T) {
	t.Parallel()
	c := &clock{monday}
	s := openAt(t, c)
	d := openDoor(t, s, c.now)
	n := d.request("A", "", "PC1")
	machine := d.enroll(n)
	old := sha256.Sum256(n.Leaf.Raw)
	renew := func(key int) error {
		leaf, hash := d.ca.issue(t, key, c.at)
		return s.RenewCertificate(t.Context(), n.Enrollment.ID, old, leaf, hash)
	}
	for i := range 9 {
		if err := renew(100 + i); err != nil {
			t.Fatal(err)
		}
	}
	if err := renew(200); !errors.Is(err, store.ErrRenewedOften) {
		t.Errorf("the eleventh certificate of a day: %v", err)
	}
	c.at = c.at.Add(25 * time.Hour)
	if err := renew(201); err != nil {
		t.Errorf("a day later: %v", err)
	}
	if d := enrolledDetail(t, s, machine); len(d.Certs) != 11 {
		t.Errorf("%d certificates", len(d.Certs))
	}
}
