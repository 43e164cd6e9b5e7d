package signature

import "encoding/asn1"

// plainCertificates returns the message with only X.509 certificates in it.
// Microsoft's time stamps of before 2016 also carry an attribute certificate
// (RFC 5652 section 10.2.2), which the parser takes for a broken one. No
// signature covers the set of certificates, so leaving some out breaks nothing.
func plainCertificates(der []byte) ([]byte, error) {
	var info struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"tag:0"`
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, tampered("its signature is damaged: %v", err)
	}
	var signed asn1.RawValue
	if _, err := asn1.Unmarshal(info.Content.Bytes, &signed); err != nil {
		return nil, tampered("its signature is damaged: %v", err)
	}
	var parts []byte
	changed := false
	for rest := signed.Bytes; len(rest) > 0; {
		var part asn1.RawValue
		next, err := asn1.Unmarshal(rest, &part)
		if err != nil {
			return nil, tampered("its signature is damaged: %v", err)
		}
		rest = next
		if part.Class != asn1.ClassContextSpecific || part.Tag != 0 {
			parts = append(parts, part.FullBytes...)
			continue
		}
		kept, err := onlySequences(part.Bytes)
		if err != nil {
			return nil, err
		}
		changed = changed || len(kept) < len(part.Bytes)
		parts = append(parts, wrap(part, kept)...)
	}
	if !changed {
		return der, nil
	}
	content := wrap(info.Content, wrap(signed, parts))
	id, err := asn1.Marshal(info.Type)
	if err != nil {
		return nil, tampered("its signature is damaged: %v", err)
	}
	return wrap(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true}, append(id, content...)), nil
}

// onlySequences also bounds the certificates before any is parsed.
func onlySequences(set []byte) ([]byte, error) {
	var kept []byte
	for n := 0; len(set) > 0; n++ {
		var c asn1.RawValue
		rest, err := asn1.Unmarshal(set, &c)
		if err != nil {
			return nil, tampered("the certificates of its signature are damaged: %v", err)
		}
		if n == maxCertificates {
			return nil, tampered("its signature has more than %d certificates", maxCertificates)
		}
		if c.Class == asn1.ClassUniversal && c.Tag == asn1.TagSequence {
			kept = append(kept, c.FullBytes...)
		}
		set = rest
	}
	return kept, nil
}

// wrap returns content under the tag of an element.
func wrap(like asn1.RawValue, content []byte) []byte {
	length := []byte{byte(len(content))}
	if n := len(content); n >= 0x80 {
		length = nil
		for ; n > 0; n >>= 8 {
			length = append([]byte{byte(n)}, length...)
		}
		length = append([]byte{0x80 | byte(len(length))}, length...)
	}
	tag := byte(like.Class<<6 | like.Tag)
	if like.IsCompound {
		tag |= 0x20
	}
	return append(append([]byte{tag}, length...), content...)
}
