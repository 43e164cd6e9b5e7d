package ca_test

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/omadm/ca"
)

// site is an authority of a site, with the key that it issues with.
type site struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// sign makes a certificate. by is nil for a root.
func (by *site) sign(t testing.TB, name string, key crypto.Signer, change func(*x509.Certificate)) *site {
	t.Helper()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: noon.AddDate(-1, 0, 0), NotAfter: noon.AddDate(5, 0, 0),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true,
		SubjectKeyId: []byte(name),
	}
	if change != nil {
		change(tmpl)
	}
	parent, signer := tmpl, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &site{cert, key}
}

func pkcs8(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestBring(t *testing.T) {
	t.Parallel()
	root := (*site)(nil).sign(t, "site root", ecKey(t, elliptic.P384()), nil)
	for _, tt := range []struct {
		name string
		key  crypto.Signer
	}{
		{"RSA", windowsKey()},
		{"P-256", ecKey(t, elliptic.P256())},
		{"P-384", ecKey(t, elliptic.P384())},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mid := root.sign(t, "site updates", tt.key, func(c *x509.Certificate) { c.MaxPathLenZero = true })
			for _, chain := range [][]*x509.Certificate{{mid.cert, root.cert}, {mid.cert}} {
				a, err := ca.Bring(ca.EncodePEM(chain...), pkcs8(t, tt.key), noon)
				if err != nil {
					t.Fatal(err)
				}
				useBrought(t, a, chain, root.cert)
			}
		})
	}
}

// useBrought issues with an authority that a site brought.
func useBrought(t *testing.T, a *ca.Authority, chain []*x509.Certificate, root *x509.Certificate) {
	t.Helper()
	trust := ca.NewTrust(a)
	if len(chain) == 2 {
		if roots := trust.Roots(); len(roots) != 1 || !roots[0].Equal(root) || !a.Root().Equal(root) {
			t.Errorf("Roots = %v", roots)
		}
	} else if len(trust.Roots()) != 0 || a.Root() != nil {
		t.Error("a root that the site did not give")
	}
	if mid := trust.Intermediates(); len(mid) != 1 || !mid[0].Equal(chain[0]) {
		t.Errorf("Intermediates = %v", mid)
	}
	if !a.Site() || len(a.Chain()) != len(chain) {
		t.Errorf("Site = %v, chain of %d", a.Site(), len(a.Chain()))
	}
	leaf := issueDevice(t, a, ecKey(t, elliptic.P256()).Public(), noon, ca.DeviceLife)
	if _, err := trust.Judge([]*x509.Certificate{leaf}, ca.Manage, noon); err != nil {
		t.Error(err)
	}
	cert, err := a.IssueServer([]string{"wsus.site.example"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if !a.Serves(cert, []string{"wsus.site.example"}, noon) || len(cert.Certificate) != 1+len(chain) {
		t.Errorf("Serves is false, or %d certificates are sent", len(cert.Certificate))
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(root)
	between.AddCert(chain[0])
	if _, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: noon, DNSName: "wsus.site.example"}); err != nil {
		t.Error(err)
	}
	if _, err := a.RevocationList(nil, 1, noon); err != nil {
		t.Error(err)
	}
	if _, err := a.Rollover("next", noon); err == nil || !strings.Contains(err.Error(), "site's") {
		t.Errorf("Rollover of a site's authority: %v", err)
	}
}

func TestBringRefuses(t *testing.T) {
	t.Parallel()
	key := ecKey(t, elliptic.P256())
	root := (*site)(nil).sign(t, "site root", ecKey(t, elliptic.P256()), nil)
	mid := root.sign(t, "site updates", key, nil)
	made := func(key crypto.Signer, change func(*x509.Certificate)) []byte {
		return ca.EncodePEM(root.sign(t, "site updates", key, change).cert, root.cert)
	}
	narrow := (*site)(nil).sign(t, "narrow root", ecKey(t, elliptic.P256()), func(c *x509.Certificate) { c.MaxPathLenZero = true })
	other := (*site)(nil).sign(t, "other root", ecKey(t, elliptic.P256()), nil)
	p521 := ecKey(t, elliptic.P521())
	good, goodKey := ca.EncodePEM(mid.cert, root.cert), pkcs8(t, key)
	for _, tt := range []struct {
		name       string
		chain, key []byte
		want       string
	}{
		{"no certificate", []byte("hello"), goodKey, "openssl x509 -inform DER"},
		{"a broken certificate", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), goodKey, "certificate 1"},
		{"key in the chain", append(good, goodKey...), goodKey, "a file of its own"},
		{"too much", make([]byte, 300<<10), goodKey, "more than"},
		{"too many", ca.EncodePEM(mid.cert, root.cert, root.cert, root.cert, root.cert, root.cert, root.cert, root.cert, root.cert), goodKey, "9 certificates"},
		{"order", ca.EncodePEM(root.cert, mid.cert), goodKey, "put the issuing certificate first"},
		{"another root", ca.EncodePEM(mid.cert, other.cert), goodKey, "put the issuing certificate first"},
		{"no authority", made(key, func(c *x509.Certificate) { c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature }), goodKey, "subordinate authority"},
		{"may not issue", made(key, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }), goodKey, "keyCertSign"},
		{"may not revoke", made(key, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign }), goodKey, "cRLSign"},
		{"ended", made(key, func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Hour) }), goodKey, "ended on 2026-11-24: renew it"},
		{"not yet", made(key, func(c *x509.Certificate) { c.NotBefore = noon.Add(time.Hour) }), goodKey, "check the clock"},
		{"path length", ca.EncodePEM(narrow.sign(t, "below", key, nil).cert, narrow.cert), goodKey, "path length"},
		{"servers only", made(key, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), goodKey, "client authentication"},
		{
			"unknown critical extension",
			made(key, func(c *x509.Certificate) {
				c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
			}),
			goodKey, "critical extension 1.2.3.4",
		},
		{"P-521", made(p521, nil), pkcs8(t, p521), "P-256 or P-384"},
		{"no key", good, nil, "BEGIN PRIVATE KEY"},
		{"another key", good, pkcs8(t, ecKey(t, elliptic.P256())), "requested with"},
		{"broken key", good, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}), "read the key"},
		{"encrypted key", good, pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")}), "openssl pkey"},
		{"encrypted key, old form", good, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"DEK-Info": "AES-256-CBC,00"}, Bytes: []byte("x")}), "openssl pkey"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := ca.Bring(tt.chain, tt.key, noon)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Bring: %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "PRIVATE KEY-----\n") {
				t.Errorf("the error has the key: %v", err)
			}
		})
	}
}

