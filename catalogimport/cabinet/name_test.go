package cabinet_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"sluice/catalogimport/cabinet"
	"sluice/catalogimport/cabinet/cabwrite"
)

func TestSafeName(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"package.cab", "package.cab"},
		{`l\en\123`, "l/en/123"},
		{"..a/b..c", "..a/b..c"},
		{"größe/日本.xml", "größe/日本.xml"},
		{"COM10", "COM10"},
		{"console", "console"},
		{"company.txt", "company.txt"},
		{"", ""},
		{"/etc/passwd", ""},
		{`\windows\x`, ""},
		{`\\server\share`, ""},
		{"c:/x", ""},
		{"c:x", ""},
		{"file:stream", ""},
		{"..", ""},
		{"a/../b", ""},
		{`a\..\b`, ""},
		{"a/./b", ""},
		{"a//b", ""},
		{"a/", ""},
		{"a/.. /b", ""},
		{"a./b", ""},
		{"a ", ""},
		{"a\x00b", ""},
		{"a\nb", ""},
		{"a\u0085b", ""},
		{"a\uFFFDb", ""},
		{"a\xffb", ""},
		{"a?b", ""},
		{"NUL", ""},
		{"x/nul.txt", ""},
		{"com1", ""},
		{"LPT9.tar.gz", ""},
		{"COM²", ""},
		{"conin$", ""},
		{"aux .txt", ""},
	} {
		got, err := cabinet.SafeName(tt.name)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("SafeName(%q) = %q, %v; want %q", tt.name, got, err, tt.want)
		}
		if err != nil && !errors.Is(err, cabinet.ErrUnsafeName) {
			t.Errorf("SafeName(%q): error %v, want %v", tt.name, err, cabinet.ErrUnsafeName)
		}
	}
}

// TestNameDecoding stores names as other cabinet makers do.
func TestNameDecoding(t *testing.T) {
	const nameAt = memberAAt + 16
	for _, tt := range []struct {
		name   string
		stored string
		utf8   bool
		want   string
	}{
		{"backslashes", `a\b/`, false, "a/b/"},
		{"Latin-1", "gr\xf6\xdf", false, "größ"},
		{"UTF-8", "\xc3\xb6xy", true, "öxy"},
		{"not UTF-8", "\xf6xyz", true, "\uFFFDxyz"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cab := write(t, cabwrite.Cabinet{}, file("1234", nil))
			copy(cab[nameAt:], tt.stored)
			cab[nameAt-2] = 0x20
			if tt.utf8 {
				cab[nameAt-2] = 0xA0
			}
			if got := open(t, cab).Members()[0].Name; got != tt.want {
				t.Errorf("name %q, want %q", got, tt.want)
			}
		})
	}
}

func TestModTime(t *testing.T) {
	for _, tt := range []struct {
		name        string
		date, clock uint16
		want        time.Time
	}{
		{"usual", 44<<9 | 6<<5 | 19, 10<<11 | 20<<5 | 15, modTime},
		{"first", 1<<5 | 1, 0, time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"last", 127<<9 | 12<<5 | 31, 23<<11 | 59<<5 | 29, time.Date(2107, 12, 31, 23, 59, 58, 0, time.UTC)},
		{"month 0", 44<<9 | 0<<5 | 19, 0, time.Time{}},
		{"day 0", 44<<9 | 6<<5, 0, time.Time{}},
		{"30 February", 44<<9 | 2<<5 | 30, 0, time.Time{}},
		{"hour 24", 44<<9 | 6<<5 | 19, 24 << 11, time.Time{}},
		{"second 60", 44<<9 | 6<<5 | 19, 30, time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cab := write(t, cabwrite.Cabinet{}, file("a", nil))
			copy(cab[memberAAt+10:], []byte{byte(tt.date), byte(tt.date >> 8), byte(tt.clock), byte(tt.clock >> 8)})
			if got := open(t, bytes.Clone(cab)).Members()[0].ModTime; !got.Equal(tt.want) {
				t.Errorf("time %v, want %v", got, tt.want)
			}
		})
	}
}
