package signature_test

import (
	"bytes"
	"crypto"
	"strings"
	"testing"

	"sluice/catalogimport/signature"
)

// The table of signatures of a program is a list, of which Windows makes little
// use; every entry must be in order.
func TestProgramTable(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v := pinned(t, h.root)
	f := smallProgram(true)
	const length = 0x80 + 24 + 112 + 4*8 + 4 // of the table, in the header
	message := func(by authority, a crypto.Hash) []byte {
		return authenticode(t, by, h.certs(by), a, f.kind, f.digest(a))
	}
	first := f.put(message(h.signer, crypto.SHA1))
	table := len(f.bytes)
	for _, tt := range []struct {
		name   string
		more   []byte
		change func([]byte)
		status signature.Status
		reason string
	}{
		{"SHA-1 alone", nil, nil, signature.Legacy, "SHA-1"},
		{"SHA-256 as a second entry", winCertificate(message(h.signer, crypto.SHA256)), nil, signature.Verified, ""},
		{"a stranger's as a second entry", winCertificate(message(h.stranger, crypto.SHA256)), nil, signature.Legacy, "SHA-1"},
		{"nine entries", bytes.Repeat(winCertificate(message(h.signer, crypto.SHA256)), 8), nil, signature.Tampered, "more than 8"},
		{"another type", nil, func(b []byte) { b[table+6] = 1 }, signature.Tampered, "no signature"},
		{"entry too long", nil, func(b []byte) { b[table+1]++ }, signature.Tampered, "table of signatures is damaged"},
		{"entry too short", nil, func(b []byte) { le.PutUint32(b[table:], 7) }, signature.Tampered, "table of signatures is damaged"},
		{"empty entry", nil, func(b []byte) { le.PutUint32(b[table:], 8) }, signature.Tampered, "table of signatures is damaged"},
		{"half an entry behind", []byte{0, 0, 0, 0}, nil, signature.Tampered, "table of signatures is damaged"},
		{"table within the header", nil, func(b []byte) { le.PutUint32(b[length-4:], 64) }, signature.Tampered, "the place of its signature"},
		{"table of no bytes", nil, func(b []byte) { le.PutUint32(b[length:], 0); le.PutUint32(b[length-4:], uint32(len(b))) }, signature.Tampered, "empty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := append(bytes.Clone(first), tt.more...)
			le.PutUint32(b[length:], uint32(len(b)-table))
			if tt.change != nil {
				tt.change(b)
			}
			got := verify(t, v, b)
			if got.Status != tt.status || !strings.Contains(got.Reason, tt.reason) {
				t.Errorf("got %v, want %s with a reason with %q", got, tt.status, tt.reason)
			}
		})
	}
}
