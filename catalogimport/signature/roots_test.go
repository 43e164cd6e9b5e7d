package signature_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"sluice/catalogimport/signature"
	"sluice/wsus/update/samples"
)

func TestMicrosoftRoots(t *testing.T) {
	t.Parallel()
	roots, err := signature.MicrosoftRoots()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range roots {
		got = append(got, fmt.Sprintf("%s %s %d", r.Thumbprint[:8], r.Organization, r.NotAfter().Year()))
	}
	want := "CDD4EEAE Microsoft Corporation 2021, 3B1EFD3A Microsoft Corporation 2035, 8F43288A Microsoft Corporation 2036"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got %s, want %s", s, want)
	}
}

// The anchors say what the certificates say.
func TestMicrosoftAnchors(t *testing.T) {
	t.Parallel()
	anchors, err := os.ReadFile("microsoft.pem")
	if err != nil {
		t.Fatal(err)
	}
	byThumb := map[string]*pem.Block{}
	for b, rest := pem.Decode(anchors); b != nil; b, rest = pem.Decode(rest) {
		byThumb[b.Headers["Thumbprint"]] = b
	}
	for _, path := range samples.Glob(t, "catalog/roots/*.pem") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(data)
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		b := byThumb[fmt.Sprintf("%X", sha1.Sum(c.Raw))]
		if b == nil {
			t.Errorf("%s is no anchor", c.Subject)
			continue
		}
		if !bytes.Equal(b.Bytes, c.RawSubjectPublicKeyInfo) ||
			b.Headers["Subject"] != base64.StdEncoding.EncodeToString(c.RawSubject) ||
			b.Headers["Name"] != c.Subject.CommonName || b.Headers["Key-Id"] != fmt.Sprintf("%x", c.SubjectKeyId) ||
			b.Headers["Not-Before"] != c.NotBefore.Format(time.RFC3339) || b.Headers["Not-After"] != c.NotAfter.Format(time.RFC3339) {
			t.Errorf("anchor %s is not what the certificate says", b.Headers["Name"])
		}
	}
}

// An anchor is as good as the certificate that it is made from.
func TestAnchor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	roots, err := signature.ParseRoots(anchor(h.root, nil))
	if err != nil {
		t.Fatal(err)
	}
	v := signature.New(roots, func() time.Time { return now })
	if got := verify(t, v, h.good(t, smallCabinet(t))); got.Status != signature.Verified || got.Deciding().Root != "Example Root" {
		t.Errorf("got %v, want verified", got)
	}
}

func anchor(a authority, change map[string]string) []byte {
	headers := map[string]string{
		"Name": a.Subject.CommonName, "Subject": base64.StdEncoding.EncodeToString(a.RawSubject),
		"Key-Id": fmt.Sprintf("%x", a.SubjectKeyId), "Not-Before": a.NotBefore.Format(time.RFC3339), "Not-After": a.NotAfter.Format(time.RFC3339),
	}
	for k, v := range change {
		headers[k] = v
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Headers: headers, Bytes: a.RawSubjectPublicKeyInfo})
}

// Roots add up: each signer needs its own.
func TestMoreRoots(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	roots, err := signature.ParseRoots(append(anchor(h.root, nil), anchor(h.strangerRoot, nil)...))
	if err != nil || len(roots) != 2 {
		t.Fatalf("got %d roots, error %v", len(roots), err)
	}
	twice, err := signature.ParseRoots(append(anchor(h.root, nil), anchor(h.root, nil)...))
	if err != nil || len(twice) != 1 {
		t.Errorf("the same root twice: got %d roots, error %v", len(twice), err)
	}
}

func TestParseRootsRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	block := func(kind string, b []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}) }
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, "there are none"},
		{"no PEM", []byte("roots"), "no PEM block"},
		{"rubbish behind", append(anchor(h.root, nil), "more"...), "no PEM block after the first 1"},
		{"signer", block("CERTIFICATE", h.signer.Raw), "not of an authority"},
		{"private key", block("PRIVATE KEY", []byte{1}), `type "PRIVATE KEY"`},
		{"damaged certificate", block("CERTIFICATE", h.root.Raw[:100]), "number 1"},
		{"damaged key", block("PUBLIC KEY", []byte{1}), "number 1"},
		{"no subject", anchor(h.root, map[string]string{"Subject": ""}), "header Subject"},
		{"key id", anchor(h.root, map[string]string{"Key-Id": "x"}), "header Key-Id"},
		{"not before", anchor(h.root, map[string]string{"Not-Before": "2001"}), "header Not-Before"},
		{"not after", anchor(h.root, map[string]string{"Not-After": ""}), "header Not-After"},
		{"too large", make([]byte, 1<<20+1), "limit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := signature.ParseRoots(tt.data)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func FuzzParseRoots(f *testing.F) {
	h := newHouse(f)
	f.Add(anchor(h.root, nil))
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.root.Raw}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if roots, err := signature.ParseRoots(b); err == nil {
			signature.New(roots, time.Now)
		}
	})
}
