package xmllimit_test

import (
	"testing"

	"sluice/wsus/xmllimit"
)

func TestUnescape(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"nothing to do", "plain", "plain"},
		{"entities", "&lt;&gt;&amp;&quot;&apos;", `<>&"'`},
		{"references", "&#228;&#xe4;&#x1F600;", "ää😀"},
		{"leading zeros", "&#000000000000065;", "A"},
		{"unknown entity is copied", "a&b;c", "a&b;c"},
		{"cdata", "a<![CDATA[<b>&amp;]]>&amp;", "a<b>&amp;&"},
		{"cdata without an end is copied", "a<![CDATA[b", "a<![CDATA[b"},
		{"bracket is copied", "a<b", "a<b"},
		{"line ends", "a\r\nb\rc\n", "a\nb\nc\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := xmllimit.String([]byte(tt.in)); got != tt.want {
				t.Errorf("String(%q) = %q, want %q", tt.in, got, tt.want)
			}
			if got := xmllimit.AppendUnescaped([]byte("x"), []byte(tt.in)); string(got) != "x"+tt.want {
				t.Errorf("AppendUnescaped(%q) = %q, want %q", tt.in, got, "x"+tt.want)
			}
		})
	}
}

func TestUnescapeReturnsPlainInput(t *testing.T) {
	t.Parallel()
	raw := []byte("plain")
	if got := xmllimit.Unescape(make([]byte, 0, 10), raw); &got[0] != &raw[0] {
		t.Error("a value without anything to decode was copied")
	}
}

func TestIsSpace(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{"": true, " \t\r\n": true, " x ": false, "&#32;": false, "\u00a0": false} {
		if got := xmllimit.IsSpace([]byte(in)); got != want {
			t.Errorf("IsSpace(%q) = %v", in, got)
		}
	}
}
