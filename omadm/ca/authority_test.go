package ca_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
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
