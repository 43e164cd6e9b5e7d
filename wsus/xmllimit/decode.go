package xmllimit

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
)

// ReadAll reads r to its end. When there are more than maxBytes it stops and returns
// a *LimitError.
func ReadAll(r io.Reader, maxBytes int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > maxBytes {
		return nil, &LimitError{What: "bytes of XML", Limit: maxBytes, Offset: maxBytes}
	}
	return b, nil
}

// Check reads all tokens of b and returns the first error.
func Check(b []byte, lim Limits) error {
	s := NewScanner(b, lim)
	for {
		if _, err := s.Next(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// Decode reads at most maxBytes of r, checks them against lim, and unmarshals them
// into v as xml.Unmarshal does. Besides the errors of ReadAll and Check it returns
// those of encoding/xml, wrapped.
func Decode(r io.Reader, maxBytes int64, lim Limits, v any) error {
	b, err := ReadAll(r, maxBytes)
	if err != nil {
		return err
	}
	return Unmarshal(b, lim, v)
}

// Unmarshal is Decode for bytes that are in memory already.
func Unmarshal(b []byte, lim Limits, v any) error {
	if err := Check(b, lim); err != nil {
		return err
	}
	d := xml.NewDecoder(bytes.NewReader(b))
	// Check has seen that it is UTF-8, of which ASCII is a part.
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("xml: unmarshal: %w", err)
	}
	return nil
}
