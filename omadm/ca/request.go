package ca

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"sluice/omadm/device"
)

// Errors of requests. They are wrapped with what is wrong.
var (
	ErrMalformed = errors.New("malformed request")
	ErrWeakKey   = errors.New("weak key")
	ErrSignature = errors.New("signature does not hold")
)

// MaxRequest is how many bytes a certificate request may have. Those of Windows
// have about 750, with a key of 4096 bits 1,300.
const MaxRequest = 16 << 10

// maxDeviceID bounds what a device may call itself.
const maxDeviceID = 128

// Request is a certificate request that was read and whose own signature holds:
// who made it has the key.
type Request struct {
	PublicKey  crypto.PublicKey // RSA or ECDSA, of a strength that [Authority.IssueDevice] takes
	KeyHash    [32]byte         // SHA-256 of its SubjectPublicKeyInfo
	CommonName string           // of the subject, without the NUL that some builds of Windows end it with
	DeviceID   device.ID        // of the extension, else of the common name; empty where there is none
	// SHA1 tells that the request is signed with SHA-1, as Windows does where the
	// policy service names no hash. It says that the device has the key, no more.
	SHA1 bool
}

// ParseRequest reads a certificate request (PKCS #10, DER) and checks its
// signature. Errors wrap [ErrMalformed], [ErrWeakKey] or [ErrSignature].
//
// Windows writes "!" and NUL into a PrintableString, which are none of its
// characters.
func ParseRequest(der []byte) (*Request, error) {
	if len(der) > MaxRequest {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrMalformed, len(der), MaxRequest)
	}
	csr, err := parseRequest(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	// Before the signature: a huge key makes checking it dear.
	if err := checkKey(csr.PublicKey, maxDeviceBits); err != nil {
		return nil, err
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	id, err := deviceID(csr)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return &Request{
		PublicKey:  csr.PublicKey,
		KeyHash:    sha256.Sum256(csr.RawSubjectPublicKeyInfo),
		CommonName: trimNUL(csr.Subject.CommonName),
		DeviceID:   id,
		SHA1:       csr.SignatureAlgorithm == x509.SHA1WithRSA || csr.SignatureAlgorithm == x509.ECDSAWithSHA1,
	}, nil
}

// outerRequest is a CertificationRequest (RFC 2986 4.2).
type outerRequest struct {
	Body, Algorithm asn1.RawValue
	Signature       asn1.BitString
}

// parseRequest parses a request in which the texts of the subject that are not
// what they say are marked as UTF-8. Its signature is over the bytes that came.
func parseRequest(der []byte) (*x509.CertificateRequest, error) {
	var outer outerRequest
	rest, err := asn1.Unmarshal(der, &outer)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes follow it", len(rest))
	}
	fixed := slices.Clone(der)
	retag(fixed)
	csr, err := x509.ParseCertificateRequest(fixed)
	if err != nil {
		return nil, err
	}
	csr.RawTBSCertificateRequest = outer.Body.FullBytes
	return csr, nil
}

// retag makes an UTF8String, in place, of each PrintableString of the subject
// that holds other characters. What it cannot read it leaves alone.
func retag(der []byte) {
	var (
		outer            outerRequest
		version, subject asn1.RawValue
	)
	// The values are parts of der, not copies.
	if _, err := asn1.Unmarshal(der, &outer); err != nil {
		return
	}
	rest, err := asn1.Unmarshal(outer.Body.Bytes, &version)
	if err != nil {
		return
	}
	if _, err := asn1.Unmarshal(rest, &subject); err != nil {
		return
	}
	for set := range elements(subject.Bytes) {
		for pair := range elements(set.Bytes) {
			i := 0
			for value := range elements(pair.Bytes) {
				if i == 1 && value.Class == asn1.ClassUniversal && value.Tag == asn1.TagPrintableString && !printable(value.Bytes) {
					value.FullBytes[0] = asn1.TagUTF8String
				}
				i++
			}
		}
	}
}

// elements yields the values that follow one another in b, up to one that is
// none.
func elements(b []byte) iter.Seq[asn1.RawValue] {
	return func(yield func(asn1.RawValue) bool) {
		for len(b) > 0 {
			var v asn1.RawValue
			rest, err := asn1.Unmarshal(b, &v)
			if err != nil || !yield(v) {
				return
			}
			b = rest
		}
	}
}

// printable reports whether b has only characters of a PrintableString (X.680
// 41.4).
func printable(b []byte) bool {
	for _, c := range b {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && !strings.ContainsRune(" '()+,-./:=?", rune(c)) {
			return false
		}
	}
	return true
}

// deviceIDExtension is where Windows puts the DeviceID, as bare text that ends
// with NUL.
var deviceIDExtension = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 66, 1, 0}

// deviceID returns what the device calls itself, by the extension and by the
// common name, which is part of a GUID, "!" and the DeviceID, cut to 64
// characters.
func deviceID(csr *x509.CertificateRequest) (device.ID, error) {
	var said string
	for _, e := range csr.Extensions {
		if e.Id.Equal(deviceIDExtension) {
			said = trimNUL(bareText(e.Value))
		}
	}
	name := trimNUL(csr.Subject.CommonName)
	_, named, _ := strings.Cut(name, "!")
	for _, id := range []string{said, named} {
		if len(id) > maxDeviceID || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return "", errors.New("a DeviceID that is no plain text")
		}
	}
	switch {
	case said == "":
		return device.ID(named), nil
	case named == "", strings.EqualFold(said, named):
	case len(name) >= maxCommonName-1 && len(named) < len(said) && strings.EqualFold(said[:len(named)], named):
		// cut
	default:
		return "", errors.New("the extension and the common name have different DeviceIDs")
	}
	return device.ID(said), nil
}

// bareText returns the text of an extension that should be bare, also where a
// client wrapped it in a string type.
func bareText(value []byte) string {
	var v asn1.RawValue
	if rest, err := asn1.Unmarshal(value, &v); err == nil && len(rest) == 0 && v.Class == asn1.ClassUniversal && !v.IsCompound {
		switch v.Tag {
		case asn1.TagOctetString, asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagIA5String:
			return string(v.Bytes)
		}
	}
	return string(value)
}

func trimNUL(s string) string { return strings.TrimRight(s, "\x00") }
