package signature

import (
	"crypto"
	"encoding/asn1"
)

const (
	// maxDepth bounds nesting. A nested signature with a time stamp whose
	// certificates have extensions reaches about 40.
	maxDepth = 64
	// maxElements bounds the parts of one message; real ones have about 2,000.
	maxElements = 1 << 16
)

// element returns the one DER element at the start of b, having checked that it
// and all within are of definite length, lie within their parents, and are not
// too many or too deep: the parsers behind recurse and copy. What follows the
// element must be padding.
func element(b []byte) ([]byte, error) {
	var open [maxDepth]int // ends of the elements that at lies in
	depth, at, whole := 0, 0, 0
	for n := 0; n == 0 || depth > 0; n++ {
		limit := len(b)
		if depth > 0 {
			limit = open[depth-1]
		}
		tag, from, to, ok := header(b[:limit], at)
		switch {
		case !ok:
			return nil, tampered("its signature is damaged: not DER at byte %d", at)
		case n == maxElements:
			return nil, tampered("its signature has more than %d parts", maxElements)
		case n == 0:
			whole = to
		}
		at = to
		if constructed := tag&0x20 != 0; constructed && from < to {
			if depth == maxDepth {
				return nil, tampered("its signature is nested more than %d deep", maxDepth)
			}
			open[depth], at = to, from
			depth++
		}
		for depth > 0 && at == open[depth-1] {
			depth--
		}
	}
	if !zeros(b[whole:]) {
		return nil, tampered("bytes follow within the signature, which it does not cover")
	}
	return b[:whole], nil
}

// header reads tag and length at a position and returns where the content lies.
func header(b []byte, at int) (tag byte, from, to int, ok bool) {
	if len(b)-at < 2 || b[at]&0x1f == 0x1f {
		return 0, 0, 0, false
	}
	tag, length, from := b[at], int(b[at+1]), at+2
	if length >= 0x80 {
		n := length & 0x7f
		if n == 0 || n > 3 || len(b)-from < n || b[from] == 0 {
			return 0, 0, 0, false
		}
		length = 0
		for _, v := range b[from : from+n] {
			length = length<<8 | int(v)
		}
		from += n
	}
	return tag, from, from + length, length <= len(b)-from
}

// attribute is an attribute of a signer (RFC 2315 section 9.2).
type attribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue `asn1:"set"`
}

// values returns the values of all attributes of a type.
func values(attrs []attribute, oid string) []asn1.RawValue {
	var all []asn1.RawValue
	for _, a := range attrs {
		if a.Type.String() != oid {
			continue
		}
		for rest := a.Value.Bytes; len(rest) > 0 && len(all) < maxSignatures; {
			var v asn1.RawValue
			next, err := asn1.Unmarshal(rest, &v)
			if err != nil {
				break
			}
			all, rest = append(all, v), next
		}
	}
	return all
}

// algorithm returns the digest algorithm of an OID with its name, zero where it
// is not trusted.
func algorithm(oid asn1.ObjectIdentifier) (crypto.Hash, string, error) {
	switch oid.String() {
	case "1.3.14.3.2.26":
		return crypto.SHA1, crypto.SHA1.String(), nil
	case "2.16.840.1.101.3.4.2.1":
		return crypto.SHA256, crypto.SHA256.String(), nil
	case "2.16.840.1.101.3.4.2.2":
		return crypto.SHA384, crypto.SHA384.String(), nil
	case "2.16.840.1.101.3.4.2.3":
		return crypto.SHA512, crypto.SHA512.String(), nil
	case "1.2.840.113549.2.2", "1.2.840.113549.2.5":
		return 0, "", foreign("it is signed with MD2 or MD5, which prove nothing any more")
	}
	return 0, "", tampered("its signature names a digest algorithm that is not known, %s", oid)
}
