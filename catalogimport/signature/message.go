package signature

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"strings"

	"github.com/smallstep/pkcs7"
)

const (
	oidContentType   = "1.2.840.113549.1.9.3"
	oidSigningTime   = "1.2.840.113549.1.9.5"
	oidData          = "1.2.840.113549.1.7.1"
	oidIndirectData  = "1.3.6.1.4.1.311.2.1.4"
	oidTimeStampInfo = "1.2.840.113549.1.9.16.1.4"

	// maxCertificates bounds what a message carries; real ones have 2 to 8.
	maxCertificates = 64
	// maxKeyBits bounds RSA keys, whose checking takes the square of it.
	maxKeyBits = 8192
)

// message is a PKCS #7 SignedData with one signer, whose signature is intact.
// Nothing is said yet about who the signer is.
type message struct {
	p7       *pkcs7.PKCS7
	content  []byte
	signer   *x509.Certificate
	hash     crypto.Hash
	value    []byte // the signature itself
	auth     []attribute
	unauth   []attribute
	certs    []*x509.Certificate
	typeName string // content type as signed, empty without
}

// open parses a message and checks its signature.
func open(der []byte) (*message, error) {
	der, err := element(der)
	if err != nil {
		return nil, err
	}
	if der, err = plainCertificates(der); err != nil {
		return nil, err
	}
	p7, err := pkcs7.Parse(der)
	if err != nil {
		return nil, tampered("its signature is damaged: %v", err)
	}
	return check(p7)
}

// countersignature opens the signature that an attribute of m holds over m's own
// (RFC 2985 section 5.3.6). Its certificates are those of m.
func countersignature(m *message, der []byte) (*message, error) {
	// The type of a signer has no name outside of its package.
	signers := slices.Clone(m.p7.Signers)
	clear(signers)
	if rest, err := asn1.Unmarshal(der, &signers[0]); err != nil || len(rest) > 0 {
		return nil, tampered("its time stamp is damaged")
	}
	return check(&pkcs7.PKCS7{Content: m.value, Certificates: m.certs, Signers: signers})
}

func check(p7 *pkcs7.PKCS7) (*message, error) {
	if len(p7.Signers) != 1 {
		return nil, tampered("its signature has %d signers, not one", len(p7.Signers))
	}
	for _, c := range p7.Certificates {
		if key, ok := c.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > maxKeyBits {
			return nil, tampered("a certificate in its signature has a key of %d bits, more than the limit of %d", key.N.BitLen(), maxKeyBits)
		}
	}
	s := p7.Signers[0]
	m := &message{p7: p7, content: p7.Content, value: s.EncryptedDigest, certs: p7.Certificates, signer: p7.GetOnlySigner()}
	if m.signer == nil {
		return nil, tampered("the certificate of the signer is missing or damaged")
	}
	for _, a := range s.AuthenticatedAttributes {
		m.auth = append(m.auth, attribute(a))
	}
	for _, a := range s.UnauthenticatedAttributes {
		m.unauth = append(m.unauth, attribute(a))
	}
	var err error
	if m.hash, _, err = algorithm(s.DigestAlgorithm.Algorithm); err != nil {
		return nil, err
	}
	// Without attributes the signature would be over the content itself, and
	// content could be made of another signature's attributes.
	if len(m.auth) == 0 {
		return nil, tampered("its signature has no signed attributes")
	}
	if v := values(m.auth, oidContentType); len(v) > 0 {
		var oid asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(v[0].FullBytes, &oid); err != nil {
			return nil, tampered("the signed attributes are damaged")
		}
		m.typeName = oid.String()
	}
	if err := p7.Verify(); err != nil {
		return nil, tampered("its signature does not match: %s", oneLine(err))
	}
	return m, nil
}

// oneLine is an error of another package, some of which take several lines.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// indirect returns the digest of the file that m vouches for, and its algorithm:
// the second part of SpcIndirectData.
func (m *message) indirect() (hash crypto.Hash, name string, digest []byte, err error) {
	if m.typeName != oidIndirectData {
		return 0, "", nil, tampered("its signature is not one over a file")
	}
	var data asn1.RawValue
	var info struct {
		Algorithm struct {
			OID        asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Digest []byte
	}
	rest, err := asn1.Unmarshal(m.content, &data)
	if err == nil {
		rest, err = asn1.Unmarshal(rest, &info)
	}
	if err != nil || len(rest) > 0 {
		return 0, "", nil, tampered("the digest within its signature is damaged")
	}
	hash, name, err = algorithm(info.Algorithm.OID)
	return hash, name, info.Digest, err
}
