package signature_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/catalogimport/cabinet/cabwrite"
	"sluice/catalogimport/signature"
)

// What another signer makes is read as well: it is foreign to Microsoft's roots
// and verified under its own, and unsigned once that signer took it off.
func TestSignedByOthers(t *testing.T) {
	t.Parallel()
	tool := osslsigncode(t)
	h := newHouse(t)
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	run := func(args ...string) {
		t.Helper()
		if out, err := exec.Command(tool, args...).CombinedOutput(); err != nil {
			t.Fatalf("osslsigncode %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	read := func(p string) []byte {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(h.signer.key)
	if err != nil {
		t.Fatal(err)
	}
	key := write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	certs := write("certs.pem", slices.Concat(
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.signer.Raw}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.ca.Raw})))

	var cab bytes.Buffer // without room for a signature, which the signer makes
	if err := cabwrite.Write(&cab, []cabwrite.File{{Name: "update.mum", Data: bytes.Repeat([]byte("<assembly/>"), 100)}}, cabwrite.None); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"a.cab": cab.Bytes(), "a.exe": smallProgram(true).bytes, "b.exe": smallProgram(false).bytes} {
		plain := write(name, b)
		once, twice, bare := plain+".1", plain+".2", plain+".0"
		args := []string{"sign", "-certs", certs, "-key", key}
		if strings.HasSuffix(name, ".exe") {
			args = append(args, "-ph") // page hashes
		}
		run(append(slices.Clone(args), "-h", "sha1", "-in", plain, "-out", once)...)
		run(append(slices.Clone(args), "-h", "sha256", "-nest", "-in", once, "-out", twice)...)
		run("remove-signature", "-in", twice, "-out", bare)

		both := read(twice)
		own := verify(t, pinned(t, h.root), both)
		if own.Status != signature.Verified || !own.Deciding().Nested {
			t.Errorf("%s: under its own root: got %v, want verified", name, own)
		}
		agree(t, name, own, both)
		if got := verify(t, pinned(t, h.root), read(once)); got.Status != signature.Legacy {
			t.Errorf("%s: SHA-1 alone: got %v, want legacy", name, got)
		}
		if got := verify(t, microsoft(t), both); got.Status != signature.Foreign {
			t.Errorf("%s: under Microsoft's roots: got %v, want foreign", name, got)
		}
		if got := verify(t, pinned(t, h.root), read(bare)); got.Status != signature.Unsigned {
			t.Errorf("%s: taken off: got %v, want unsigned", name, got)
		}
		changed := bytes.Clone(both)
		changed[len(b)-1] ^= 1
		if got := verify(t, pinned(t, h.root), changed); got.Status != signature.Tampered {
			t.Errorf("%s: changed: got %v, want tampered", name, got)
		}
	}
}

// A program that a real vendor signed, among the test data of a module that the
// project uses.
func TestRealProgram(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/sys").Output()
	if err != nil {
		t.Skip("the go command is not there: ", err)
	}
	b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "windows", "testdata", "ev-signed-file.exe"))
	if err != nil {
		t.Skip("the module's test data is not there: ", err)
	}
	got := verify(t, microsoft(t), b)
	if got.Status != signature.Foreign || got.Kind != signature.Program || got.Signatures[0].Organization != "WireGuard LLC" {
		t.Errorf("got %v, want foreign", got)
	}
	agree(t, "program", got, b)
	b[len(b)/3] ^= 1
	if got := verify(t, microsoft(t), b); got.Status != signature.Tampered {
		t.Errorf("changed: got %v, want tampered", got)
	}
}
