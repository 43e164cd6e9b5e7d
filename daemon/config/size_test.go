package config_test

import (
	"testing"

	"pgregory.net/rapid"

	"sluice/daemon/config"
)

func TestParseSize(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in      string
		want    config.Size
		wantErr string
	}{
		{in: "5 GiB", want: 5 << 30},
		{in: "512MiB", want: 512 << 20},
		{in: "1 kib", want: 1024},
		{in: "100 MB", want: 100_000_000},
		{in: "7 B", want: 7},
		{in: "0", want: 0},
		{in: "8388607 TiB", want: 8388607 << 40},
		{in: "8388608 TiB", wantErr: "is too large"},
		{in: "99999999999999999999 B", wantErr: "is too large"},
		{in: "", wantErr: "does not start with a whole number"},
		{in: "-1 GiB", wantErr: "does not start with a whole number"},
		{in: "512", wantErr: "has no unit"},
		{in: "1.5 GiB", wantErr: `has an unknown unit ".5 GiB"`},
		{in: "5 gigs", wantErr: `has an unknown unit "gigs"`},
	} {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			got, err := config.ParseSize(tt.in)
			checkParsed(t, tt.in, got, tt.want, err, tt.wantErr)
		})
	}
}

// checkParsed compares what a parser made of in with what was wanted.
func checkParsed[T comparable](t *testing.T, in string, got, want T, err error, wantErr string) {
	t.Helper()
	switch {
	case wantErr != "" && (err == nil || err.Error() != wantErr):
		t.Errorf("parse %q: error %v, want %s", in, err, wantErr)
	case wantErr == "" && err != nil:
		t.Errorf("parse %q: %v", in, err)
	case got != want:
		t.Errorf("parse %q = %v, want %v", in, got, want)
	}
}

func TestSizeTextIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := config.Size(rapid.Int64Min(0).Draw(t, "bytes") &^ (1<<rapid.IntRange(0, 50).Draw(t, "zeros") - 1))
		got, err := config.ParseSize(want.String())
		if err != nil || got != want {
			t.Fatalf("ParseSize(%q) = %d, %v, want %d", want.String(), got, err, want)
		}
	})
}

func FuzzParseSize(f *testing.F) {
	for _, s := range []string{"5 GiB", "0", "512MiB", "9223372036854775807 B", "1  kb", "1."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		size, err := config.ParseSize(s)
		if err != nil {
			return
		}
		if again, err := config.ParseSize(size.String()); err != nil || again != size || size < 0 {
			t.Errorf("ParseSize(%q) = %d, again %d, %v", s, size, again, err)
		}
	})
}
