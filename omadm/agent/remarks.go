package agent

import (
	"encoding/base64"
	"fmt"
	"slices"
)

// remarks collects deviations that Windows bears, each once.
type remarks []string

func (r *remarks) add(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	if !slices.Contains(*r, s) && len(*r) < 200 {
		*r = append(*r, s)
	}
}

func encodeBase64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// decodeBase64 decodes without white space, padded.
func decodeBase64(s string) ([]byte, error) { return base64.StdEncoding.Strict().DecodeString(s) }
