package ca_test

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sluice/omadm/ca"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	pub := windowsKey().Public()
	older := newAuthority(t, "older", noon)
	root, err := older.Rollover("root", noon)
	if err != nil {
		t.Fatal(err)
	}
	stranger := newAuthority(t, "root", noon)
	life := ca.DeviceLife
	good := issueDevice(t, root, pub, noon, life)
	revoked := issueDevice(t, root, pub, noon, life)
	previous := issueDevice(t, older, pub, noon, life)
	server, err := root.IssueServer([]string{"wsus"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	trust := ca.NewTrust(root, older.Certificate())
	trust.Revoked = func(c *x509.Certificate) bool { return c.Equal(revoked) }
	ended := good.NotAfter.Add(time.Second)
	for _, tt := range []struct {
		name    string
		leaf    *x509.Certificate
		purpose ca.Purpose
		now     time.Time
		want    error
	}{
		{"in time", good, ca.Manage, noon, nil},
		{"in time, renewed", good, ca.Renew, noon, nil},
		{"last second", good, ca.Manage, good.NotAfter, nil},
		{"ended", good, ca.Manage, ended, ca.ErrExpired},
		{"ended, renewed", good, ca.Renew, ended, nil},
		{"last second of the grace", good, ca.Renew, good.NotAfter.Add(ca.RenewGrace), nil},
		{"past the grace", good, ca.Renew, good.NotAfter.Add(ca.RenewGrace + time.Second), ca.ErrGraceOver},
		{"past the grace, managed", good, ca.Manage, good.NotAfter.Add(ca.RenewGrace + time.Second), ca.ErrExpired},
		{"clock a little behind", good, ca.Manage, noon.Add(-23 * time.Hour), nil},
		{"clock far behind", good, ca.Manage, noon.Add(-25 * time.Hour), ca.ErrNotYet},
		{"clock far behind, renewed", good, ca.Renew, noon.Add(-25 * time.Hour), ca.ErrNotYet},
		{"revoked", revoked, ca.Manage, noon, ca.ErrRevoked},
		{"revoked, renewed", revoked, ca.Renew, noon, ca.ErrRevoked},
		{"revoked and ended, renewed", revoked, ca.Renew, ended, ca.ErrRevoked},
		{"of the previous root", previous, ca.Manage, noon, nil},
		{"of the previous root, ended, renewed", previous, ca.Renew, ended, nil},
		{"of another root with the same name", issueDevice(t, stranger, pub, noon, life), ca.Manage, noon, ca.ErrUnknownIssuer},
		{"of another root, renewed", issueDevice(t, stranger, pub, noon, life), ca.Renew, noon, ca.ErrUnknownIssuer},
		{"a server's", server.Leaf, ca.Manage, noon, ca.ErrUsage},
		{"the root itself", root.Certificate(), ca.Manage, noon, ca.ErrUnknownIssuer},
		{"none", nil, ca.Manage, noon, ca.ErrNoCertificate},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			chain := []*x509.Certificate{tt.leaf, root.Certificate()}
			if tt.leaf == nil {
				chain = nil
			}
			v, err := trust.Judge(chain, tt.purpose, tt.now)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Judge for %v at %s: %v, want %v", tt.purpose, tt.now, err, tt.want)
			}
			if err != nil {
				var r *ca.Refusal
				if !errors.As(err, &r) || r.Reason != tt.want || r.Purpose != tt.purpose || r.Leaf != tt.leaf {
					t.Errorf("%#v is not a full refusal", err)
				}
				return
			}
			want := ca.Verdict{
				Leaf: tt.leaf, Issuer: root.Certificate(), Enrollment: enrollment,
				Expired: tt.now.After(tt.leaf.NotAfter), Previous: tt.leaf == previous,
			}
			if want.Previous {
				want.Issuer = older.Certificate()
			}
			if v != want {
				t.Errorf("Judge = %+v, want %+v", v, want)
			}
		})
	}
}

