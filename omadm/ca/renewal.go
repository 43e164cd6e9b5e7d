package ca

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
)

const (
	// MaxRenewal is how many bytes the signed message of a renewal may have: a
	// request and a few certificates.
	MaxRenewal = 64 << 10
	// maxSigned bounds the certificates that come with it.
	maxSigned = 16
)

// ParseRenewal reads the request of a renewal: PKCS #7 (CMS SignedData, RFC
// 5652) around a certificate request, signed with the key of the certificate
// that is to be renewed. It returns the request and that certificate, whose key
// made the signature. Whether the certificate counts, [Trust.Judge] says. Errors
// wrap [ErrMalformed], [ErrWeakKey] or [ErrSignature].
//
// The time that the signer claims does not matter: a device may renew with a
// certificate that has ended, which common readers of PKCS #7 refuse.
func ParseRenewal(der []byte) (req *Request, signer *x509.Certificate, err error) {
	if len(der) > MaxRenewal {
		return nil, nil, fmt.Errorf("%w: %d bytes, more than %d", ErrMalformed, len(der), MaxRenewal)
	}
	m, err := parseSigned(der)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := checkKey(m.signer.PublicKey, maxDeviceBits); err != nil {
		return nil, nil, err
	}
	if err := m.verify(); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	req, err = ParseRequest(m.content)
	if err != nil {
		return nil, nil, err
	}
	return req, m.signer, nil
}

// The types of RFC 5652 5.
type (
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,tag:0"`
	}
	signedData struct {
		Version      int
		Digests      asn1.RawValue
		Content      contentInfo
		Certificates asn1.RawValue `asn1:"optional,tag:0"`
		Lists        asn1.RawValue `asn1:"optional,tag:1"`
		Signers      []signerInfo  `asn1:"set"`
	}
	signerInfo struct {
		Version    int
		ID         asn1.RawValue
		Digest     pkix.AlgorithmIdentifier
		Attributes asn1.RawValue `asn1:"optional,tag:0"`
		Algorithm  pkix.AlgorithmIdentifier
		Signature  []byte
		Unsigned   asn1.RawValue `asn1:"optional,tag:1"`
	}
	issuerAndSerial struct {
		Issuer asn1.RawValue
		Serial asn1.RawValue
	}
	attribute struct {
		Type   asn1.ObjectIdentifier
		Values asn1.RawValue
	}
)

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidRSAPSS        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
)

// signedMessage is a signed message with one signer.
type signedMessage struct {
	content []byte
	info    signerInfo
	signer  *x509.Certificate
}

func parseSigned(ber []byte) (*signedMessage, error) {
	der, err := distinguished(ber)
	if err != nil {
		return nil, err
	}
	var (
		outer contentInfo
		data  signedData
	)
	if _, err := asn1.Unmarshal(der, &outer); err != nil {
		return nil, err
	}
	if !outer.Type.Equal(oidSignedData) {
		return nil, fmt.Errorf("content of type %v, not signed data", outer.Type)
	}
	rest, err := asn1.Unmarshal(outer.Content.Bytes, &data)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes follow the signed data", len(rest))
	}
	if !data.Content.Type.Equal(oidData) {
		return nil, fmt.Errorf("signed content of type %v, not data", data.Content.Type)
	}
	if len(data.Signers) != 1 {
		return nil, fmt.Errorf("%d signers, not one", len(data.Signers))
	}
	m := &signedMessage{info: data.Signers[0]}
	if rest, err = asn1.Unmarshal(data.Content.Content.Bytes, &m.content); err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes follow the content", len(rest))
	}
	m.signer, err = m.info.certificate(data.Certificates.Bytes)
	return m, err
}

// certificate finds the signer's among the certificates of the message.
func (s *signerInfo) certificate(certs []byte) (*x509.Certificate, error) {
	n := 0
	for v := range elements(certs) {
		if n++; n > maxSigned {
			return nil, fmt.Errorf("more than %d certificates", maxSigned)
		}
		// What cannot be read is not one of ours.
		if c, err := x509.ParseCertificate(v.FullBytes); err == nil && s.names(c) {
			return c, nil
		}
	}
	return nil, errors.New("no certificate of the signer")
}

