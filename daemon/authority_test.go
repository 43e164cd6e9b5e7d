package daemon_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"sluice/daemon"
	"sluice/daemon/api"
	"sluice/daemon/api/wire"
	"sluice/daemon/config"
	"sluice/daemon/store"
	"sluice/omadm/ca"
)

func showCA(t *testing.T, a *daemon.Appliance) wire.CA {
	t.Helper()
	v, err := a.Services().CA(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func rollover(t *testing.T, a *daemon.Appliance) {
	t.Helper()
	if err := a.Services().RolloverCA(t.Context(), store.Entry{Who: "test", Via: "cli", Action: "ca.rollover"}); err != nil {
		t.Fatal(err)
	}
}

// chainOf connects to a door by a name and returns what it shows, and which
// authorities it asks for, where it does.
func chainOf(t *testing.T, url, name string, root *x509.Certificate) (leaf *x509.Certificate, asked *tls.CertificateRequestInfo) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(root)
	c, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), &tls.Config{
		RootCAs: roots, ServerName: name, MaxVersion: tls.VersionTLS12, // where the client's part is over when Dial returns
		GetClientCertificate: func(cri *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked = cri
			return &tls.Certificate{}, nil
		},
	})
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0], asked
}

func parse(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	chain, err := ca.ReadChain([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return chain[0]
}

// TestRollover rolls a running appliance over: a computer that trusts the old
// root only goes on, and devices of it are still asked for.
func TestRollover(t *testing.T) {
	t.Parallel()
	c := settings(t)
	a := open(t, c)
	addr := start(t, a)
	old := parse(t, showCA(t, a).Roots[0].PEM)
	if leaf, asked := chainOf(t, addr.WSUSTLS, "127.0.0.1", old); leaf.Issuer.CommonName != old.Subject.CommonName || asked != nil {
		t.Errorf("WSUS door: issued by %s, asks for %v", leaf.Issuer, asked)
	}
	rollover(t, a)
	v := showCA(t, a)
	if len(v.Authorities) != 2 || len(v.Roots) != 2 || !v.Authorities[0].Current || v.Authorities[1].SHA256 != ca.Fingerprint(old) {
		t.Fatalf("after a rollover: %+v", v)
	}
	next := parse(t, v.Roots[0].PEM)
	for _, root := range []*x509.Certificate{old, next} {
		leaf, asked := chainOf(t, addr.MDM, "127.0.0.1", root)
		if leaf.Issuer.CommonName != next.Subject.CommonName {
			t.Errorf("issued by %s, want the new root", leaf.Issuer)
		}
		if asked == nil || len(asked.AcceptableCAs) != 2 {
			t.Fatalf("the door of devices asks for %+v", asked)
		}
		for i, want := range []*x509.Certificate{next, old} {
			if !bytes.Equal(asked.AcceptableCAs[i], want.RawSubject) {
				t.Errorf("acceptable authority %d is not %s", i, want.Subject)
			}
		}
	}
	entries, err := a.Services().Store.AuditEntries(t.Context(), store.AuditFilter{Action: "ca.rollover"})
	if err != nil || len(entries) != 1 || entries[0].Subject != next.Subject.CommonName {
		t.Errorf("audited: %+v, %v", entries, err)
	}
}

// TestAuthoritiesStay opens the data folder again.
func TestAuthoritiesStay(t *testing.T) {
	t.Parallel()
	c := settings(t)
	a := open(t, c)
	rollover(t, a)
	want := showCA(t, a)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	a = open(t, c)
	defer a.Close()
	got := showCA(t, a)
	if len(got.Authorities) != 2 || got.Authorities[0] != want.Authorities[0] || got.Authorities[1] != want.Authorities[1] {
		t.Errorf("authorities after a restart: %+v, want %+v", got.Authorities, want.Authorities)
	}
	if got := got.Authorities[1].TrustedUntil.Sub(got.Authorities[1].NotAfter); got != time.Duration(c.CA.RenewGrace) {
		t.Errorf("trusted for %s after its end", got)
	}
}

// siteFiles writes an intermediate of a site and its key. With domains it may
// issue for names in these only.
func siteFiles(t *testing.T, name string, end time.Time, domains ...string) (cert, key string, root *x509.Certificate) {
	t.Helper()
	var chain []byte
	var parent *x509.Certificate
	var parentKey *ecdsa.PrivateKey
	var text []byte
	for i, n := range []string{name + " root", name} {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		tmpl := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: n}, SubjectKeyId: []byte(n),
			NotBefore: time.Now().Add(-time.Hour), NotAfter: end,
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true,
			PermittedDNSDomains: domains, PermittedDNSDomainsCritical: len(domains) > 0,
		}
		if parent == nil {
			parent, parentKey = tmpl, k
		}
		der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, k.Public(), parentKey)
		if err != nil {
			t.Fatal(err)
		}
		if parent, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
		parentKey = k
		if i == 0 {
			root = parent
		}
		chain = append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), chain...)
		secret, err := x509.MarshalPKCS8PrivateKey(k)
		if err != nil {
			t.Fatal(err)
		}
		text = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca.key")
	for path, data := range map[string][]byte{cert: chain, key: text} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key, root
}

