package signature_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"sluice/catalogimport/signature"
)

func TestVerdicts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v := pinned(t, h.root)
	stamp := stamped(h.stamper, []authority{h.stamper}, crypto.SHA256, year(2015))
	oldStamp := countersigned(h.legacyStamper, crypto.SHA1, year(2011))
	sign := func(f file, by authority, a crypto.Hash, notes ...note) []byte {
		return authenticode(t, by, h.certs(by, h.legacyStamper, h.stamper), a, f.kind, f.digest(a), notes...)
	}
	elsewhere := issue(t, h.ca, grant{name: "Vendor", organization: "Vendor Ltd", usage: signing})
	unfit := issue(t, h.ca, grant{name: "Example", organization: corporation, usage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	general := issue(t, h.ca, grant{name: "Example", organization: corporation})
	short := issue(t, h.ca, grant{name: "Example", organization: corporation, usage: signing, from: year(2014), to: year(2016),
		unknown: []asn1.ObjectIdentifier{{1, 3, 6, 1, 4, 1, 311, 10, 3, 13}}})
	noCA := issue(t, h.root, grant{name: "Example Page", organization: corporation, usage: signing, algorithm: x509.ECDSAWithSHA1})
	belowNoCA := issue(t, noCA, grant{name: "Example", organization: corporation, usage: signing, algorithm: x509.ECDSAWithSHA1})
	// Who has the name and not the key of the root.
	name := *h.root.Certificate
	name.PublicKey = nil
	forger := authority{&name, h.strangerRoot.key}
	forged := issue(t, forger, grant{name: "Example", organization: corporation, usage: signing})
	fat, err := x509.CreateCertificate(rand.Reader, h.ca.Certificate, h.root.Certificate,
		&rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 9000, 1), E: 65537}, h.root.key)
	if err != nil {
		t.Fatal(err)
	}
	attributeCertificate := tagged(1, seq(der(2), der([]byte("what an attribute certificate holds"))))

	for _, tt := range []struct {
		name   string
		put    func(f file) []byte
		status signature.Status
		reason string
	}{
		{"expired signer, RFC 3161 stamp", func(f file) []byte { return f.put(sign(f, h.expired, crypto.SHA256, stamp)) }, signature.Verified, ""},
		{"expired signer, PKCS 9 stamp", func(f file) []byte {
			return f.put(sign(f, h.expired, crypto.SHA256, countersigned(h.stamper, crypto.SHA256, year(2015))))
		}, signature.Verified, ""},
		{"stamp with an attribute certificate", func(f file) []byte {
			return f.put(sign(f, h.expired, crypto.SHA256, stamped(h.stamper, []authority{h.stamper}, crypto.SHA256, year(2015), attributeCertificate)))
		}, signature.Verified, ""},
		{"not expired, no stamp", func(f file) []byte { return f.put(sign(f, h.signer, crypto.SHA256)) }, signature.Verified, ""},
		{"SHA-384", func(f file) []byte { return f.put(sign(f, h.signer, crypto.SHA384)) }, signature.Verified, ""},
		{"SHA-1 with a nested SHA-256", func(f file) []byte {
			return f.put(sign(f, h.legacy, crypto.SHA1, oldStamp, nesting(sign(f, h.expired, crypto.SHA256, stamp))))
		}, signature.Verified, ""},
		{"zeros behind the signature", func(f file) []byte {
			return f.put(append(sign(f, h.signer, crypto.SHA256), 0, 0, 0, 0))
		}, signature.Verified, ""},

		{"SHA-1", func(f file) []byte { return f.put(sign(f, h.legacy, crypto.SHA1, oldStamp)) }, signature.Legacy, "genuine"},
		{"SHA-1 digest, SHA-256 chain", func(f file) []byte { return f.put(sign(f, h.signer, crypto.SHA1)) }, signature.Legacy, "genuine"},
		{"SHA-256, stamp of SHA-1", func(f file) []byte {
			return f.put(sign(f, h.expired, crypto.SHA256, countersigned(h.legacyStamper, crypto.SHA1, year(2015))))
		}, signature.Legacy, "when it was signed"},
		{"SHA-1 with a nested stranger's", func(f file) []byte {
			return f.put(sign(f, h.legacy, crypto.SHA1, oldStamp, nesting(sign(f, h.stranger, crypto.SHA256, stamp))))
		}, signature.Legacy, "genuine"},

		{"expired, no stamp", func(f file) []byte { return f.put(sign(f, h.expired, crypto.SHA256)) }, signature.Foreign, "valid from 2014-01-01 to 2016-01-01"},
		{"stamped after it expired", func(f file) []byte {
			return f.put(sign(f, h.expired, crypto.SHA256, stamped(h.stamper, []authority{h.stamper}, crypto.SHA256, time.Date(2016, 6, 1, 0, 0, 0, 0, time.UTC))))
		}, signature.Foreign, "not at 2016-06-01"},
		{"expired, a stranger's stamp", func(f file) []byte {
			return f.put(sign(f, h.expired, crypto.SHA256, stamped(h.strangerStamper, []authority{h.strangerStamper, h.strangerRoot}, crypto.SHA256, year(2015))))
		}, signature.Foreign, "no time stamp proves"},
		{"expired, stamped by who may not", func(f file) []byte {
			return f.put(sign(f, h.expired, crypto.SHA256, stamped(h.signer, h.certs(h.signer), crypto.SHA256, year(2015))))
		}, signature.Foreign, "no time stamp proves"},
		{"signatures end with the certificate", func(f file) []byte { return f.put(sign(f, short, crypto.SHA256, stamp)) }, signature.Foreign, "valid from"},
		{"a stranger with roots of the same name", func(f file) []byte {
			return f.put(authenticode(t, h.stranger, []authority{h.stranger, h.strangerRoot}, crypto.SHA256, f.kind, f.digest(crypto.SHA256)))
		}, signature.Foreign, "is not a pinned root"},
		{"a stranger without its root of the same name", func(f file) []byte { return f.put(sign(f, h.stranger, crypto.SHA256)) }, signature.Foreign, "is not a pinned root"},
		{"chain that ends nowhere", func(f file) []byte {
			return f.put(authenticode(t, h.signer, []authority{h.signer}, crypto.SHA256, f.kind, f.digest(crypto.SHA256)))
		}, signature.Foreign, `whose issuer "Example Signing CA"`},
		{"another organization", func(f file) []byte { return f.put(sign(f, elsewhere, crypto.SHA256)) }, signature.Foreign, "is not of"},
		{"not for code signing", func(f file) []byte { return f.put(sign(f, unfit, crypto.SHA256)) }, signature.Foreign, "not for this use"},
		{"for no use in particular", func(f file) []byte { return f.put(sign(f, general, crypto.SHA256)) }, signature.Foreign, "not for this use"},
		{"issued by who may not", func(f file) []byte {
			return f.put(authenticode(t, belowNoCA, []authority{belowNoCA, noCA}, crypto.SHA256, f.kind, f.digest(crypto.SHA256)))
		}, signature.Foreign, "may not issue"},
		{"MD5", func(f file) []byte {
			content := indirect(f.kind, crypto.MD5, make([]byte, 16))
			info := signerInfo(t, h.signer, crypto.SHA256, oidIndirect, inner(content), nil, nil)
			return f.put(signed(crypto.SHA256, oidIndirect, content, raws(h.certs(h.signer)), info))
		}, signature.Foreign, "MD5"},

		{"unsigned", func(f file) []byte { return f.bytes }, signature.Unsigned, ""},

		{"signature of another file", func(f file) []byte {
			return f.put(authenticode(t, h.signer, h.certs(h.signer), crypto.SHA256, f.kind, make([]byte, 32)))
		}, signature.Tampered, "changed after it was signed"},
		{"nested signature of another file", func(f file) []byte {
			other := authenticode(t, h.signer, h.certs(h.signer), crypto.SHA384, f.kind, make([]byte, 48))
			return f.put(sign(f, h.signer, crypto.SHA256, nesting(other)))
		}, signature.Tampered, "changed after it was signed"},
		{"stamp of another signature", func(f file) []byte {
			return f.put(sign(f, h.signer, crypto.SHA256, func(tb testing.TB, _ []byte) []byte { return stamp(tb, []byte("another")) }))
		}, signature.Tampered, "belongs to another signature"},
		{"PKCS 9 stamp of another signature", func(f file) []byte {
			return f.put(sign(f, h.signer, crypto.SHA256, func(tb testing.TB, _ []byte) []byte { return oldStamp(tb, []byte("another")) }))
		}, signature.Tampered, "does not match"},
		{"certificate that the root did not sign", func(f file) []byte {
			return f.put(authenticode(t, forged, []authority{forged}, crypto.SHA256, f.kind, f.digest(crypto.SHA256)))
		}, signature.Tampered, "is not what"},
		{"no certificate of the signer", func(f file) []byte {
			return f.put(authenticode(t, h.signer, h.certs(), crypto.SHA256, f.kind, f.digest(crypto.SHA256)))
		}, signature.Tampered, "missing"},
		{"attributes over other content", func(f file) []byte {
			content := indirect(f.kind, crypto.SHA256, f.digest(crypto.SHA256))
			info := signerInfo(t, h.signer, crypto.SHA256, oidIndirect, []byte("other"), nil, nil)
			return f.put(signed(crypto.SHA256, oidIndirect, content, raws(h.certs(h.signer)), info))
		}, signature.Tampered, "Message digest mismatch"},
		{"two signers", func(f file) []byte {
			content := indirect(f.kind, crypto.SHA256, f.digest(crypto.SHA256))
			info := signerInfo(t, h.signer, crypto.SHA256, oidIndirect, inner(content), nil, nil)
			return f.put(signed(crypto.SHA256, oidIndirect, content, raws(h.certs(h.signer)), info, info))
		}, signature.Tampered, "2 signers"},
		{"signature over no file", func(f file) []byte {
			content := indirect(f.kind, crypto.SHA256, f.digest(crypto.SHA256))
			info := signerInfo(t, h.signer, crypto.SHA256, oidData, inner(content), nil, nil)
			return f.put(signed(crypto.SHA256, oidIndirect, content, raws(h.certs(h.signer)), info))
		}, signature.Tampered, "not one over a file"},
		{"bytes within the signature", func(f file) []byte {
			return f.put(append(sign(f, h.signer, crypto.SHA256), 1, 2, 3, 4))
		}, signature.Tampered, "does not cover"},
		{"bytes behind the signature", func(f file) []byte {
			return append(f.put(sign(f, h.signer, crypto.SHA256)), "hidden"...)
		}, signature.Tampered, "follow the signature"},
		{"signature cut off", func(f file) []byte {
			b := f.put(sign(f, h.signer, crypto.SHA256))
			return b[:len(b)-9]
		}, signature.Tampered, "cut off"},
		{"not DER", func(f file) []byte { return f.put([]byte("no signature at all")) }, signature.Tampered, "damaged"},
		{"nested too deep", func(f file) []byte {
			return f.put(deep(100))
		}, signature.Tampered, "nested more than"},
		{"of unknown length", func(f file) []byte {
			return f.put(bytes.Repeat([]byte{0x30, 0x80}, 1<<20))
		}, signature.Tampered, "not DER"},
		{"too many parts", func(f file) []byte {
			return f.put(seq(bytes.Repeat([]byte{0x05, 0x00}, 1<<17)))
		}, signature.Tampered, "parts"},
		{"too many certificates", func(f file) []byte {
			certs := bytes.Repeat(h.ca.Raw, 65)
			return f.put(signed(crypto.SHA256, oidIndirect, seq(), [][]byte{certs}))
		}, signature.Tampered, "certificates"},
		{"too large a key", func(f file) []byte {
			content := indirect(f.kind, crypto.SHA256, f.digest(crypto.SHA256))
			info := signerInfo(t, h.signer, crypto.SHA256, oidIndirect, inner(content), nil, nil)
			return f.put(signed(crypto.SHA256, oidIndirect, content, append(raws(h.certs(h.signer)), fat), info))
		}, signature.Tampered, "key of 9001 bits"},
		{"too large", func(f file) []byte { return f.put(make([]byte, 8<<20+1)) }, signature.Tampered, "limit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for kind, f := range map[string]file{"cabinet": smallCabinet(t), "PE32+": smallProgram(true), "PE32": smallProgram(false)} {
				got := verify(t, v, tt.put(f))
				if got.Status != tt.status || !strings.Contains(got.Reason, tt.reason) {
					t.Errorf("%s: got %v, want %s with a reason with %q", kind, got, tt.status, tt.reason)
				}
				if strings.Contains(got.Reason, "\n") {
					t.Errorf("%s: the reason of %v has several lines", kind, got)
				}
				if got.Status != signature.Verified && got.Status != signature.Unsigned && got.Reason == "" {
					t.Errorf("%s: %v has no reason", kind, got)
				}
			}
		})
	}
}

