package credential_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"sluice/daemon/credential"
)

func TestPassword(t *testing.T) {
	t.Parallel()
	h := credential.NewHasher()
	phc, err := h.Hash(t.Context(), "correct horse")
	if err != nil || !strings.HasPrefix(phc, "$argon2id$v=19$m=65536,t=3,p=1$") {
		t.Fatalf("Hash = %q, %v", phc, err)
	}
	for _, tt := range []struct {
		name, phc, password string
		want                bool
	}{
		{"right", phc, "correct horse", true},
		{"wrong", phc, "correct hors", false},
		{"empty", phc, "", false},
		{"too long", phc, strings.Repeat("x", credential.MaxPassword+1), false},
		{"unknown account", "", "correct horse", false},
	} {
		if got, err := h.Verify(t.Context(), tt.phc, tt.password); err != nil || got != tt.want {
			t.Errorf("%s: Verify = %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
	if _, err := h.Hash(t.Context(), strings.Repeat("x", credential.MaxPassword+1)); !errors.Is(err, credential.ErrTooLong) {
		t.Errorf("Hash of a password that is too long: %v", err)
	}
}

// Whether an account exists cannot be told by the time that an answer takes.
func TestUnknownAccountTakesAsLong(t *testing.T) {
	h := credential.NewHasher()
	phc, err := h.Hash(t.Context(), "secret")
	if err != nil {
		t.Fatal(err)
	}
	least := func(phc, password string) time.Duration {
		best := time.Hour
		for range 3 {
			start := time.Now()
			if _, err := h.Verify(t.Context(), phc, password); err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	known, unknown, long := least(phc, "wrong"), least("", "wrong"), least(phc, strings.Repeat("x", credential.MaxPassword+1))
	if unknown < known/5 || long < known/5 {
		t.Errorf("known account %v, unknown %v, password too long %v: want no answer at once", known, unknown, long)
	}
}

func TestVerifyRefusesBadHashes(t *testing.T) {
	t.Parallel()
	h := credential.NewHasher()
	for _, phc := range []string{
		"x", "$argon2i$v=19$m=65536,t=3,p=1$YWJjZGVmZ2g$YWJjZGVmZ2hhYmNkZWZnaA",
		"$argon2id$v=16$m=65536,t=3,p=1$YWJjZGVmZ2g$YWJjZGVmZ2hhYmNkZWZnaA",
		"$argon2id$v=19$m=4194304,t=3,p=1$YWJjZGVmZ2g$YWJjZGVmZ2hhYmNkZWZnaA",
		"$argon2id$v=19$m=65536,t=0,p=1$YWJjZGVmZ2g$YWJjZGVmZ2hhYmNkZWZnaA",
		"$argon2id$v=19$m=65536,t=3,p=1,x$YWJjZGVmZ2g$YWJjZGVmZ2hhYmNkZWZnaA",
		"$argon2id$v=19$m=65536,t=3,p=1$YWJj$YWJjZGVmZ2hhYmNkZWZnaA",
		"$argon2id$v=19$m=65536,t=3,p=1$!!!$YWJjZGVmZ2hhYmNkZWZnaA",
	} {
		if _, err := h.Verify(t.Context(), phc, "x"); !errors.Is(err, credential.ErrBadHash) {
			t.Errorf("Verify(%q): %v, want %v", phc, err, credential.ErrBadHash)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Verify(ctx, "", "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify after its context ended: %v", err)
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	text, hash := credential.NewToken()
	if len(text) != 34 || strings.ContainsAny(text, "ILOU") {
		t.Errorf("token %q", text)
	}
	other, _ := credential.NewToken()
	if other == text {
		t.Error("two tokens are equal")
	}
	for _, typed := range []string{
		text, strings.ToLower(text), strings.ReplaceAll(text, "-", ""), " " + strings.ReplaceAll(text, "-", " ") + "\r\n",
		strings.ReplaceAll(strings.ReplaceAll(text, "0", "o"), "1", "l"),
	} {
		if got, ok := credential.ParseToken(typed); !ok || got != hash {
			t.Errorf("ParseToken(%q) = %x, %v", typed, got, ok)
		}
	}
	for _, typed := range []string{"", text[1:], text + "A", "U" + text[1:], strings.Repeat("-", 1000), "pässword"} {
		if _, ok := credential.ParseToken(typed); ok {
			t.Errorf("ParseToken(%q) is a token", typed)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	text, _ := credential.NewToken()
	f.Add(text)
	f.Add("O-I-L")
	f.Fuzz(func(t *testing.T, text string) {
		hash, ok := credential.ParseToken(text)
		again, same := credential.ParseToken(strings.ToLower(text))
		if ok != same || hash != again {
			t.Errorf("ParseToken(%q) depends on letter case", text)
		}
	})
}
