package xsd

import (
	"encoding/base64"
	"fmt"
)

// Base64 is a value of xs:base64Binary: bytes in Go, base64 in XML.
type Base64 []byte

// MarshalText implements encoding.TextMarshaler.
func (b Base64) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, b), nil
}

// UnmarshalText implements encoding.TextUnmarshaler. White space between the characters
// is allowed, as XML Schema has it; an empty text is nil.
func (b *Base64) UnmarshalText(text []byte) error {
	packed := make([]byte, 0, len(text))
	for _, c := range text {
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			packed = append(packed, c)
		}
	}
	if len(packed) == 0 {
		*b = nil
		return nil
	}
	n, err := base64.StdEncoding.Decode(packed, packed)
	if err != nil {
		return fmt.Errorf("base64Binary: %w", err)
	}
	*b = packed[:n:n]
	return nil
}
