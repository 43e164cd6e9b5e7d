package cookie_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/wsus/catalog"
	"sluice/wsus/clientsync/cookie"
	"sluice/wsus/update"
)

// ring is a key ring whose last key is in use.
type ring []cookie.Key

func (r ring) Current() cookie.Key { return r[len(r)-1] }

func (r ring) ByID(id uint32) (cookie.Key, bool) {
	for _, k := range r {
		if k.ID == id {
			return k, true
		}
	}
	return cookie.Key{}, false
}

var (
	key1    = cookie.Key{ID: 1, Secret: bytes.Repeat([]byte{1}, 32)}
	key2    = cookie.Key{ID: 2, Secret: bytes.Repeat([]byte{2}, 32)}
	lineage = update.MustParseID("11111111-2222-3333-4444-555555555555")
	start   = time.Date(2026, 10, 4, 15, 3, 36, 0, time.UTC)
	sample  = cookie.Cookie{
		Device:   7,
		Expires:  start.Add(cookie.Lifetime),
		Config:   start.Add(-time.Minute).Add(590 * time.Millisecond),
		Protocol: cookie.Protocol{Major: 2, Minor: 90},
		Told:     &cookie.Told{Plan: catalog.PlanKey{GroupSet: 3, HoldSet: 4}, Seq: 99},
	}
)

func box(keys cookie.Keys, now time.Time) *cookie.Box {
	return cookie.NewBox(keys, lineage, func() time.Time { return now })
}

