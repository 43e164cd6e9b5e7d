package daemon_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"sluice/daemon"
	mdmagent "sluice/omadm/agent"
	"sluice/omadm/ca"
)

// TestDeviceOutlivesItsRootAndCertificate enrols a device, rolls the root over,
// and has the device come back a year after its certificate ended: it renews, and
// goes on with the new root. What it had before is revoked, and in the end all.
func TestDeviceOutlivesItsRootAndCertificate(t *testing.T) {
	t.Parallel()
	var clock atomic.Int64 // Unix time
	clock.Store(time.Now().Add(-4 * 365 * 24 * time.Hour).Unix())
	now := func() time.Time { return time.Unix(clock.Load(), 0) }
	a, err := daemon.Open(t.Context(), daemon.Options{
		Config: settings(t), Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: now, Version: "test", Hostname: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	addr := start(t, a)
	c := control(t, addr)
	old := parse(t, showCA(t, a).Roots[0].PEM)
	roots := x509.NewCertPool()
	roots.AddCert(old)
	dev, err := mdmagent.New(mdmagent.Config{
		Server: addr.MDM, Credential: mdmagent.Credential{Name: "pc17@ship.example", Token: token(t, c, 1)},
		Machine: mdmagent.Windows11Enterprise("pc17.ship.example"), Now: now,
		Transport: &mdmagent.Transport{TLS: &tls.Config{RootCAs: roots, Time: now}},
	})
	if err != nil {
		t.Fatal(err)
	}
	leaf := func() *x509.Certificate {
		t.Helper()
		l, err := dev.State().Account.Leaf()
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	enrolled(t, dev)
	polled(t, dev)
	first := leaf()

	rollover(t, a)
	polled(t, dev)
	next := parse(t, showCA(t, a).Roots[0].PEM)

	clock.Store(time.Now().Unix())
	if !now().After(first.NotAfter) {
		t.Fatalf("the certificate still lives, until %s", first.NotAfter)
	}
	if _, err := dev.Renew(t.Context()); err != nil {
		t.Fatalf("renew a year after the end: %v", err)
	}
	second := leaf()
	if err := second.CheckSignatureFrom(next); err != nil {
		t.Errorf("the new certificate is not of the new root: %v", err)
	}
	if !slices.ContainsFunc(dev.State().Account.Roots, func(der []byte) bool { return string(der) == string(next.Raw) }) {
		t.Error("the device did not get the new root")
	}
	polled(t, dev)
	listed(t, addr.WSUS+"/pki/"+ca.Fingerprint(old)+".crl", old, first.SerialNumber)

	if err := c.UnenrollDevice(t.Context(), deviceDetail(t, c, "pc17").ID, true); err != nil {
		t.Fatal(err)
	}
	listed(t, addr.WSUS+"/pki/ca.crl", next, second.SerialNumber)
	if _, err := dev.Renew(t.Context()); err == nil {
		t.Error("a revoked certificate was renewed")
	}
}

// listed waits until a revocation list names a certificate.
func listed(t *testing.T, url string, issuer *x509.Certificate, serial *big.Int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", url, res.Status, err)
		}
		list, err := x509.ParseRevocationList(body)
		if err != nil {
			t.Fatal(err)
		}
		if err := list.CheckSignatureFrom(issuer); err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(list.RevokedCertificateEntries, func(e x509.RevocationListEntry) bool { return e.SerialNumber.Cmp(serial) == 0 }) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s names %d certificates, and not %v", url, len(list.RevokedCertificateEntries), serial)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