// TestSiteAuthority brings an authority, another, and goes back to an own root:
// each stays trusted.
func TestSiteAuthority(t *testing.T) {
	t.Parallel()
	c := settings(t)
	end := time.Now().AddDate(10, 0, 0)
	names := func(v wire.CA) string {
		var list []string
		for _, a := range v.Authorities {
			list = append(list, a.Origin+" "+a.Name)
		}
		return strings.Join(list, ", ")
	}
	for _, tt := range []struct{ site, want string }{
		{"", "own sluice 127.0.0.1"},
		{"first", "site first, own sluice 127.0.0.1"},
		{"second", "site second, site first, own sluice 127.0.0.1"},
		{"", "own sluice 127.0.0.1, site second, site first"},
	} {
		var root *x509.Certificate
		c.CA.CertFile, c.CA.KeyFile = "", ""
		if tt.site != "" {
			c.CA.CertFile, c.CA.KeyFile, root = siteFiles(t, tt.site, end)
		}
		for range 2 { // the second start changes nothing
			a := open(t, c)
			v := showCA(t, a)
			if got := names(v); got != tt.want {
				t.Fatalf("with %q: %s, want %s", tt.site, got, tt.want)
			}
			if root != nil && (v.Roots[0].SHA256 != ca.Fingerprint(root) || len(v.Warnings) > 0) {
				t.Errorf("with %q: root %s, warnings %q", tt.site, v.Roots[0].Name, v.Warnings)
			}
			if tt.site != "" {
				if err := a.Services().RolloverCA(t.Context(), store.Entry{Who: "test"}); !errors.Is(err, api.ErrSiteAuthority) {
					t.Errorf("roll over an authority of the site: %v", err)
				}
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestSiteAuthorityServes has the doors show a certificate of the site's
// authority, and warns of what is wrong with it.
func TestSiteAuthorityServes(t *testing.T) {
	t.Parallel()
	c := settings(t)
	var root *x509.Certificate
	c.CA.CertFile, c.CA.KeyFile, root = siteFiles(t, "site", time.Now().AddDate(1, 0, 0))
	if runtime.GOOS != "windows" {
		if err := os.Chmod(c.CA.KeyFile, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	a := open(t, c)
	addr := start(t, a)
	if leaf, _ := chainOf(t, addr.WSUSTLS, "127.0.0.1", root); leaf.Issuer.CommonName != "site" {
		t.Errorf("issued by %s", leaf.Issuer)
	}
	warned := strings.Join(showCA(t, a).Warnings, "\n")
	if !strings.Contains(warned, "have the site renew it") || runtime.GOOS != "windows" && !strings.Contains(warned, "mode 0644") {
		t.Errorf("warnings: %s", warned)
	}
}

// TestLimitedSiteAuthority has a site allow names of one domain.
func TestLimitedSiteAuthority(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		host, want string // part of the error; empty for none
	}{
		{"wsus.ship.example", ""},
		{"wsus.shore.example", "does not allow"},
	} {
		c := settings(t)
		c.PublicHost = tt.host
		var root *x509.Certificate
		c.CA.CertFile, c.CA.KeyFile, root = siteFiles(t, "site", time.Now().AddDate(10, 0, 0), "ship.example")
		a := open(t, c)
		ctx, cancel := context.WithCancel(t.Context())
		err := a.Run(ctx, func(addr daemon.Addresses) {
			if leaf, _ := chainOf(t, addr.WSUSTLS, tt.host, root); leaf.VerifyHostname("localhost") == nil {
				t.Errorf("the certificate is for %v", leaf.DNSNames)
			}
			cancel()
		})
		cancel()
		if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Run as %s: %v, want %q", tt.host, err, tt.want)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestBrokenSiteAuthority(t *testing.T) {
	t.Parallel()
	c := settings(t)
	c.CA.CertFile, c.CA.KeyFile, _ = siteFiles(t, "site", time.Now().Add(-time.Minute))
	a := open(t, c)
	defer a.Close()
	if err := a.Run(t.Context(), func(daemon.Addresses) {}); err == nil || !strings.Contains(err.Error(), "renew it") {
		t.Errorf("Run with an authority that has ended: %v", err)
	}
	problems := config.Problems(c.Preflight())
	if len(problems) != 1 || problems[0].Key != "ca.cert_file" {
		t.Errorf("Preflight: %v", problems)
	}
}

// TestPKI fetches what the plain door hands out.
func TestPKI(t *testing.T) {
	t.Parallel()
	a := open(t, settings(t))
	addr := start(t, a)
	old := parse(t, showCA(t, a).Roots[0].PEM)
	rollover(t, a)
	root := parse(t, showCA(t, a).Roots[0].PEM)
	named := func(c *x509.Certificate) string {
		sum := sha256.Sum256(c.Raw)
		return hex.EncodeToString(sum[:])
	}
	for _, tt := range []struct {
		method, path string
		status       int
		kind         string
		issuer       *x509.Certificate // of the list; nil for none
		body         []byte
	}{
		{"GET", "root.cer", 200, "application/pkix-cert", nil, root.Raw},
		{"HEAD", "root.cer", 200, "application/pkix-cert", nil, nil},
		{"GET", "CA.CER", 200, "application/pkix-cert", nil, root.Raw},
		{"GET", named(old) + ".cer", 200, "application/pkix-cert", nil, old.Raw},
		{"GET", "ca.crl", 200, "application/pkix-crl", root, nil},
		{"GET", strings.ToUpper(named(old)) + ".crl", 200, "application/pkix-crl", old, nil},
		{"GET", "root.crl", 404, "", nil, nil},
		{"GET", "root.key", 404, "", nil, nil},
		{"GET", "", 404, "", nil, nil},
		{"GET", "../api", 404, "", nil, nil},
		{"POST", "root.cer", 405, "", nil, nil},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, addr.WSUS, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.URL.Path = "/PKI/" + tt.path
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != tt.status || tt.kind != "" && (res.Header.Get("Content-Type") != tt.kind || res.ContentLength <= 0) {
			t.Errorf("%s %s: %d %v, %v", tt.method, tt.path, res.StatusCode, res.Header, err)
			continue
		}
		switch {
		case tt.issuer != nil:
			list, err := x509.ParseRevocationList(body)
			if err != nil || list.CheckSignatureFrom(tt.issuer) != nil {
				t.Errorf("%s: %v, or not of %s", tt.path, err, tt.issuer.Subject)
			}
		case tt.status == 200 && !bytes.Equal(body, tt.body):
			t.Errorf("%s %s: %d bytes, want %d", tt.method, tt.path, len(body), len(tt.body))
		}
	}
}

// TestLogsHaveNoKey does with the authorities what can be done, and looks for
// their keys in the log and in what the API says.
func TestLogsHaveNoKey(t *testing.T) {
	t.Parallel()
	c := settings(t)
	var log bytes.Buffer
	a, err := daemon.Open(t.Context(), daemon.Options{
		Config: c, Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now: time.Now, Version: "test", Hostname: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	rollover(t, a)
	said := showCA(t, a)
	secrets, err := a.CASecrets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	c.CA.CertFile, c.CA.KeyFile, _ = siteFiles(t, "site", time.Now().AddDate(10, 0, 0))
	if err := os.Chmod(c.CA.KeyFile, 0o644); err != nil { // which is warned of
		t.Fatal(err)
	}
	site, err := os.ReadFile(c.CA.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, site)
	if a, err = daemon.Open(t.Context(), daemon.Options{
		Config: c, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now: time.Now, Version: "test", Hostname: "test",
	}); err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	later := showCA(t, a)
	text := log.String()
	for _, v := range []wire.CA{said, later} {
		for _, c := range v.Authorities {
			text += c.PEM + c.Name
		}
	}
	if len(secrets) != 3 || log.Len() == 0 {
		t.Fatalf("%d secrets, %d bytes of log", len(secrets), log.Len())
	}
	for _, secret := range secrets {
		for _, form := range keyForms(t, secret) {
			if strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
				t.Errorf("%q of a key is in what was said", form)
			}
		}
	}
}

// keyForms returns what would give the key of a PEM text away.
func keyForms(t *testing.T, text []byte) []string {
	t.Helper()
	i := bytes.Index(text, []byte("-----BEGIN PRIVATE KEY-----"))
	if i < 0 {
		t.Fatal("no key")
	}
	block, _ := pem.Decode(text[i:])
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := k.(*ecdsa.PrivateKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	forms := []string{"PRIVATE KEY", hex.EncodeToString(secret), new(big.Int).SetBytes(secret).String()}
	for line := range strings.Lines(string(text[i:])) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-") {
			forms = append(forms, line)
		}
	}
	return forms
}