// deep is DER that does nothing but nest.
func deep(n int) []byte {
	b := []byte{0x05, 0x00}
	for range n {
		b = seq(b)
	}
	return b
}

func TestDetails(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := smallCabinet(t)
	got := verify(t, pinned(t, h.root), h.good(t, f))
	s := got.Deciding()
	if s == nil || got.Kind != signature.Cabinet {
		t.Fatalf("got %+v, want a cabinet with a deciding signature", got)
	}
	if s.Signer != "Example" || s.Organization != corporation || s.Issuer != "Example Signing CA" || s.Root != "Example Root" ||
		len(s.Thumbprint) != 40 || s.Algorithm != "SHA-256" || !s.Time.Equal(year(2015)) || s.StampedBy != "Example Time" || s.Nested ||
		!bytes.Equal(s.Digest, f.digest(crypto.SHA256)) {
		t.Errorf("got %+v", s)
	}
	want := `verified: signed by "Example" (SHA-256) before 2015-01-01T00:00:00Z, root "Example Root"`
	if got.String() != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The largest message that passes the bounds, nested as deep as they allow, is
// refused in little memory.
func TestCost(t *testing.T) {
	t.Parallel()
	v := pinned(t, newHouse(t).root)
	b := der(make([]byte, 8<<20-1<<10))
	for range 62 {
		b = seq(b)
	}
	got := verify(t, v, smallCabinet(t).put(seq(oidSigned, tagged(0, b))))
	if got.Status != signature.Tampered || strings.Contains(got.Reason, "limit") || strings.Contains(got.Reason, "deep") {
		t.Errorf("got %v, want a finding behind the bounds", got)
	}
}

// A name out of a certificate does no harm where the verdict is shown.
func TestStringIsHarmless(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := smallCabinet(t)
	evil := issue(t, h.strangerRoot, grant{name: "x\n\x1b[2Jlevel=INFO " + strings.Repeat("y", 200), usage: signing})
	got := verify(t, pinned(t, h.root), f.put(authenticode(t, evil, []authority{evil}, crypto.SHA256, f.kind, f.digest(crypto.SHA256))))
	if s := got.String(); got.Status != signature.Foreign || strings.ContainsAny(s, "\n\x1b") || len(s) > 600 {
		t.Errorf("got %q", s)
	}
}

func TestOtherKinds(t *testing.T) {
	t.Parallel()
	v := pinned(t, newHouse(t).root)
	for _, b := range []string{"", "M", "MSC", "MSWIM\x00\x00\x00", strings.Repeat("text ", 100), "MSCF", "MSCF" + strings.Repeat("\x00", 100)} {
		if got := verify(t, v, []byte(b)); got.Status != signature.Unsigned || got.Deciding() != nil {
			t.Errorf("%.10q: got %v, want unsigned", b, got)
		}
	}
	for _, b := range []string{"MZ", "MZ" + strings.Repeat("\x00", 400)} {
		if got := verify(t, v, []byte(b)); got.Status != signature.Tampered {
			t.Errorf("%.10q: got %v, want tampered", b, got)
		}
	}
}

// failing fails to read what lies behind a place.
type failing struct {
	io.ReaderAt
	from int64
}

var errMedium = errors.New("the medium was pulled out")

func (f failing) ReadAt(b []byte, at int64) (int, error) {
	if at+int64(len(b)) > f.from {
		return 0, errMedium
	}
	return f.ReaderAt.ReadAt(b, at)
}

func TestErrors(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v := pinned(t, h.root)
	for _, f := range []file{smallCabinet(t), smallProgram(true)} {
		b := h.good(t, f)
		for _, from := range []int64{10, 70, int64(len(f.bytes)) - 1, int64(len(b)) - 1} {
			if _, err := v.Verify(t.Context(), failing{bytes.NewReader(b), from}, int64(len(b))); !errors.Is(err, errMedium) {
				t.Errorf("reading fails at %d: got error %v", from, err)
			}
		}
		// A file that shrank since its size was taken is no finding about it.
		if _, err := v.Verify(t.Context(), bytes.NewReader(b[:len(b)-100]), int64(len(b))); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("short file: got error %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := v.Verify(ctx, bytes.NewReader(b), int64(len(b))); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: got error %v", err)
		}
	}
}
