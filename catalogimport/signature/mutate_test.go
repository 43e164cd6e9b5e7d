package signature_test

import (
	"bytes"
	"crypto"
	"testing"

	"pgregory.net/rapid"

	"sluice/catalogimport/signature"
)

// A changed byte that the digest covers is noticed, wherever it is; one that it
// does not cover never makes a file better than it was.
func TestChangedByte(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v := pinned(t, h.root)
	for name, f := range map[string]file{"cabinet": smallCabinet(t), "PE32+": smallProgram(true), "PE32": smallProgram(false)} {
		whole := h.good(t, f)
		before := f.digest(crypto.SHA256)
		t.Run(name, func(t *testing.T) {
			for at := range f.bytes {
				b := bytes.Clone(whole)
				b[at] ^= 1 << (at % 8)
				f.bytes[at] ^= 1 << (at % 8)
				covered := !bytes.Equal(f.digest(crypto.SHA256), before)
				f.bytes[at] ^= 1 << (at % 8)
				got := verify(t, v, b)
				if covered && got.Status != signature.Tampered {
					t.Errorf("byte %d, covered: got %v, want tampered", at, got)
				}
			}
			// Of the signature: what it does not cover itself is its length,
			// the checksum of a program and names of attributes.
			rapid.Check(t, func(rt *rapid.T) {
				at := rapid.IntRange(len(f.bytes), len(whole)-1).Draw(rt, "at")
				bit := rapid.IntRange(0, 7).Draw(rt, "bit")
				b := bytes.Clone(whole)
				b[at] ^= 1 << bit
				got, err := v.Verify(t.Context(), bytes.NewReader(b), int64(len(b)))
				if err != nil {
					rt.Fatal(err)
				}
				if got.Status == signature.Unsigned {
					rt.Fatalf("byte %d of %d: got %v", at, len(b), got)
				}
			})
		})
	}
}

func TestTruncated(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v := pinned(t, h.root)
	for name, f := range map[string]file{"cabinet": smallCabinet(t), "program": smallProgram(true)} {
		whole := h.good(t, f)
		for n := range whole {
			want := signature.Tampered
			if n < 60 && name == "cabinet" || n < 2 { // too little to be signed
				want = signature.Unsigned
			}
			if got := verify(t, v, whole[:n]); got.Status != want {
				t.Errorf("%s, %d of %d bytes: got %v, want %s", name, n, len(whole), got, want)
			}
		}
	}
}

// The seeds are files, since every process of a fuzzing run must have the same
// keys.
func FuzzVerify(f *testing.F) {
	for _, name := range []string{"signed.cab", "signed.exe", "dual.cab", "dual.exe"} {
		f.Add(read(f, name))
	}
	f.Add(smallCabinet(f).bytes)
	f.Add(smallProgram(true).bytes)
	v := pinned(f, authority{Certificate: fixtureRoot(f)})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := v.Verify(t.Context(), bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatalf("a file that can be read: %v", err)
		}
		if len(got.Signatures) > 0 && got.Status == signature.Unsigned || len(got.Signatures) == 0 && got.Status == signature.Verified {
			t.Errorf("got %v with %d signatures", got, len(got.Signatures))
		}
		_ = got.String()
	})
}
