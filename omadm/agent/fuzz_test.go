package agent

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/omadm/syncml"
)

// account makes an account with a certificate of its own.
func account(tb testing.TB) *Account {
	tb.Helper()
	key, err := newKey()
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	return &Account{
		Provider: "fake", Addr: "https://mdm.example/MDM.svc", Encoding: typeXML, Store: "User", Key: der, Certificate: selfSigned(tb, key),
		Client: Auth{Type: "DIGEST", Name: "n", Secret: "s", Nonce: []byte("x")}, Server: Auth{Type: "DIGEST", Secret: "s", Nonce: []byte("y")},
		Renewal: defaultRenewal(),
	}
}

func selfSigned(tb testing.TB, key *rsa.PrivateKey) []byte {
	tb.Helper()
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "device"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0),
		IsCA: true, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	return der
}

// FuzzServerMessage hands an agent what a server says. It never panics, and what
// it answers can be written.
func FuzzServerMessage(f *testing.F) {
	acc := account(f)
	m := Windows10Pro("pc.example")
	files, err := filepath.Glob("testdata/server/*.xml")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, manner := range []byte{0, 1, 2} {
			f.Add(bytes.ReplaceAll(b, []byte("$DEVICE"), []byte(m.DeviceID)), manner)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, manner byte) {
		own := *acc
		a, err := New(Config{Machine: m, State: &State{Account: &own}, Updates: &UpdateList{Installed: []Update{{ID: "0a000000-0000-4000-8000-000000000001"}}}})
		if err != nil {
			t.Fatal(err)
		}
		own.DMClient = map[string]string{}
		s, err := a.newSession(Manner{LargeObjects: manner&1 != 0, Challenge: manner&2 != 0}, &Session{})
		if err != nil {
			t.Fatal(err)
		}
		s.msgID = 1
		if _, _, err := s.compose(); err != nil {
			t.Fatal(err)
		}
		reply, err := s.decode(&answer{body: b})
		if err != nil {
			return
		}
		stop, err := s.handle(reply)
		if stop || err != nil {
			return
		}
		for range 50 {
			s.msgID++
			msg, aborted, err := s.compose()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := syncml.EncodeXML(msg); err != nil {
				t.Fatalf("the answer cannot be written: %v", err)
			}
			if aborted != nil || len(s.queue) == 0 {
				return
			}
		}
	})
}

// FuzzProvisioning reads provisioning documents.
func FuzzProvisioning(f *testing.F) {
	key, err := newKey()
	if err != nil {
		f.Fatal(err)
	}
	der := selfSigned(f, key)
	for _, name := range []string{"provision.xml", "renewal.xml"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		b64 := base64.StdEncoding.EncodeToString(der)
		doc := strings.NewReplacer("$ROOTHASH", thumbprint(der), "$LEAFHASH", thumbprint(der), "$ROOT", b64, "$LEAF", b64, "$SUBJECT", "CN%3Ddevice").Replace(string(b))
		f.Add([]byte(doc), name == "renewal.xml")
	}
	m := Windows10Pro("pc.example")
	f.Fuzz(func(t *testing.T, doc []byte, renewal bool) {
		var r remarks
		if p, err := parseProvisioning(doc, renewal, &r); (p == nil) == (err == nil) {
			t.Fatal("a document and an error, or neither")
		}
		a, err := New(Config{Machine: m})
		if err != nil {
			t.Fatal(err)
		}
		if acc, err := a.accept(doc, key, &r); err == nil {
			if acc.Provider == "" || acc.Addr == "" || len(acc.Certificate) == 0 {
				t.Fatalf("an account lacks something: %+v", acc)
			}
			if err := (&State{Account: acc}).load(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzAnswer reads answers of the enrollment services.
func FuzzAnswer(f *testing.F) {
	for _, name := range []string{"discover.xml", "policies.xml", "token.xml", "fault-devicecap.xml"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, 200)
		f.Add(b, 500)
	}
	f.Fuzz(func(t *testing.T, b []byte, status int) {
		doc, err := parseXML(b)
		if err != nil {
			return
		}
		for _, c := range []*call{&discoverCall, &policiesCall, &issueCall} {
			var r remarks
			body, err := c.read(doc, status, &r)
			if err != nil {
				continue
			}
			_, _ = readServices(body, "5.0")
			_, _ = readPolicy(body)
			_, _ = readToken(c, body)
		}
	})
}

// FuzzCriteria reads search criteria of certificates.
func FuzzCriteria(f *testing.F) {
	key, err := newKey()
	if err != nil {
		f.Fatal(err)
	}
	cert, err := x509.ParseCertificate(selfSigned(f, key))
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"Subject=CN%3Ddevice&Stores=My%5CUser", `Subject=CN%3D%22a%22%22b%22%2CO%3Dx&Stores=My%5CSystem%EF%80%80My%5CUser`, "Subject=&Stores="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if err := matchCriteria(s, cert, "User"); err == nil && !strings.Contains(strings.ToLower(s), "subject") {
			t.Errorf("%q names no subject and matches", s)
		}
	})
}

// TestCriteria is a table of names in quotes and out of them.
func TestCriteria(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   string
		want string
	}{
		{"CN=a,O=b", "[CN=a O=b]"},
		{" cn = a ; OU=\"x, y\" ", "[CN=a OU=x, y]"},
		{`CN="a ""b"""`, `[CN=a "b"]`},
		{"CN=a+O=b", ""},
		{`CN="a`, ""},
		{`CN="a"b`, ""},
		{"a", ""},
		{"", ""},
	} {
		got, err := parseName(tt.in)
		text := ""
		if err == nil {
			text = strings.TrimSpace(stringOf(got))
		}
		if text != tt.want {
			t.Errorf("parseName(%q) = %s, %v, want %s", tt.in, text, err, tt.want)
		}
	}
}

func stringOf(parts []part) string {
	var list []string
	for _, p := range parts {
		list = append(list, p.String())
	}
	return "[" + strings.Join(list, " ") + "]"
}

// TestXML refuses what is no document.
func TestXML(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "x", "<a>", "<a></b>", "<a/><b/>", "<a b='1' b='2'/>", "<a x:b='1'/>", "<!DOCTYPE a><a/>", "<a/>x", "<a>\xff</a>",
		"<a><?xml version='1.0'?></a>", strings.Repeat("<a>", maxDepth+1) + strings.Repeat("</a>", maxDepth+1), "<a>&b;</a>",
	} {
		if _, err := parseXML([]byte(s)); err == nil {
			t.Errorf("%.40q is read", s)
		}
	}
	e, err := parseXML([]byte("\xEF\xBB\xBF<?xml version='1.0'?><x:a xmlns:x='urn:x' xmlns='urn:y' x:nil='1'><b> t<c/>u </b></x:a>"))
	if err != nil {
		t.Fatal(err)
	}
	if e.space != "urn:x" || e.child("urn:y", "b").value() != "tu" || e.find("urn:y", "b", "c") == nil {
		t.Errorf("document is %+v", e)
	}
}
