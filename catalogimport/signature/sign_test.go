package signature_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"
	"time"
)

// A signer of Authenticode that is good for tests: every part of a message can
// be made wrong, which a real signer would not do.

// authority is a certificate with its key.
type authority struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// grant is what a certificate is made for; zero fields have ordinary values.
type grant struct {
	name, organization string
	from, to           time.Time
	usage              []x509.ExtKeyUsage
	unknown            []asn1.ObjectIdentifier
	ca                 bool
	algorithm          x509.SignatureAlgorithm
	change             func(*x509.Certificate)
}

func year(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }

// issue makes a certificate, self-signed where by has none.
func issue(tb testing.TB, by authority, g grant) authority {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		tb.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: serial, NotBefore: g.from, NotAfter: g.to,
		Subject:     pkix.Name{CommonName: g.name, Organization: []string{g.organization}},
		ExtKeyUsage: g.usage, UnknownExtKeyUsage: g.unknown, KeyUsage: x509.KeyUsageDigitalSignature,
		SignatureAlgorithm: g.algorithm,
	}
	if g.from.IsZero() {
		c.NotBefore = year(2010)
	}
	if g.to.IsZero() {
		c.NotAfter = year(2035)
	}
	if g.ca {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	}
	if g.change != nil {
		g.change(c)
	}
	if by.key == nil {
		by = authority{c, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by.Certificate, &key.PublicKey, by.key)
	if err != nil {
		tb.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return authority{made, key}
}

func der(v any, params ...string) []byte {
	p := ""
	if len(params) > 0 {
		p = params[0]
	}
	b, err := asn1.MarshalWithParams(v, p)
	if err != nil {
		panic(err)
	}
	return b
}

func element(class, tag int, parts ...[]byte) []byte {
	return der(asn1.RawValue{Class: class, Tag: tag, IsCompound: true, Bytes: slices.Concat(parts...)})
}

func seq(parts ...[]byte) []byte           { return element(0, asn1.TagSequence, parts...) }
func set(parts ...[]byte) []byte           { return element(0, asn1.TagSet, parts...) }
func tagged(n int, parts ...[]byte) []byte { return element(2, n, parts...) }

func oid(parts ...int) []byte { return der(asn1.ObjectIdentifier(parts)) }

func attr(id []byte, value []byte) []byte { return seq(id, set(value)) }

var (
	oidSigned     = oid(1, 2, 840, 113549, 1, 7, 2)
	oidData       = oid(1, 2, 840, 113549, 1, 7, 1)
	oidIndirect   = oid(1, 3, 6, 1, 4, 1, 311, 2, 1, 4)
	oidInfo       = oid(1, 2, 840, 113549, 1, 9, 16, 1, 4)
	oidType       = oid(1, 2, 840, 113549, 1, 9, 3)
	oidDigest     = oid(1, 2, 840, 113549, 1, 9, 4)
	oidTime       = oid(1, 2, 840, 113549, 1, 9, 5)
	oidCounter    = oid(1, 2, 840, 113549, 1, 9, 6)
	oidToken      = oid(1, 3, 6, 1, 4, 1, 311, 3, 3, 1)
	oidNested     = oid(1, 3, 6, 1, 4, 1, 311, 2, 4, 1)
	oidPE, oidCab = oid(1, 3, 6, 1, 4, 1, 311, 2, 1, 15), oid(1, 3, 6, 1, 4, 1, 311, 2, 1, 25)
)

// algorithms are the digest's OID and that of ECDSA with it.
func algorithms(h crypto.Hash) (digest, signature []byte) {
	switch h {
	case crypto.SHA1:
		return oid(1, 3, 14, 3, 2, 26), oid(1, 2, 840, 10045, 4, 1)
	case crypto.SHA256:
		return oid(2, 16, 840, 1, 101, 3, 4, 2, 1), oid(1, 2, 840, 10045, 4, 3, 2)
	case crypto.SHA384:
		return oid(2, 16, 840, 1, 101, 3, 4, 2, 2), oid(1, 2, 840, 10045, 4, 3, 3)
	case crypto.MD5:
		return oid(1, 2, 840, 113549, 2, 5), oid(1, 2, 840, 10045, 4, 3, 2)
	}
	panic("no such algorithm")
}

func digest(h crypto.Hash, b []byte) []byte {
	d := h.New()
	d.Write(b)
	return d.Sum(nil)
}

// note makes an unauthenticated attribute over a signature.
type note func(tb testing.TB, signature []byte) []byte

// signerInfo signs content.
func signerInfo(tb testing.TB, by authority, h crypto.Hash, contentType, content []byte, extra [][]byte, notes []note) []byte {
	tb.Helper()
	algorithm, signing := algorithms(h)
	attrs := [][]byte{attr(oidType, contentType), attr(oidDigest, der(digest(h, content)))}
	attrs = append(attrs, extra...)
	slices.SortFunc(attrs, bytes.Compare) // DER orders a set by its encodings
	value, err := ecdsa.SignASN1(rand.Reader, by.key, digest(h, set(attrs...)))
	if err != nil {
		tb.Fatal(err)
	}
	var unauth []byte
	for _, n := range notes {
		unauth = append(unauth, n(tb, value)...)
	}
	parts := [][]byte{
		der(1), seq(by.RawIssuer, der(by.SerialNumber)), seq(algorithm), tagged(0, attrs...), seq(signing), der(value),
	}
	if len(unauth) > 0 {
		parts = append(parts, tagged(1, unauth))
	}
	return seq(parts...)
}

// signed wraps content and a signer into a message. The content is the whole
// element, of which the octets inside are signed.
func signed(h crypto.Hash, contentType, content []byte, certs [][]byte, infos ...[]byte) []byte {
	algorithm, _ := algorithms(h)
	return seq(oidSigned, tagged(0, seq(
		der(1), set(seq(algorithm)), seq(contentType, tagged(0, content)), tagged(0, certs...), set(infos...))))
}

// inner is what lies within an element.
func inner(element []byte) []byte {
	var v asn1.RawValue
	if _, err := asn1.Unmarshal(element, &v); err != nil {
		panic(err)
	}
	return v.Bytes
}

func raws(certs []authority) (all [][]byte) {
	for _, c := range certs {
		all = append(all, c.Raw)
	}
	return all
}

// indirect is SpcIndirectData for a digest of a file.
func indirect(kind []byte, h crypto.Hash, d []byte) []byte {
	algorithm, _ := algorithms(h)
	image := seq(der(asn1.BitString{}), tagged(0, tagged(2, der(asn1.RawValue{Class: 2}))))
	return seq(seq(kind, image), seq(seq(algorithm), der(d)))
}

// authenticode signs a digest of a file.
func authenticode(tb testing.TB, by authority, certs []authority, h crypto.Hash, kind, d []byte, notes ...note) []byte {
	content := indirect(kind, h, d)
	return signed(h, oidIndirect, content, raws(certs), signerInfo(tb, by, h, oidIndirect, inner(content), nil, notes))
}

// stamped makes an RFC 3161 time stamp. The extra elements join its certificates.
func stamped(by authority, certs []authority, h crypto.Hash, at time.Time, extra ...[]byte) note {
	return func(tb testing.TB, signature []byte) []byte {
		algorithm, _ := algorithms(h)
		info := seq(der(1), oid(1, 2, 3), seq(seq(algorithm), der(digest(h, signature))), der(7),
			der(at, "generalized"), seq(der(1)))
		token := signed(h, oidInfo, der(info), append(raws(certs), extra...), signerInfo(tb, by, h, oidInfo, info, nil, nil))
		return attr(oidToken, token)
	}
}

// countersigned makes a countersignature of PKCS #9. Its certificates must be
// among those of the signature.
func countersigned(by authority, h crypto.Hash, at time.Time) note {
	return func(tb testing.TB, signature []byte) []byte {
		return attr(oidCounter, signerInfo(tb, by, h, oidData, signature, [][]byte{attr(oidTime, der(at.UTC()))}, nil))
	}
}

// nesting holds another signature of the same file.
func nesting(message []byte) note {
	return func(testing.TB, []byte) []byte { return attr(oidNested, message) }
}
