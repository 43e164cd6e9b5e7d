package ca_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sluice/omadm/ca"
)

func TestServerCertificateIsTrusted(t *testing.T) {
	t.Parallel()
	now := time.Now()
	made, err := ca.New("sluice test", now)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := made.Secret()
	if err != nil {
		t.Fatal(err)
	}
	a, err := ca.Load(secret)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.IssueServer([]string{"wsus.ship.example", "127.0.0.1"}, now)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{*cert}}
	srv.StartTLS()
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(a.PEM())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	res, err := client.Get(srv.URL)
	if err != nil {
		t.Fatalf("get over TLS with the root trusted: %v", err)
	}
	res.Body.Close()
}

func TestLogsHaveNoKey(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "root", noon)
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("authority", "ca", a, "err", fmt.Errorf("with %v and %+v", a, a))
	slog.New(slog.NewJSONHandler(&log, nil)).Info("authority", "ca", a)
	if got := log.String(); strings.Count(got, "CN=root,O=sluice") != 4 || len(got) > 500 {
		t.Errorf("logged: %s", got)
	}
}

func TestRollover(t *testing.T) {
	t.Parallel()
	first := newAuthority(t, strings.Repeat("n", 100), noon)
	names := map[string]bool{first.Certificate().Subject.CommonName: true}
	last := first
	for range 4 { // on one day
		next, err := last.Rollover("sluice "+strings.Repeat("n", 100), noon)
		if err != nil {
			t.Fatal(err)
		}
		name := next.Certificate().Subject.CommonName
		if names[name] || len(name) > 64 {
			t.Errorf("the name %q was used before, or is too long", name)
		}
		names[name] = true
		last = next
		noon := noon.Add(time.Second)
		cert, err := last.IssueServer([]string{"wsus"}, noon)
		if err != nil {
			t.Fatal(err)
		}
		// Who trusts the first root only trusts the last.
		roots, sent := x509.NewCertPool(), x509.NewCertPool()
		roots.AddCert(first.Certificate())
		for _, der := range cert.Certificate[1:] {
			c, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			sent.AddCert(c)
		}
		if _, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: sent, CurrentTime: noon, DNSName: "wsus"}); err != nil {
			t.Error(err)
		}
	}
}

func TestRolloverAfterTheEnd(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "root", noon)
	next, err := a.Rollover("root", a.Certificate().NotAfter.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := next.IssueServer([]string{"wsus"}, next.Certificate().NotBefore)
	if err != nil || len(cert.Certificate) != 2 {
		t.Errorf("%d certificates are sent, %v; an authority that has ended is none of them", len(cert.Certificate), err)
	}
}

func TestServes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	a, err := ca.New("a", now)
	if err != nil {
		t.Fatal(err)
	}
	b, err := ca.New("b", now)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.IssueServer([]string{"wsus", "10.0.0.1"}, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		by    *ca.Authority
		names []string
		now   time.Time
		want  bool
	}{
		{"same names", a, []string{"wsus", "10.0.0.1"}, now, true},
		{"fewer names", a, []string{"wsus"}, now, true},
		{"another name", a, []string{"wsus", "other"}, now, false},
		{"another authority", b, []string{"wsus"}, now, false},
		{"about to expire", a, []string{"wsus"}, now.AddDate(0, 11, 15), false},
		{"clock far behind", a, []string{"wsus"}, now.AddDate(0, 0, -7), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.by.Serves(cert, tt.names, tt.now); got != tt.want {
				t.Errorf("Serves(%v) = %v, want %v", tt.names, got, tt.want)
			}
		})
	}
	if a.Serves(nil, []string{"wsus"}, now) {
		t.Error("Serves(nil) = true, want false")
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if _, err := ca.Load([]byte(in)); err == nil {
			t.Errorf("Load(%q) succeeded", in)
		}
	}
}
