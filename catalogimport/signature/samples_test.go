package signature_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sluice/catalogimport/cabinet"
	"sluice/catalogimport/signature"
	"sluice/wsus/update/samples"
)

const (
	msu     = "catalog/msu/Windows6.1-KB2999226-x64.msu"
	sha1Cab = "catalog/msu/rsat-kb958830-parts/WSUSSCAN.cab"
)

func microsoft(tb testing.TB) *signature.Verifier {
	tb.Helper()
	roots, err := signature.MicrosoftRoots()
	if err != nil {
		tb.Fatal(err)
	}
	return signature.New(roots, time.Now)
}

// members returns the cabinets within a cabinet.
func members(tb testing.TB, b []byte) map[string][]byte {
	tb.Helper()
	r, err := cabinet.Open(bytes.NewReader(b), int64(len(b)), cabinet.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	all := map[string][]byte{}
	if err := r.Walk(context.Background(), func(m cabinet.Member, rd io.Reader) error {
		if !strings.HasSuffix(strings.ToLower(m.Name), ".cab") {
			return nil
		}
		data, err := io.ReadAll(rd)
		all[m.Name] = data
		return err
	}); err != nil {
		tb.Fatal(err)
	}
	return all
}

// signedSamples is every signed file of Microsoft's among the samples.
func signedSamples(tb testing.TB) map[string][]byte {
	tb.Helper()
	all := map[string][]byte{"msu": samples.Read(tb, msu), "sha1": samples.Read(tb, sha1Cab)}
	for name, b := range members(tb, all["msu"]) {
		all[name] = b
	}
	return all
}

func TestSamples(t *testing.T) {
	t.Parallel()
	v := microsoft(t)
	for name, b := range signedSamples(t) {
		status, algorithm, root := signature.Verified, "SHA-256", "Microsoft Root Certificate Authority 2010"
		if name == "sha1" {
			status, algorithm, root = signature.Legacy, "SHA-1", "Microsoft Root Certificate Authority"
		}
		got := verify(t, v, b)
		s := got.Deciding()
		if got.Status != status || s.Algorithm != algorithm || s.Root != root || s.Organization != "Microsoft Corporation" ||
			s.StampedBy != "Microsoft Time-Stamp Service" || s.Time.IsZero() || s.Nested == (name == "sha1") {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// Of a signed medium any changed byte is noticed, and what is cut off is too.
func TestSamplesDamaged(t *testing.T) {
	t.Parallel()
	v := microsoft(t)
	for name, b := range signedSamples(t) {
		end := int(le.Uint32(b[8:]))
		step := max(1, end/100)
		for at := 0; at < end; at += step {
			if at >= 36 && at < 56 { // the place of the signature; tried below
				continue
			}
			b[at] ^= 0x40
			if got := verify(t, v, b); got.Status != signature.Tampered {
				t.Errorf("%s: byte %d changed: got %v", name, at, got)
			}
			b[at] ^= 0x40
		}
		for at := 0; at < 60; at++ {
			b[at] ^= 0x40
			if got := verify(t, v, b); got.Status == signature.Verified || got.Status == signature.Legacy {
				t.Errorf("%s: byte %d changed: got %v", name, at, got)
			}
			b[at] ^= 0x40
		}
		for _, n := range []int{100, end / 2, end, end + 1, len(b) - 1} {
			if got := verify(t, v, b[:n]); got.Status != signature.Tampered {
				t.Errorf("%s: cut at %d: got %v", name, n, got)
			}
		}
		if got := verify(t, v, stripped(b)); got.Status != signature.Unsigned {
			t.Errorf("%s: stripped: got %v", name, got)
		}
	}
}

// stripped is a cabinet without its signature.
func stripped(b []byte) []byte {
	b = bytes.Clone(b[:le.Uint32(b[8:])])
	clear(b[44:52])
	return b
}

func TestSamplesUnsigned(t *testing.T) {
	t.Parallel()
	v := microsoft(t)
	for _, pattern := range []string{"catalog/wsusutil-export/*.cab", "catalog/wsusscn2/*.cab", "catalog/cab-corpus/*/*.cab", "catalog/msu/*wim*.msu"} {
		for _, path := range samples.Glob(t, pattern) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := verify(t, v, b); got.Status != signature.Unsigned {
				t.Errorf("%s: got %v, want unsigned", filepath.Base(path), got)
			}
		}
	}
}

// osslsigncode is the other opinion: path of the program, or a skipped test.
func osslsigncode(tb testing.TB) string {
	tb.Helper()
	path, err := exec.LookPath("osslsigncode")
	if err != nil {
		tb.Skip("osslsigncode is not installed: ", err)
	}
	return path
}

var calculated = regexp.MustCompile(`(?i)Calculated message digest\s*:\s*([0-9A-F]+)`)

// opinion is the digests that osslsigncode computes of a file, in order.
func opinion(tb testing.TB, path string) []string {
	tb.Helper()
	// It fails on chains that have expired; the digests are what is asked for.
	out, _ := exec.Command(osslsigncode(tb), "verify", "-ignore-cdp", path).CombinedOutput()
	var digests []string
	for _, m := range calculated.FindAllSubmatch(out, -1) {
		digests = append(digests, strings.ToLower(string(m[1])))
	}
	if len(digests) == 0 {
		tb.Fatalf("osslsigncode says no digest of %s:\n%s", path, out)
	}
	return digests
}

func agree(tb testing.TB, name string, got signature.Verdict, b []byte) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "file")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		tb.Fatal(err)
	}
	want := opinion(tb, path)
	if len(want) != len(got.Signatures) {
		tb.Errorf("%s: got %d signatures, osslsigncode finds %d", name, len(got.Signatures), len(want))
		return
	}
	for i, s := range got.Signatures {
		if hex.EncodeToString(s.Digest) != want[i] {
			tb.Errorf("%s: signature %d: digest %x, osslsigncode says %s", name, i, s.Digest, want[i])
		}
	}
}

func TestSamplesAgree(t *testing.T) {
	t.Parallel()
	osslsigncode(t)
	v := microsoft(t)
	for name, b := range signedSamples(t) {
		agree(t, name, verify(t, v, b), b)
	}
}

func TestFixturesAgree(t *testing.T) {
	t.Parallel()
	osslsigncode(t)
	h := newHouse(t)
	for name, f := range map[string]file{"cabinet": smallCabinet(t), "PE32+": smallProgram(true), "PE32": smallProgram(false)} {
		b := h.good(t, f)
		agree(t, name, verify(t, pinned(t, h.root), b), b)
	}
}
