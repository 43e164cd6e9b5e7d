package config_test

import (
	"testing"
	"time"

	"sluice/daemon/config"
)

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in      string
		want    config.Duration
		wantErr string
	}{
		{in: "15d", want: 15 * config.Day},
		{in: "2w", want: 14 * config.Day},
		{in: "2h", want: config.Duration(2 * time.Hour)},
		{in: "1h30m", want: config.Duration(90 * time.Minute)},
		{in: "1d1h1m1s", want: config.Day + config.Duration(time.Hour+time.Minute+time.Second)},
		{in: "0", want: 0},
		{in: "106751d", want: 106751 * config.Day},
		{in: "106752d", wantErr: "is too long"},
		{in: "15250w2d", wantErr: "is too long"},
		{in: "99999999999999999999s", wantErr: "is too long"},
		{in: "", wantErr: "is empty"},
		{in: "15", wantErr: "has no unit"},
		{in: "d", wantErr: "has no whole number where one is due"},
		{in: "-2h", wantErr: "has no whole number where one is due"},
		{in: "30m1h", wantErr: "has its units out of order"},
		{in: "1h2h", wantErr: "has its units out of order"},
		{in: "15 days", wantErr: `has an unknown unit " days"`},
		{in: "1y2d", wantErr: `has an unknown unit "y"`},
	} {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			got, err := config.ParseDuration(tt.in)
			checkParsed(t, tt.in, got, tt.want, err, tt.wantErr)
		})
	}
}

func TestDurationString(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2w": "14d", "90m": "1h30m", "0": "0s", "86400s": "1d", "36h": "1d12h",
	} {
		d, err := config.ParseDuration(in)
		if got := d.String(); err != nil || got != want {
			t.Errorf("ParseDuration(%q).String() = %q, %v, want %q", in, got, err, want)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"15d", "1h30m", "0", "2w", "9223372036s", "1h1h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := config.ParseDuration(s)
		if err != nil {
			return
		}
		if again, err := config.ParseDuration(d.String()); err != nil || again != d || d < 0 {
			t.Errorf("ParseDuration(%q) = %v, again %v, %v", s, d, again, err)
		}
	})
}
