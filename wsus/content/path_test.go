package content

import (
	"strings"
	"testing"

	"sluice/wsus/update"
)

func TestPath(t *testing.T) {
	t.Parallel()
	// The example of a native server's export and its URL.
	d, err := update.ParseDigest("h/W9BGlYUAaqXTp30cZi/SiV3c0=")
	if err != nil {
		t.Fatal(err)
	}
	base := "CD/87F5BD0469585006AA5D3A77D1C662FD2895DDCD"
	for _, tt := range []struct{ name, want string }{
		{"AM_Delta.exe", base + ".exe"},
		{"A.CAB", base + ".CAB"},
		{"a.b.psf", base + ".psf"},
		{"noext", base},
		{"", base},
		{"dot.", base},
		{"space. exe", base},
		{`x.\..\..\evil`, base},
		{"x.a/b", base},
		{"x.exe\x00", base},
		{"x." + strings.Repeat("a", 16), base + "." + strings.Repeat("a", 16)},
		{"x." + strings.Repeat("a", 17), base},
	} {
		if got := Path(update.File{Digest: d, Name: tt.name}); got != tt.want {
			t.Errorf("Path of %q = %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := URLPath(update.File{Digest: d, Name: "AM_Delta.exe"}); got != "/Content/"+base+".exe" {
		t.Errorf("URLPath = %q", got)
	}
}

func FuzzParseURLPath(f *testing.F) {
	good := URLPath(update.File{Digest: update.Digest{19: 0xcd}, Name: "a.exe"})
	for _, s := range []string{good, strings.ToLower(good), "/Content/", "", "/Content/cd/../x", good + "\x00", strings.TrimSuffix(good, ".exe")} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := parseURLPath(s)
		if !ok {
			if !d.IsZero() {
				t.Errorf("parseURLPath(%q) = %s with false", s, d)
			}
			return
		}
		if strings.ContainsAny(s[len(Prefix):], "\\:\x00") || strings.Contains(s, "..") {
			t.Errorf("parseURLPath(%q) accepted it", s)
		}
		if again := URLPath(update.File{Digest: d, Name: s}); !strings.EqualFold(again, s) {
			t.Errorf("URLPath of parseURLPath(%q) = %q", s, again)
		}
	})
}