func TestRefusalInTheLog(t *testing.T) {
	t.Parallel()
	root, stranger := newAuthority(t, "root", noon), newAuthority(t, "other", noon)
	leaf, err := stranger.IssueDevice(windowsKey().Public(), "\x1b[31m\nlevel=INFO", noon, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	_, err = ca.NewTrust(root).Judge([]*x509.Certificate{leaf}, ca.Manage, noon)
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("refused", "err", err)
	for _, text := range []string{out.String(), err.Error()} {
		if !strings.Contains(text, ca.ErrUnknownIssuer.Error()) || !strings.Contains(text, ca.Fingerprint(leaf)) {
			t.Errorf("%q lacks the reason or the fingerprint", text)
		}
		if strings.ContainsAny(strings.TrimSuffix(text, "\n"), "\x1b\n") {
			t.Errorf("%q has what a stranger wrote", text)
		}
	}
}

// TestDeviceOfThePreviousRoot connects a device of a root that was rolled over
// twice, which trusts only that root, over TLS.
func TestDeviceOfThePreviousRoot(t *testing.T) {
	t.Parallel()
	now := time.Now()
	first := newAuthority(t, "sluice", now)
	second, err := first.Rollover("sluice", now)
	if err != nil {
		t.Fatal(err)
	}
	third, err := stored(t, second).Rollover("sluice", now)
	if err != nil {
		t.Fatal(err)
	}
	third = stored(t, third)
	trust := ca.NewTrust(third, second.Certificate(), first.Certificate())
	for _, a := range []*ca.Authority{first, second, third} {
		srv := judging(t, trust, third, now)
		leaf := issueDevice(t, a, windowsKey().Public(), now, ca.DeviceLife)
		asked := 0
		client := deviceClient(a.Certificate(), leaf, windowsKey(), func(cri *tls.CertificateRequestInfo) {
			asked++
			for _, want := range []*ca.Authority{first, second, third} {
				if !contains(cri.AcceptableCAs, want.Certificate().RawSubject) {
					t.Errorf("%s is not among the acceptable authorities", want.Certificate().Subject)
				}
			}
		})
		res, err := client.Get(srv.URL)
		if err != nil {
			t.Fatalf("device of %s: %v", a.Certificate().Subject, err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || string(body) != string(enrollment) || asked != 1 {
			t.Errorf("device of %s: %q, %v, asked %d times for a certificate", a.Certificate().Subject, body, err, asked)
		}
	}
}

// stored writes an authority down and reads it again.
func stored(t *testing.T, a *ca.Authority) *ca.Authority {
	t.Helper()
	secret, err := a.Secret()
	if err != nil {
		t.Fatal(err)
	}
	a, err = ca.Load(secret)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// judging starts a server that answers with the enrollment of the certificate
// that is shown, as the appliance sets its listener up.
func judging(t *testing.T, trust *ca.Trust, a *ca.Authority, now time.Time) *httptest.Server {
	t.Helper()
	cert, err := a.IssueServer([]string{"127.0.0.1"}, now)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := trust.Judge(r.TLS.PeerCertificates, ca.Manage, now)
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, string(v.Enrollment))
	}))
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{*cert}, ClientAuth: tls.RequestClientCert, ClientCAs: trust.Pool()}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv
}

// deviceClient trusts one root and shows a certificate where its authority is
// asked for, as Windows does.
func deviceClient(root, leaf *x509.Certificate, key crypto.PrivateKey, asked func(*tls.CertificateRequestInfo)) *http.Client {
	roots := x509.NewCertPool()
	roots.AddCert(root)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs: roots,
		GetClientCertificate: func(cri *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked(cri)
			cert := &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
			if err := cri.SupportsCertificate(cert); err != nil {
				return &tls.Certificate{}, nil
			}
			return cert, nil
		},
	}}}
}

func contains(list [][]byte, want []byte) bool {
	for _, b := range list {
		if bytes.Equal(b, want) {
			return true
		}
	}
	return false
}

func BenchmarkJudge(b *testing.B) {
	a := newAuthority(b, "root", noon)
	chain := []*x509.Certificate{issueDevice(b, a, windowsKey().Public(), noon, time.Hour)}
	trust := ca.NewTrust(a)
	for b.Loop() {
		if _, err := trust.Judge(chain, ca.Manage, noon); err != nil {
			b.Fatal(err)
		}
	}
}
