package agent

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"time"
)

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidRSA           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
)

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue // explicit [0]
}

type signedData struct {
	Version      int
	Algorithms   []algorithm `asn1:"set"`
	Content      contentInfo
	Certificates asn1.RawValue // implicit [0] SET
	Signers      []signerInfo  `asn1:"set"`
}

type signerInfo struct {
	Version    int
	Issuer     issuerAndSerial
	Digest     algorithm
	Attributes asn1.RawValue // implicit [0] SET
	Encryption algorithm
	Signature  []byte
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

type signedAttribute struct {
	OID    asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

// signData returns PKCS #7 SignedData (RFC 2315) around data, signed with the
// key of cert, as CertEnroll makes it for a renewal.
func signData(data []byte, cert *x509.Certificate, key *rsa.PrivateKey, now time.Time) ([]byte, error) {
	attrs, err := signedAttributes(data, now)
	if err != nil {
		return nil, fmt.Errorf("signed attributes: %w", err)
	}
	set, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: attrs})
	if err != nil {
		return nil, err
	}
	sig, err := signRSA(key, set, true)
	if err != nil {
		return nil, err
	}
	octets, err := asn1.Marshal(data)
	if err != nil {
		return nil, err
	}
	sha := algorithm{oidSHA256, asn1Null}
	inner, err := asn1.Marshal(signedData{
		Version: 1, Algorithms: []algorithm{sha},
		Content:      contentInfo{oidData, context0(octets)},
		Certificates: context0(cert.Raw),
		Signers: []signerInfo{{
			Version: 1, Issuer: issuerAndSerial{asn1.RawValue{FullBytes: cert.RawIssuer}, cert.SerialNumber},
			Digest: sha, Attributes: context0(attrs), Encryption: algorithm{oidRSA, asn1Null}, Signature: sig,
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("signed data: %w", err)
	}
	return asn1.Marshal(contentInfo{oidSignedData, context0(inner)})
}

func context0(b []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: b}
}

// signedAttributes are the members of the SET, in the order of DER.
func signedAttributes(data []byte, now time.Time) ([]byte, error) {
	sum := sha256.Sum256(data)
	var members [][]byte
	for _, a := range []struct {
		oid   asn1.ObjectIdentifier
		value any
	}{{oidContentType, oidData}, {oidSigningTime, now.UTC().Truncate(time.Second)}, {oidMessageDigest, sum[:]}} {
		v, err := asn1.Marshal(a.value)
		if err != nil {
			return nil, err
		}
		m, err := asn1.Marshal(signedAttribute{a.oid, []asn1.RawValue{{FullBytes: v}}})
		if err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	slices.SortFunc(members, slices.Compare[[]byte])
	return slices.Concat(members...), nil
}
