package xmllimit_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/update/samples"
	"sluice/wsus/xmllimit"
)

// FuzzScanner checks that what the scanner accepts is read by encoding/xml with the
// same names, attributes and text.
func FuzzScanner(f *testing.F) {
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, false)
		f.Add(b, true)
	}
	f.Add([]byte("<a/>x<b/>"), true)
	f.Fuzz(func(t *testing.T, in []byte, fragment bool) {
		compare(t, in, xmllimit.Limits{Fragment: fragment})
	})
}

func TestSamplesAgreeWithEncodingXML(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		"wsus/captures/*/*/*.xml", "wsus/captures/*/*/*/*.xml", "wsus/captures/*/*.xml", "wsus/spec-examples/*/*.xml",
	} {
		for _, name := range samples.Glob(t, pattern) {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := dump(string(b), xmllimit.Limits{Fragment: true}); err != nil {
				t.Logf("refused: %s: %v", name, err)
			}
			compare(t, b, xmllimit.Limits{Fragment: true})
		}
	}
}

func compare(t *testing.T, in []byte, lim xmllimit.Limits) {
	t.Helper()
	ours, err := dump(string(in), lim)
	if err != nil {
		return
	}
	theirs, err := dumpStandard(in)
	if err != nil {
		if newerName(in, err) {
			return
		}
		t.Fatalf("accepted, but encoding/xml refuses it: %v\n%q", err, in)
	}
	if diff := cmp.Diff(theirs, joinText(ours)); diff != "" {
		t.Errorf("(-encoding/xml +ours):\n%s", diff)
	}
}

// newerName says whether encoding/xml refused a name beyond ASCII: it knows those of
// the fourth edition of XML 1.0 only.
func newerName(in []byte, err error) bool {
	var se *xml.SyntaxError
	return errors.As(err, &se) && strings.Contains(se.Msg, "invalid XML name") &&
		bytes.ContainsFunc(in, func(r rune) bool { return r > 0x7f })
}

// joinText makes one line of adjacent texts and drops empty ones, so that it does not
// matter where comments and CDATA sections divide them.
func joinText(lines []string) (out []string) {
	for _, l := range lines {
		if l == `""` {
			continue
		}
		if n := len(out); n > 0 && l[0] == '"' && out[n-1][0] == '"' {
			out[n-1] = out[n-1][:len(out[n-1])-1] + l[1:]
			continue
		}
		out = append(out, l)
	}
	return out
}

func dumpStandard(in []byte) (lines []string, err error) {
	d := xml.NewDecoder(bytes.NewReader(in))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // ASCII
	depth := 0
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return joinText(lines), nil
		}
		if err != nil {
			return lines, err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			depth++
			var b strings.Builder
			fmt.Fprintf(&b, "<%s", expanded(tok.Name.Space, []byte(tok.Name.Local)))
			for _, a := range tok.Attr {
				if a.Name.Space != "xmlns" && (a.Name.Space != "" || a.Name.Local != "xmlns") {
					fmt.Fprintf(&b, " %s=%q", expanded(a.Name.Space, []byte(a.Name.Local)), a.Value)
				}
			}
			lines = append(lines, b.String())
		case xml.EndElement:
			depth--
			lines = append(lines, "</"+expanded(tok.Name.Space, []byte(tok.Name.Local)))
		case xml.CharData:
			if depth > 0 && len(tok) > 0 {
				lines = append(lines, fmt.Sprintf("%q", tok))
			}
		}
	}
}

func BenchmarkScanner(b *testing.B) {
	doc, err := os.ReadFile("testdata/document.xml")
	if err != nil {
		b.Fatal(err)
	}
	in := []byte("<r>")
	for len(in) < 8<<20 {
		in = append(in, doc...)
	}
	in = append(in, "</r>"...)
	s := xmllimit.NewScanner(nil, xmllimit.Limits{Fragment: true})
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		s.Reset(in, xmllimit.Limits{})
		for {
			if _, err := s.Next(); err != nil {
				if err != io.EOF {
					b.Fatal(err)
				}
				break
			}
		}
	}
}
