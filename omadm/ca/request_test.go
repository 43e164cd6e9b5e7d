package ca_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"sluice/omadm/ca"
	"sluice/omadm/device"
	"sluice/wsus/update/samples"
)

func TestParseRequestOfWindows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file, name string
		id         device.ID
		sha1       bool
	}{
		{"windows10-19043-captured-csr-sha1.der", "562A7F9A-6CD8-40B0-9E7E-0DBDD8!B5B954E81FBCB94EB79BD08BE625F4EE", "B5B954E81FBCB94EB79BD08BE625F4EE", true},
		{"windows-device-csr.der", "0F3B8E6C-A271-4556-9B72-A26CBD!8090C8B484A0E24EB5C56E806CB4EE5B", "8090C8B484A0E24EB5C56E806CB4EE5B", false},
		{"synthetic-csr-printablestring.der", "B94F2B4E-0F0D-4A4B-8C1B-3B6F1A!A1B2C3D4E5F60718293A4B5C6D7E8F90", "A1B2C3D4E5F60718293A4B5C6D7E8F90", false},
		{"synthetic-csr-printablestring-nul.der", "B94F2B4E-0F0D-4A4B-8C1B-3B6F1A!A1B2C3D4E5F60718293A4B5C6D7E8F90", "A1B2C3D4E5F60718293A4B5C6D7E8F90", false},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			der := samples.Read(t, "omadm/enroll/"+tt.file)
			before := bytes.Clone(der)
			req, err := ca.ParseRequest(der)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(der, before) {
				t.Error("ParseRequest changed its input")
			}
			if req.CommonName != tt.name || req.DeviceID != tt.id || req.SHA1 != tt.sha1 {
				t.Errorf("got common name %q, DeviceID %q, SHA1 %v, want %q, %q, %v", req.CommonName, req.DeviceID, req.SHA1, tt.name, tt.id, tt.sha1)
			}
			if k, ok := req.PublicKey.(*rsa.PublicKey); !ok || k.N.BitLen() != 2048 {
				t.Errorf("public key %T, want RSA with 2048 bits", req.PublicKey)
			}
		})
	}
	t.Run("all samples are here", func(t *testing.T) {
		t.Parallel()
		if n := len(samples.Glob(t, "omadm/enroll/*csr*.der")); n != 4 {
			t.Errorf("%d requests among the samples, and 4 in this table", n)
		}
	})
}

// TestParseRequestOfToken reads the requests in whole enrollment messages.
func TestParseRequestOfToken(t *testing.T) {
	t.Parallel()
	token := regexp.MustCompile(`(?s)#PKCS10".*?>(.*?)</`)
	read := 0
	for _, path := range samples.Glob(t, "omadm/enroll/*rst-request*.xml") {
		name := path[strings.LastIndexByte(path, '/')+1:]
		m := token.FindSubmatch(samples.Read(t, "omadm/enroll/"+name))
		if m == nil {
			t.Errorf("%s: no token", name)
			continue
		}
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(m[1])), ""))
		if err != nil {
			continue // the examples of the specification have a text in its place
		}
		read++
		req, err := ca.ParseRequest(der)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if req.DeviceID != "B5B954E81FBCB94EB79BD08BE625F4EE" || !req.SHA1 {
			t.Errorf("%s: DeviceID %q, SHA1 %v", name, req.DeviceID, req.SHA1)
		}
	}
	if read == 0 {
		t.Error("no request was read")
	}
}

func TestParseRequest(t *testing.T) {
	t.Parallel()
	nul := append([]byte(deviceID), 0)
	for _, tt := range []struct {
		name string
		in   windowsRequest
		want ca.Request
	}{
		{"PrintableString with an exclamation mark", windowsRequest{commonName: commonName, deviceID: nul}, ca.Request{CommonName: commonName, DeviceID: deviceID}},
		{"and NUL", windowsRequest{commonName: commonName + "\x00", deviceID: nul}, ca.Request{CommonName: commonName, DeviceID: deviceID}},
		{"UTF8String", windowsRequest{commonName: commonName, nameTag: asn1.TagUTF8String, deviceID: nul}, ca.Request{CommonName: commonName, DeviceID: deviceID}},
		{"no extension", windowsRequest{commonName: commonName + "\x00"}, ca.Request{CommonName: commonName, DeviceID: deviceID}},
		{"extension only", windowsRequest{commonName: "device", deviceID: nul}, ca.Request{CommonName: "device", DeviceID: deviceID}},
		{"neither", windowsRequest{commonName: "device"}, ca.Request{CommonName: "device"}},
		{"extension in an octet string", windowsRequest{commonName: "d", deviceID: append([]byte{4, 33}, nul...)}, ca.Request{CommonName: "d", DeviceID: deviceID}},
		{"other letter case", windowsRequest{commonName: strings.ToLower(commonName), deviceID: nul}, ca.Request{CommonName: strings.ToLower(commonName), DeviceID: deviceID}},
		{
			"common name cut to 64",
			windowsRequest{commonName: commonName + "\x00", deviceID: []byte(deviceID + "0042")},
			ca.Request{CommonName: commonName, DeviceID: deviceID + "0042"},
		},
		{"P-256", windowsRequest{key: ecKey(t, elliptic.P256()), commonName: commonName}, ca.Request{CommonName: commonName, DeviceID: deviceID}},
		{"P-384", windowsRequest{key: ecKey(t, elliptic.P384()), commonName: commonName}, ca.Request{CommonName: commonName, DeviceID: deviceID}},
		{
			"SHA-384", windowsRequest{commonName: commonName, algorithm: x509.SHA384WithRSA},
			ca.Request{CommonName: commonName, DeviceID: deviceID},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			der := tt.in.der(t)
			got, err := ca.ParseRequest(der)
			if err != nil {
				t.Fatal(err)
			}
			if got.CommonName != tt.want.CommonName || got.DeviceID != tt.want.DeviceID || got.SHA1 != tt.want.SHA1 {
				t.Errorf("got %q, %q, %v, want %q, %q, %v", got.CommonName, got.DeviceID, got.SHA1, tt.want.CommonName, tt.want.DeviceID, tt.want.SHA1)
			}
			spki, err := x509.MarshalPKIXPublicKey(got.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			if got.KeyHash != sha256.Sum256(spki) {
				t.Error("KeyHash is not that of the public key")
			}
		})
	}
}