// names reports whether the signer names a certificate, by issuer and serial
// number or by key identifier.
func (s *signerInfo) names(c *x509.Certificate) bool {
	if s.ID.Class == asn1.ClassContextSpecific && s.ID.Tag == 0 {
		return len(s.ID.Bytes) > 0 && bytes.Equal(s.ID.Bytes, c.SubjectKeyId)
	}
	var id issuerAndSerial
	if _, err := asn1.Unmarshal(s.ID.FullBytes, &id); err != nil {
		return false
	}
	serial, err := asn1.Marshal(c.SerialNumber)
	return err == nil && bytes.Equal(id.Serial.FullBytes, serial) && bytes.Equal(id.Issuer.FullBytes, c.RawIssuer)
}

// verify checks the signature over the content.
func (m *signedMessage) verify() error {
	hash, algorithm, err := m.info.algorithms(m.signer)
	if err != nil {
		return err
	}
	signed := m.content
	if attributes := m.info.Attributes; len(attributes.FullBytes) > 0 {
		if err := m.checkAttributes(attributes.Bytes, hash); err != nil {
			return err
		}
		// Signed is the set itself, not as it is tagged in the message.
		signed = bytes.Clone(attributes.FullBytes)
		signed[0] = 0x20 | asn1.TagSet
	}
	return m.signer.CheckSignature(algorithm, signed, m.info.Signature)
}

// checkAttributes checks that the signed attributes speak of this content.
func (m *signedMessage) checkAttributes(attributes []byte, hash crypto.Hash) error {
	var types, digests int
	for v := range elements(attributes) {
		var a attribute
		if _, err := asn1.Unmarshal(v.FullBytes, &a); err != nil {
			return err
		}
		switch {
		case a.Type.Equal(oidContentType):
			var kind asn1.ObjectIdentifier
			if rest, err := asn1.Unmarshal(a.Values.Bytes, &kind); err != nil || len(rest) > 0 || !kind.Equal(oidData) {
				return errors.New("the signed attributes have another type of content")
			}
			types++
		case a.Type.Equal(oidMessageDigest):
			var digest []byte
			h := hash.New()
			h.Write(m.content)
			if rest, err := asn1.Unmarshal(a.Values.Bytes, &digest); err != nil || len(rest) > 0 || !bytes.Equal(digest, h.Sum(nil)) {
				return errors.New("the signed attributes have the digest of another content")
			}
			digests++
		}
	}
	if types != 1 || digests != 1 {
		return errors.New("the signed attributes lack the type or the digest of the content")
	}
	return nil
}

// algorithms returns the digest and the signature algorithm of the signer.
func (s *signerInfo) algorithms(c *x509.Certificate) (crypto.Hash, x509.SignatureAlgorithm, error) {
	pss := s.Algorithm.Algorithm.Equal(oidRSAPSS)
	for _, a := range []struct {
		oid             asn1.ObjectIdentifier
		hash            crypto.Hash
		rsa, pss, ecdsa x509.SignatureAlgorithm
	}{
		{asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, crypto.SHA1, x509.SHA1WithRSA, x509.UnknownSignatureAlgorithm, x509.ECDSAWithSHA1},
		{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, crypto.SHA256, x509.SHA256WithRSA, x509.SHA256WithRSAPSS, x509.ECDSAWithSHA256},
		{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, crypto.SHA384, x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384},
		{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, crypto.SHA512, x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512},
	} {
		switch {
		case !s.Digest.Algorithm.Equal(a.oid):
		case c.PublicKeyAlgorithm == x509.ECDSA:
			return a.hash, a.ecdsa, nil
		case pss:
			return a.hash, a.pss, nil
		default:
			return a.hash, a.rsa, nil
		}
	}
	return 0, 0, fmt.Errorf("digest algorithm %v is not known", s.Digest.Algorithm)
}