func seal(t testing.TB, b *cookie.Box, c cookie.Cookie) []byte {
	t.Helper()
	out, err := b.Seal(c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	b := box(ring{key1}, start)
	rapid.Check(t, func(t *rapid.T) {
		c := cookie.Cookie{
			Device:   rapid.Int64().Draw(t, "device"),
			Expires:  time.Unix(start.Unix()+rapid.Int64Range(1, 1<<32).Draw(t, "expires"), 0).UTC(),
			Config:   time.UnixMicro(rapid.Int64Range(0, 1<<52).Draw(t, "config")).UTC(),
			Protocol: cookie.Protocol{Major: rapid.Uint16().Draw(t, "major"), Minor: rapid.Uint16().Draw(t, "minor")},
		}
		if rapid.Bool().Draw(t, "told") {
			c.Told = &cookie.Told{
				Plan: catalog.PlanKey{GroupSet: rapid.Int32().Draw(t, "groups"), HoldSet: rapid.Int32().Draw(t, "holds")},
				Seq:  rapid.Int64().Draw(t, "seq"),
			}
		}
		sealed, err := b.Seal(c)
		if err != nil || len(sealed) != cookie.SealedLen || len(sealed)%3 != 0 {
			t.Fatalf("Seal = %d bytes, %v, want %d", len(sealed), err, cookie.SealedLen)
		}
		got, err := b.Open(sealed)
		if err != nil || !cmp.Equal(got, c) {
			t.Fatalf("Open(Seal(%+v)) = %+v, %v", c, got, err)
		}
	})
}

func TestEveryFlippedBitIsInvalid(t *testing.T) {
	t.Parallel()
	b := box(ring{key1, key2}, start)
	sealed := seal(t, b, sample)
	auth, err := b.SealAuth(cookie.Auth{Device: 7, Issued: start})
	if err != nil || len(auth) != cookie.SealedAuthLen || len(auth)%3 != 0 {
		t.Fatalf("SealAuth = %d bytes, %v", len(auth), err)
	}
	for i := range 8 * len(sealed) {
		sealed[i/8] ^= 1 << (i % 8)
		if _, err := b.Open(sealed); !errors.Is(err, cookie.ErrInvalid) {
			t.Errorf("cookie with bit %d flipped: %v, want ErrInvalid", i, err)
		}
		sealed[i/8] ^= 1 << (i % 8)
	}
	for i := range 8 * len(auth) {
		auth[i/8] ^= 1 << (i % 8)
		if _, err := b.OpenAuth(auth); !errors.Is(err, cookie.ErrInvalid) {
			t.Errorf("authorization cookie with bit %d flipped: %v, want ErrInvalid", i, err)
		}
		auth[i/8] ^= 1 << (i % 8)
	}
	if _, err := b.Open(auth); !errors.Is(err, cookie.ErrInvalid) {
		t.Errorf("an authorization cookie as a cookie: %v, want ErrInvalid", err)
	}
	if _, err := b.OpenAuth(sealed); !errors.Is(err, cookie.ErrInvalid) {
		t.Errorf("a cookie as an authorization cookie: %v, want ErrInvalid", err)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	sealed := seal(t, box(ring{key1}, start), sample)
	other := cookie.NewBox(ring{key1}, update.AllComputers, func() time.Time { return start })
	for _, tt := range []struct {
		name   string
		box    *cookie.Box
		sealed []byte
		want   error
	}{
		{"good", box(ring{key1}, start), sealed, nil},
		{"a second before its end", box(ring{key1}, sample.Expires.Add(-time.Second)), sealed, nil},
		{"at its end", box(ring{key1}, sample.Expires), sealed, cookie.ErrExpired},
		{"after its end, of another lineage", cookie.NewBox(ring{key1}, update.AllComputers,
			func() time.Time { return sample.Expires.Add(time.Hour) }), sealed, cookie.ErrLineage},
		{"of another lineage", other, sealed, cookie.ErrLineage},
		{"by a key before the current", box(ring{key1, key2}, start), sealed, nil},
		{"by a key that left the ring", box(ring{key2}, start), sealed, cookie.ErrInvalid},
		{"nothing", box(ring{key1}, start), nil, cookie.ErrInvalid},
		{"one byte short", box(ring{key1}, start), sealed[:len(sealed)-1], cookie.ErrInvalid},
		{"one byte more", box(ring{key1}, start), append(bytes.Clone(sealed), 0), cookie.ErrInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.box.Open(tt.sealed)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Open = %v, want %v", err, tt.want)
			}
			want := cookie.Cookie{}
			if err == nil || errors.Is(err, cookie.ErrExpired) {
				want = sample
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Open (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOpenAuth(t *testing.T) {
	t.Parallel()
	auth, err := box(ring{key1}, start).SealAuth(cookie.Auth{Device: 7, Issued: start})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := box(ring{key1}, start.Add(cookie.AuthLifetime-1)).OpenAuth(auth); err != nil || got.Device != 7 || !got.Issued.Equal(start) {
		t.Errorf("OpenAuth = %+v, %v", got, err)
	}
	if _, err := box(ring{key1}, start.Add(cookie.AuthLifetime)).OpenAuth(auth); !errors.Is(err, cookie.ErrExpired) {
		t.Errorf("OpenAuth of an old one: %v, want ErrExpired", err)
	}
	if _, err := cookie.NewBox(ring{key1}, update.AllComputers, time.Now).OpenAuth(auth); !errors.Is(err, cookie.ErrLineage) {
		t.Errorf("OpenAuth of another lineage: %v, want ErrLineage", err)
	}
}

// After a key was replaced, what was sealed with it before stays good, and who
// knows it can make nothing that is.
func TestRetiredKey(t *testing.T) {
	t.Parallel()
	replaced := start.Add(10 * time.Minute)
	retired := key1
	retired.Retired = replaced
	before, after := ring{key1}, ring{retired, key2}
	for _, tt := range []struct {
		name        string
		issued, now time.Time
		want, auth  error
	}{
		{"of before", start, replaced.Add(time.Second), nil, nil},
		{"of that moment", replaced.Add(time.Second), replaced.Add(2 * time.Second), nil, nil},
		{"of later", replaced.Add(2 * time.Minute), replaced.Add(3 * time.Minute), cookie.ErrInvalid, cookie.ErrInvalid},
		{"of next year", replaced.AddDate(1, 0, 0), replaced.Add(3 * time.Minute), cookie.ErrInvalid, cookie.ErrInvalid},
		{"of before, two hours later", start, replaced.Add(2 * time.Hour), cookie.ErrExpired, cookie.ErrExpired},
	} {
		c := sample
		c.Expires = tt.issued.Add(cookie.Lifetime)
		b := box(before, start)
		if _, err := box(after, tt.now).Open(seal(t, b, c)); !errors.Is(err, tt.want) {
			t.Errorf("cookie %s: %v, want %v", tt.name, err, tt.want)
		}
		sealed, err := b.SealAuth(cookie.Auth{Device: 7, Issued: tt.issued})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := box(after, tt.now).OpenAuth(sealed); !errors.Is(err, tt.auth) {
			t.Errorf("authorization cookie %s: %v, want %v", tt.name, err, tt.auth)
		}
	}
}

func TestKeyIsNotLogged(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	slog.New(slog.NewTextHandler(&out, nil)).Info("key", "key", cookie.Key{ID: 9, Secret: []byte("swordfish")})
	if !strings.Contains(out.String(), "key.id=9") || strings.Contains(out.String(), "swordfish") {
		t.Errorf("logged %q", out.String())
	}
}

func FuzzOpen(f *testing.F) {
	b := box(ring{key1, key2}, start)
	f.Add(seal(f, b, sample))
	f.Add(make([]byte, cookie.SealedLen))
	f.Add(make([]byte, cookie.SealedAuthLen))
	f.Fuzz(func(t *testing.T, in []byte) {
		if _, err := b.Open(in); err == nil && len(in) != cookie.SealedLen {
			t.Errorf("Open of %d bytes succeeded", len(in))
		}
		if _, err := b.OpenAuth(in); err == nil && len(in) != cookie.SealedAuthLen {
			t.Errorf("OpenAuth of %d bytes succeeded", len(in))
		}
	})
}

func BenchmarkOpenSeal(b *testing.B) {
	bx := box(ring{key1}, start)
	sealed := seal(b, bx, sample)
	b.ReportAllocs()
	for b.Loop() {
		c, err := bx.Open(sealed)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := bx.Seal(c); err != nil {
			b.Fatal(err)
		}
	}
}
