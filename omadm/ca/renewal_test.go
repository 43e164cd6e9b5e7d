package ca_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/omadm/ca"
)

// The files of testdata/renewal were made with openssl as TestParseRenewalOfOpenSSL
// makes them anew, with keys that nobody kept.
func TestParseRenewal(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/renewal/*.der")
	if err != nil || len(files) < 7 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			checkRenewal(t, read(t, file))
		})
	}
}

func checkRenewal(t *testing.T, der []byte) {
	t.Helper()
	before := bytes.Clone(der)
	req, signer, err := ca.ParseRenewal(der)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(der, before) {
		t.Error("ParseRenewal changed its input")
	}
	if signer.Subject.CommonName != "old" || req.CommonName != "new" {
		t.Errorf("signed by %q, for %q, want old, new", signer.Subject.CommonName, req.CommonName)
	}
}

func TestParseRenewalRefuses(t *testing.T) {
	t.Parallel()
	good := read(t, "testdata/renewal/cms.der")
	plain := read(t, "testdata/renewal/noattr.der")
	change := func(der []byte, what string) []byte {
		der = bytes.Clone(der)
		i := bytes.Index(der, []byte(what))
		if i < 0 {
			t.Fatalf("no %q in the fixture", what)
		}
		der[i] ^= 1
		return der
	}
	for _, tt := range []struct {
		name string
		der  []byte
		want error
	}{
		{"nothing", nil, ca.ErrMalformed},
		{"a bare request", windowsRequest{commonName: commonName}.der(t), ca.ErrMalformed},
		{"cut", good[:len(good)-1], ca.ErrMalformed},
		{"trailing byte", append(bytes.Clone(good), 0), ca.ErrMalformed},
		{"too long", make([]byte, ca.MaxRenewal+1), ca.ErrMalformed},
		{"content changed", change(good, "new"), ca.ErrSignature},
		{"content changed, without attributes", change(plain, "new"), ca.ErrSignature},
		{"signature changed", append(bytes.Clone(good[:len(good)-1]), good[len(good)-1]^1), ca.ErrSignature},
		{"two signers", read(t, "testdata/refused/two-signers.der"), ca.ErrMalformed},
		{"no certificate", read(t, "testdata/refused/no-certificate.der"), ca.ErrMalformed},
		{"detached", read(t, "testdata/refused/detached.der"), ca.ErrMalformed},
		{"content that is no request", read(t, "testdata/refused/text.der"), ca.ErrMalformed},
		{"MD5", read(t, "testdata/refused/md5.der"), ca.ErrSignature},
		{"signer with a weak key", read(t, "testdata/refused/weak.der"), ca.ErrWeakKey},
		{"nested without end", bytes.Repeat([]byte{0x30, 0x80}, ca.MaxRenewal/2), ca.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req, signer, err := ca.ParseRenewal(tt.der)
			if !errors.Is(err, tt.want) || req != nil || signer != nil {
				t.Errorf("ParseRenewal = %v, %v, %v, want %v", req, signer, err, tt.want)
			}
		})
	}
}

// TestParseRenewalOfOpenSSL has an independent program make the messages.
func TestParseRenewalOfOpenSSL(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not on this machine")
	}
	dir := t.TempDir()
	run := func(t *testing.T, args string) {
		t.Helper()
		cmd := exec.Command(openssl, strings.Fields(args)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %v\n%s", args, err, out)
		}
	}
	run(t, "req -x509 -newkey rsa:2048 -nodes -keyout old.key -out old.pem -subj /CN=old -days 1")
	run(t, "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ec.key -out ec.pem -subj /CN=old -days 1")
	run(t, "req -new -newkey rsa:2048 -nodes -keyout new.key -outform DER -out new.csr -subj /CN=new")
	const rsa = " -sign -nodetach -binary -in new.csr -signer old.pem -inkey old.key -outform DER -out "
	const ec = " -sign -nodetach -binary -in new.csr -signer ec.pem -inkey ec.key -outform DER -out "
	for _, tt := range []struct{ name, args string }{
		{"cms.der", "cms" + rsa},
		{"noattr.der", "cms -noattr" + rsa},
		{"keyid.der", "cms -keyid" + rsa},
		{"stream.der", "cms -stream" + rsa},
		{"sha1.der", "cms -md sha1" + rsa},
		{"sha512.der", "cms -md sha512" + rsa},
		{"pss.der", "cms -sign -nodetach -binary -in new.csr -signer old.pem -inkey old.key -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:-1 -outform DER -out "},
		{"ecdsa.der", "cms -md sha256" + ec},
		{"smime.der", "smime -md sha256" + rsa},
		{"smime-indefinite.der", "smime -md sha256 -indef" + rsa},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, tt.args+tt.name)
			checkRenewal(t, read(t, filepath.Join(dir, tt.name)))
		})
	}
}

// TestParseRenewalOfDevice is a whole renewal: the old certificate is one of the
// authority's and is judged.
func TestParseRenewalOfDevice(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not on this machine")
	}
	// It ended a year ago, and is signed with today.
	now := time.Now()
	before := now.Add(-4 * 365 * 24 * time.Hour)
	a := newAuthority(t, "root", before)
	old := issueDevice(t, a, windowsKey().Public(), before, ca.DeviceLife)
	key, err := x509.MarshalPKCS8PrivateKey(windowsKey())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("old.pem", ca.EncodePEM(old))
	write("old.key", key)
	write("new.csr", windowsRequest{commonName: commonName + "\x00", deviceID: []byte(deviceID)}.der(t))
	cmd := exec.Command(openssl, strings.Fields("cms -sign -nodetach -binary -in new.csr -signer old.pem -inkey old.key -keyform DER -outform DER -out renewal.der")...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	req, signer, err := ca.ParseRenewal(read(t, filepath.Join(dir, "renewal.der")))
	if err != nil {
		t.Fatal(err)
	}
	if !signer.Equal(old) || req.DeviceID != deviceID {
		t.Errorf("signer %v, DeviceID %q", signer.Subject, req.DeviceID)
	}
	v, err := ca.NewTrust(a).Judge([]*x509.Certificate{signer}, ca.Renew, now)
	if err != nil || v.Enrollment != enrollment || !v.Expired {
		t.Errorf("Judge = %+v, %v", v, err)
	}
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func FuzzParseRenewal(f *testing.F) {
	for _, pattern := range []string{"testdata/renewal/*.der", "testdata/refused/*.der"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatal(pattern, err)
		}
		for _, file := range files {
			f.Add(read(f, file))
		}
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		req, signer, err := ca.ParseRenewal(der)
		known := errors.Is(err, ca.ErrMalformed) || errors.Is(err, ca.ErrWeakKey) || errors.Is(err, ca.ErrSignature)
		if (err == nil) != (req != nil && signer != nil) || err != nil && !known {
			t.Fatalf("ParseRenewal = %v, %v, %v", req, signer, err)
		}
	})
}
