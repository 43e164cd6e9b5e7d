package agent

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // what Windows signs with where no digest is asked for
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"strings"
)

var (
	oidCommonName       = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidExtensionRequest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 14}
	oidDeviceID         = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 66, 1, 0}
	oidSHA1WithRSA      = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 29} // of OIW, as captured
	oidSHA256WithRSA    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	asn1Null            = asn1.RawValue{Tag: asn1.TagNull}
)

type algorithm struct {
	OID        asn1.ObjectIdentifier
	Parameters asn1.RawValue
}

type requestInfo struct {
	Version    int
	Subject    asn1.RawValue
	PublicKey  asn1.RawValue
	Attributes []attribute `asn1:"tag:0,set"`
}

type attribute struct {
	OID    asn1.ObjectIdentifier
	Values [][]extension `asn1:"set"`
}

type extension struct {
	OID   asn1.ObjectIdentifier
	Value []byte
}

type certificateRequest struct {
	Info      asn1.RawValue
	Algorithm algorithm
	Signature asn1.BitString
}

// makeRequest returns a certificate request as Windows makes it: the common name
// cn in a PrintableString though it has characters that may not stand in one
// ("!" and NUL), and the device's id in an extension of Microsoft's. With sha256
// it is signed so, else with SHA-1.
func makeRequest(key *rsa.PrivateKey, cn, deviceID string, sha256 bool) ([]byte, error) {
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	subject, err := windowsName(cn)
	if err != nil {
		return nil, err
	}
	info, err := asn1.Marshal(requestInfo{
		Subject: asn1.RawValue{FullBytes: subject}, PublicKey: asn1.RawValue{FullBytes: spki},
		Attributes: []attribute{{
			OID: oidExtensionRequest, Values: [][]extension{{{OID: oidDeviceID, Value: []byte(deviceID + "\x00")}}},
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("certificate request: %w", err)
	}
	alg := algorithm{oidSHA1WithRSA, asn1Null}
	if sha256 {
		alg.OID = oidSHA256WithRSA
	}
	sig, err := signRSA(key, info, sha256)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(certificateRequest{
		Info: asn1.RawValue{FullBytes: info}, Algorithm: alg,
		Signature: asn1.BitString{Bytes: sig, BitLength: 8 * len(sig)},
	})
}

func signRSA(key *rsa.PrivateKey, message []byte, strong bool) ([]byte, error) {
	if strong {
		sum := sha256.Sum256(message)
		return rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	}
	sum := sha1.Sum(message)
	return rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA1, sum[:])
}

// windowsName is a Name of one common name, in a PrintableString whatever it
// holds.
func windowsName(cn string) ([]byte, error) {
	type attr struct {
		OID   asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	type rdn []attr
	set, err := asn1.MarshalWithParams(rdn{{oidCommonName, asn1.RawValue{Tag: asn1.TagPrintableString, Bytes: []byte(cn)}}}, "set")
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: set})
}

// requestName is the common name of a certificate request: the first 30
// characters of a GUID, "!", the device's id and a NUL.
func (a *Agent) requestName() string {
	cn := strings.ToUpper(a.newID())[:30] + "!" + a.cfg.Machine.DeviceID
	if !a.cfg.Machine.BareRequests {
		cn += "\x00"
	}
	return cn
}

// newID draws a GUID of version 4 in lower case, without braces.
func (a *Agent) newID() string {
	var id [16]byte
	for i := range id {
		id[i] = byte(a.cfg.Rand.Uint32())
	}
	id[6] = id[6]&0x0F | 0x40
	id[8] = id[8]&0x3F | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