func TestParseRequestRefuses(t *testing.T) {
	t.Parallel()
	good := windowsRequest{commonName: commonName}.der(t)
	with := func(at int, b byte) []byte {
		der := bytes.Clone(good)
		der[at] = b
		return der
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	inName := bytes.Index(good, []byte(deviceID))
	for _, tt := range []struct {
		name string
		der  []byte
		want error
	}{
		{"nothing", nil, ca.ErrMalformed},
		{"not ASN.1", []byte("-----BEGIN CERTIFICATE REQUEST-----"), ca.ErrMalformed},
		{"cut", good[:len(good)-1], ca.ErrMalformed},
		{"trailing byte", append(bytes.Clone(good), 0), ca.ErrMalformed},
		{"too long", make([]byte, ca.MaxRequest+1), ca.ErrMalformed},
		{"another name put in", with(inName, 'F'), ca.ErrSignature},
		{"signature changed", with(len(good)-1, good[len(good)-1]^1), ca.ErrSignature},
		{"RSA with 1024 bits", windowsRequest{key: small, commonName: commonName}.der(t), ca.ErrWeakKey},
		{"Ed25519", windowsRequest{key: ed, commonName: commonName}.der(t), ca.ErrWeakKey},
		{"P-224", windowsRequest{key: ecKey(t, elliptic.P224()), commonName: commonName}.der(t), ca.ErrWeakKey},
		{"P-521", windowsRequest{key: ecKey(t, elliptic.P521()), commonName: commonName}.der(t), ca.ErrWeakKey},
		{"exponent 3", exponent3(t), ca.ErrWeakKey},
		{"huge modulus", hugeModulus(t), ca.ErrWeakKey},
		{"two DeviceIDs", windowsRequest{commonName: commonName, deviceID: []byte("B5B954E81FBCB94EB79BD08BE625F4EE")}.der(t), ca.ErrMalformed},
		{"part of a DeviceID in a short name", windowsRequest{commonName: "x!A1", deviceID: []byte("A1B2")}.der(t), ca.ErrMalformed},
		{"DeviceID of two lines", windowsRequest{commonName: "x", deviceID: []byte("A\nB")}.der(t), ca.ErrMalformed},
		{"DeviceID without end", windowsRequest{commonName: "x", deviceID: bytes.Repeat([]byte("A"), 129)}.der(t), ca.ErrMalformed},
		{"subject that is no text", windowsRequest{commonName: "\xff\xfe"}.der(t), ca.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req, err := ca.ParseRequest(tt.der)
			if !errors.Is(err, tt.want) || req != nil {
				t.Errorf("ParseRequest = %v, %v, want %v", req, err, tt.want)
			}
		})
	}
}

// otherKey is a request whose public key was replaced: its signature does not
// hold, which nobody may look at.
func otherKey(t testing.TB, n *big.Int, e int) []byte {
	t.Helper()
	der := windowsRequest{commonName: commonName}.der(t)
	var outer struct {
		Body struct {
			Version    int
			Subject    asn1.RawValue
			PublicKey  asn1.RawValue
			Attributes asn1.RawValue `asn1:"tag:0"`
		}
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &outer); err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n, E: e})
	if err != nil {
		t.Fatal(err)
	}
	outer.Body.PublicKey = asn1.RawValue{FullBytes: spki}
	if der, err = asn1.Marshal(outer); err != nil {
		t.Fatal(err)
	}
	return der
}

func exponent3(t testing.TB) []byte { return otherKey(t, windowsKey().N, 3) }

func hugeModulus(t testing.TB) []byte {
	n := new(big.Int).Lsh(big.NewInt(1), 100_000)
	return otherKey(t, n.Add(n, big.NewInt(1)), 65537)
}

func FuzzParseRequest(f *testing.F) {
	f.Add(windowsRequest{commonName: commonName + "\x00", deviceID: append([]byte(deviceID), 0)}.der(f))
	f.Add(windowsRequest{key: ecKey(f, elliptic.P256()), commonName: commonName}.der(f))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, der []byte) {
		before := bytes.Clone(der)
		req, err := ca.ParseRequest(der)
		if !bytes.Equal(der, before) {
			t.Fatal("the input was changed")
		}
		known := errors.Is(err, ca.ErrMalformed) || errors.Is(err, ca.ErrWeakKey) || errors.Is(err, ca.ErrSignature)
		if (err == nil) != (req != nil) || err != nil && !known {
			t.Fatalf("ParseRequest = %v, %v", req, err)
		}
	})
}
