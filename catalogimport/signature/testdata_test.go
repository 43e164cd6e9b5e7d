package signature_test

import (
	"crypto/x509"
	"encoding/pem"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"sluice/catalogimport/signature"
)

var update = flag.Bool("update", false, "sign the files of testdata anew, with new keys")

func read(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func fixtureRoot(tb testing.TB) *x509.Certificate {
	tb.Helper()
	block, _ := pem.Decode(read(tb, "root.pem"))
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// Files that were signed once stay what they are.
func TestFixtures(t *testing.T) {
	if *update {
		h := newHouse(t)
		for name, b := range map[string][]byte{
			"root.pem":   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.root.Raw}),
			"signed.cab": h.good(t, smallCabinet(t)), "signed.exe": h.good(t, smallProgram(true)),
			"dual.cab": h.dual(t, smallCabinet(t)), "dual.exe": h.dual(t, smallProgram(false)),
		} {
			if err := os.WriteFile(filepath.Join("testdata", name), b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	v := pinned(t, authority{Certificate: fixtureRoot(t)})
	for name, nested := range map[string]bool{"signed.cab": false, "signed.exe": false, "dual.cab": true, "dual.exe": true} {
		got := verify(t, v, read(t, name))
		if got.Status != signature.Verified || got.Deciding().Nested != nested || !got.Deciding().Time.Equal(year(2015)) {
			t.Errorf("%s: got %v, want verified", name, got)
		}
	}
}
