package update_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"sluice/wsus/update"
)

func TestParseID(t *testing.T) {
	t.Parallel()
	const want = "9a3bc012-4dbe-4a37-9adf-9e7652c0b421"
	for _, tt := range []struct {
		name, in string
		ok       bool
	}{
		{"lower case", want, true},
		{"upper case is folded", "9A3BC012-4DBE-4A37-9ADF-9E7652C0B421", true},
		{"braces", "{9A3BC012-4dbe-4a37-9adf-9e7652c0b421}", true},
		{"one brace", "{9a3bc012-4dbe-4a37-9adf-9e7652c0b421", false},
		{"no hyphens", "9a3bc0124dbe4a379adf9e7652c0b421", false},
		{"a letter too far", "9a3bc012-4dbe-4a37-9adf-9e7652c0b42g", false},
		{"a hyphen astray", "9a3bc012-4dbe-4a379-adf-9e7652c0b421", false},
		{"empty", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := update.ParseID(tt.in)
			if !tt.ok {
				if !errors.Is(err, update.ErrBadID) {
					t.Fatalf("ParseID(%q) = %v, %v, want ErrBadID", tt.in, got, err)
				}
				return
			}
			if err != nil || got.String() != want {
				t.Fatalf("ParseID(%q) = %v, %v, want %s", tt.in, got, err, want)
			}
		})
	}
}

func TestIDRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var id update.ID
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		got, err := update.ParseID(id.String())
		if err != nil || got != id {
			t.Fatalf("ParseID(%q) = %v, %v", id.String(), got, err)
		}
	})
}

func TestParseDigest(t *testing.T) {
	t.Parallel()
	const hex, b64 = "87F5BD0469585006AA5D3A77D1C662FD2895DDCD", "h/W9BGlYUAaqXTp30cZi/SiV3c0="
	for _, in := range []string{hex, b64} {
		d, err := update.ParseDigest(in)
		if err != nil || d.String() != hex || d.Base64() != b64 {
			t.Errorf("ParseDigest(%q) = %v, %v, want %s", in, d, err, hex)
		}
	}
	for _, in := range []string{"", "h/W9", hex + "00", hex[:39] + "x", b64[:27] + "!"} {
		if d, err := update.ParseDigest(in); !errors.Is(err, update.ErrBadDigest) || !d.IsZero() {
			t.Errorf("ParseDigest(%q) = %v, %v, want ErrBadDigest", in, d, err)
		}
	}
}
