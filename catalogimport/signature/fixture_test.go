package signature_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"slices"
	"testing"
	"time"

	"sluice/catalogimport/cabinet/cabwrite"
	"sluice/catalogimport/signature"
)

// file is an unsigned file that a signature can be put on.
type file struct {
	kind  []byte // OID of its kind
	bytes []byte
	// digest is written after the definition, field by field, and apart from
	// what is tested.
	digest func(crypto.Hash) []byte
	put    func(message []byte) []byte
}

var le = binary.LittleEndian

// smallCabinet has one member and room for the place of a signature.
func smallCabinet(tb testing.TB) file {
	tb.Helper()
	reserve := make([]byte, 20)
	reserve[2] = 0x10
	var b bytes.Buffer
	w := cabwrite.Cabinet{Method: cabwrite.MSZIP, Reserve: reserve}
	if err := w.Write(&b, []cabwrite.File{{Name: "update.mum", Data: []byte("<assembly/>"), ModTime: year(2020)}}); err != nil {
		tb.Fatal(err)
	}
	c := b.Bytes()
	return file{
		kind: oidCab, bytes: c,
		digest: func(h crypto.Hash) []byte {
			return digest(h, slices.Concat(c[:4], c[8:34], c[56:]))
		},
		put: func(message []byte) []byte {
			out := bytes.Clone(c)
			le.PutUint32(out[44:], uint32(len(c)))
			le.PutUint32(out[48:], uint32(len(message)))
			return append(out, message...)
		},
	}
}

// smallProgram is a program of one section: PE32+, or PE32.
func smallProgram(plus bool) file {
	const pe, section = 0x80, 0x200
	p := make([]byte, 2*section)
	copy(p, "MZ")
	le.PutUint32(p[0x3c:], pe)
	copy(p[pe:], "PE\x00\x00")
	machine, magic, size, dirs := 0x14c, 0x10b, 0xe0, pe+24+96
	if plus {
		machine, magic, size, dirs = 0x8664, 0x20b, 0xf0, pe+24+112
	}
	le.PutUint16(p[pe+4:], uint16(machine))
	le.PutUint16(p[pe+6:], 1)
	le.PutUint16(p[pe+20:], uint16(size))
	le.PutUint16(p[pe+22:], 0x22)
	o := p[pe+24:]
	le.PutUint16(o, uint16(magic))
	le.PutUint32(o[4:], section)
	le.PutUint32(o[16:], 0x1000)
	le.PutUint32(o[20:], 0x1000)
	le.PutUint32(o[32:], 0x1000)
	le.PutUint32(o[36:], section)
	le.PutUint16(o[48:], 6)
	le.PutUint32(o[56:], 0x2000)
	le.PutUint32(o[60:], section)
	le.PutUint16(o[68:], 3)
	le.PutUint32(p[dirs-4:], 16)
	s := p[pe+24+size:]
	copy(s, ".text")
	le.PutUint32(s[8:], section)
	le.PutUint32(s[12:], 0x1000)
	le.PutUint32(s[16:], section)
	le.PutUint32(s[20:], section)
	le.PutUint32(s[36:], 0x60000020)
	for i := range p[section:] {
		p[section+i] = byte(i*7 + 1)
	}
	entry := dirs + 4*8
	return file{
		kind: oidPE, bytes: p,
		digest: func(h crypto.Hash) []byte {
			return digest(h, slices.Concat(p[:pe+24+64], p[pe+24+68:entry], p[entry+8:]))
		},
		put: func(message []byte) []byte {
			out, table := bytes.Clone(p), winCertificate(message)
			le.PutUint32(out[entry:], uint32(len(p)))
			le.PutUint32(out[entry+4:], uint32(len(table)))
			return append(out, table...)
		},
	}
}

// winCertificate is one entry of a program's table of signatures, padded.
func winCertificate(message []byte) []byte {
	b := make([]byte, (8+len(message)+7)&^7)
	le.PutUint32(b, uint32(8+len(message)))
	le.PutUint16(b[4:], 0x200)
	le.PutUint16(b[6:], 2)
	copy(b[8:], message)
	return b
}