// TestSiteLimits has a site allow one name only.
func TestSiteLimits(t *testing.T) {
	t.Parallel()
	key := ecKey(t, elliptic.P256())
	root := (*site)(nil).sign(t, "site root", ecKey(t, elliptic.P256()), nil)
	mid := root.sign(t, "site updates", key, func(c *x509.Certificate) {
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"site.example"}, true
	})
	a, err := ca.Bring(ca.EncodePEM(mid.cert, root.cert), pkcs8(t, key), noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.IssueServer([]string{"wsus.site.example"}, noon); err != nil {
		t.Error(err)
	}
	if _, err := a.IssueServer([]string{"wsus.other.example"}, noon); err == nil || !strings.Contains(err.Error(), "does not allow") {
		t.Errorf("IssueServer for another name: %v", err)
	}
}

// TestBringOfOpenSSL reads an intermediate as a site makes it with openssl.
func TestBringOfOpenSSL(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not on this machine")
	}
	dir := t.TempDir()
	ext := "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
	if err := os.WriteFile(filepath.Join(dir, "ext"), []byte(ext), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{
		"req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -subj /CN=root -days 30",
		"req -new -newkey rsa:2048 -nodes -keyout ca.key -out ca.csr -subj /CN=updates",
		"x509 -req -in ca.csr -CA root.pem -CAkey root.key -set_serial 7 -days 20 -extfile ext -out ca.pem",
		"rsa -in ca.key -traditional -out traditional.key",
	} {
		cmd := exec.Command(openssl, strings.Fields(args)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %v\n%s", args, err, out)
		}
	}
	chain := append(read(t, filepath.Join(dir, "ca.pem")), read(t, filepath.Join(dir, "root.pem"))...)
	for _, key := range []string{"ca.key", "traditional.key"} {
		a, err := ca.Bring(chain, read(t, filepath.Join(dir, key)), time.Now())
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		cert, err := a.IssueServer([]string{"127.0.0.1"}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		srv := httptest.NewUnstartedServer(http.NotFoundHandler())
		srv.TLS = &tls.Config{Certificates: []tls.Certificate{*cert}}
		srv.StartTLS()
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(read(t, filepath.Join(dir, "root.pem")))
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
		res, err := client.Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		srv.Close()
	}
}
