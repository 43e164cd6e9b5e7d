package ca

import (
	"encoding/asn1"
	"errors"
	"slices"
)

// maxNesting is how deep the values of a signed message may lie in each other.
const maxNesting = 32

var errBER = errors.New("not an encoding of ASN.1")

// distinguished returns a BER encoding as DER where makers of CMS differ:
// lengths that are left open or longer than need be, and octet strings in
// pieces. Other freedoms of BER are left for the reader to refuse. The input is
// one value and nothing else.
func distinguished(ber []byte) ([]byte, error) {
	out, rest, err := value(ber, 0)
	if err == nil && len(rest) > 0 {
		err = errBER
	}
	return out, err
}

// value converts the first value of b.
func value(b []byte, depth int) (der, rest []byte, err error) {
	if depth > maxNesting {
		return nil, nil, errBER
	}
	tag, length, open, rest, err := header(b)
	if err != nil {
		return nil, nil, err
	}
	constructed := tag[0]&0x20 != 0
	if !constructed {
		if open {
			return nil, nil, errBER
		}
		return encoded(tag, rest[:length]), rest[length:], nil
	}
	inside := rest
	if !open {
		inside, rest = rest[:length], rest[length:]
	}
	pieces := len(tag) == 1 && tag[0] == 0x20|asn1.TagOctetString
	var body []byte
	for {
		if open && len(inside) >= 2 && inside[0] == 0 && inside[1] == 0 {
			rest = inside[2:]
			break
		}
		if !open && len(inside) == 0 {
			break
		}
		var v []byte
		if v, inside, err = value(inside, depth+1); err != nil {
			return nil, nil, err
		}
		if pieces {
			if v[0] != asn1.TagOctetString {
				return nil, nil, errBER
			}
			_, _, _, v, _ = header(v)
		}
		body = append(body, v...)
	}
	if pieces {
		tag = []byte{asn1.TagOctetString}
	}
	return encoded(tag, body), rest, nil
}

// header reads a tag and a length. length is within rest; open tells that the
// value ends with two zero bytes instead.
func header(b []byte) (tag []byte, length int, open bool, rest []byte, err error) {
	n := 1
	if len(b) > 0 && b[0]&0x1f == 0x1f { // more bytes of the tag
		for n < len(b) && b[n]&0x80 != 0 {
			n++
		}
		n++
	}
	if n >= len(b) {
		return nil, 0, false, nil, errBER
	}
	tag, first, rest := b[:n], b[n], b[n+1:]
	switch {
	case first == 0x80:
		return tag, 0, true, rest, nil
	case first > 0x84 || int(first&0x7f) > len(rest) && first > 0x80:
		return nil, 0, false, nil, errBER
	case first < 0x80:
		length = int(first)
	default:
		for range first & 0x7f {
			length = length<<8 | int(rest[0])
			rest = rest[1:]
		}
	}
	if length < 0 || length > len(rest) {
		return nil, 0, false, nil, errBER
	}
	return tag, length, false, rest, nil
}

// encoded returns a value with the shortest length.
func encoded(tag, body []byte) []byte {
	out := slices.Clone(tag)
	n := len(body)
	switch {
	case n < 0x80:
		out = append(out, byte(n))
	case n < 1<<8:
		out = append(out, 0x81, byte(n))
	case n < 1<<16:
		out = append(out, 0x82, byte(n>>8), byte(n))
	default:
		out = append(out, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	return append(out, body...)
}