// house is a signing house: a root, what is below, and a stranger's like it.
type house struct {
	root, ca, signer, expired, stamper authority
	legacyCA, legacy, legacyStamper    authority
	stranger, strangerStamper          authority
	strangerRoot                       authority
}

const corporation = "Example Corporation"

// signing and stamping are the usages of certificates.
var (
	signing  = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	stamping = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}
)

func newHouse(tb testing.TB) house {
	var h house
	h.root = issue(tb, authority{}, grant{name: "Example Root", organization: corporation, ca: true})
	h.ca = issue(tb, h.root, grant{name: "Example Signing CA", organization: corporation, ca: true})
	h.signer = issue(tb, h.ca, grant{name: "Example", organization: corporation, usage: signing})
	h.expired = issue(tb, h.ca, grant{name: "Example", organization: corporation, usage: signing, from: year(2014), to: year(2016)})
	h.stamper = issue(tb, h.root, grant{name: "Example Time", organization: corporation, usage: stamping, from: year(2014), to: year(2017)})
	h.legacyCA = issue(tb, h.root, grant{name: "Example Old CA", organization: corporation, ca: true, algorithm: x509.ECDSAWithSHA1})
	h.legacy = issue(tb, h.legacyCA, grant{name: "Example", organization: corporation, usage: signing, from: year(2010), to: year(2012), algorithm: x509.ECDSAWithSHA1})
	h.legacyStamper = issue(tb, h.legacyCA, grant{name: "Example Time", organization: corporation, usage: stamping, algorithm: x509.ECDSAWithSHA1})
	h.strangerRoot = issue(tb, authority{}, grant{name: "Example Root", organization: corporation, ca: true})
	h.stranger = issue(tb, h.strangerRoot, grant{name: "Example", organization: corporation, usage: signing})
	h.strangerStamper = issue(tb, h.strangerRoot, grant{name: "Example Time", organization: corporation, usage: stamping})
	return h
}

func (h house) certs(more ...authority) []authority { return append(more, h.ca, h.legacyCA) }

// now is when the tests check.
var now = year(2026)

// pinned makes a verifier for one root, under which only the corporation signs.
func pinned(tb testing.TB, root authority) *signature.Verifier {
	tb.Helper()
	roots, err := signature.ParseRoots(pem.EncodeToMemory(&pem.Block{
		Type: "CERTIFICATE", Headers: map[string]string{"Organization": corporation}, Bytes: root.Raw,
	}))
	if err != nil {
		tb.Fatal(err)
	}
	return signature.New(roots, func() time.Time { return now })
}

func verify(tb testing.TB, v *signature.Verifier, b []byte) signature.Verdict {
	tb.Helper()
	got, err := v.Verify(context.Background(), bytes.NewReader(b), int64(len(b)))
	if err != nil {
		tb.Fatalf("Verify: %v", err)
	}
	return got
}

// dual is the file with a SHA-1 signature and a nested SHA-256 one, each with
// the stamp of its time.
func (h house) dual(tb testing.TB, f file) []byte {
	nested := authenticode(tb, h.expired, h.certs(h.expired), crypto.SHA256, f.kind, f.digest(crypto.SHA256),
		stamped(h.stamper, []authority{h.stamper}, crypto.SHA256, year(2015)))
	return f.put(authenticode(tb, h.legacy, h.certs(h.legacy, h.legacyStamper), crypto.SHA1, f.kind, f.digest(crypto.SHA1),
		countersigned(h.legacyStamper, crypto.SHA1, year(2011)), nesting(nested)))
}

// good is the file with an RFC 3161 stamped SHA-256 signature by a signer that
// has expired since.
func (h house) good(tb testing.TB, f file) []byte {
	return f.put(authenticode(tb, h.expired, h.certs(h.expired), crypto.SHA256, f.kind, f.digest(crypto.SHA256),
		stamped(h.stamper, []authority{h.stamper}, crypto.SHA256, year(2015))))
}
