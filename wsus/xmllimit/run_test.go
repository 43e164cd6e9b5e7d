package xmllimit_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/xmllimit"
)

func TestRun(t *testing.T) {
	t.Parallel()
	const ns = `<l xmlns="urn:x">`
	for _, tt := range []struct {
		name, in  string
		lim       xmllimit.Limits
		want      []string
		tokens    int // that Next gives afterwards
		stopAfter int
	}{
		{"a list", ns + "<i>1</i><i>22</i><i>-3 </i></l>", xmllimit.Limits{}, []string{"1", "22", "-3 "}, 1, 0},
		{"nothing", ns + "</l>", xmllimit.Limits{}, nil, 1, 0},
		{"an empty list", `<l xmlns="urn:x"/>`, xmllimit.Limits{}, nil, 1, 0},
		{"another element", ns + "<i>1</i><j>2</j><i>3</i></l>", xmllimit.Limits{}, []string{"1"}, 7, 0},
		{"a longer name", ns + "<i>1</i><ii>2</ii></l>", xmllimit.Limits{}, []string{"1"}, 4, 0},
		{"an attribute", ns + `<i a="1">1</i></l>`, xmllimit.Limits{}, nil, 4, 0},
		{"white space", ns + "\n<i>1</i></l>", xmllimit.Limits{}, nil, 5, 0},
		{"white space in the end tag", ns + "<i>1</i ></l>", xmllimit.Limits{}, nil, 4, 0},
		{"a reference", ns + "<i>1</i><i>&#50;</i></l>", xmllimit.Limits{}, []string{"1"}, 4, 0},
		{"an element in it", ns + "<i>1<b/></i></l>", xmllimit.Limits{}, nil, 6, 0},
		{"an empty one", ns + "<i></i></l>", xmllimit.Limits{}, nil, 3, 0},
		{"letters beyond ASCII", ns + "<i>é</i></l>", xmllimit.Limits{}, nil, 4, 0},
		{"a bracket", ns + "<i>]</i></l>", xmllimit.Limits{}, nil, 4, 0},
		{"another namespace", `<l xmlns="urn:y"><i>1</i></l>`, xmllimit.Limits{}, nil, 4, 0},
		{"the namespace under a prefix only", `<x:l xmlns:x="urn:x"><i>1</i></x:l>`, xmllimit.Limits{}, nil, 4, 0},
		{"too deep", ns + "<i>1</i></l>", xmllimit.Limits{Depth: 1}, nil, -1, 0},
		{"too long", ns + "<i>123</i></l>", xmllimit.Limits{TextBytes: 2}, nil, -1, 0},
		{"too many", ns + "<i>1</i><i>2</i></l>", xmllimit.Limits{Tokens: 6}, []string{"1"}, -1, 0},
		{"cut short", ns + "<i>1</i><i>2</", xmllimit.Limits{}, []string{"1"}, -1, 0},
		{"cut before the end tag", ns + "<i>1", xmllimit.Limits{}, nil, -1, 0},
		{"until enough", ns + "<i>1</i><i>2</i><i>3</i></l>", xmllimit.Limits{}, []string{"1", "2"}, 4, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := xmllimit.NewScanner([]byte(tt.in), tt.lim)
			if _, err := s.Next(); err != nil {
				t.Fatal(err)
			}
			var got []string
			s.Run("urn:x", "i", func(text []byte) bool {
				got = append(got, string(text))
				return len(got) != tt.stopAfter
			})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("texts (-want +got):\n%s", diff)
			}
			tokens := 0
			for {
				_, err := s.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					tokens = -1
					break
				}
				tokens++
			}
			if tokens != tt.tokens {
				t.Errorf("%d tokens afterwards, want %d", tokens, tt.tokens)
			}
		})
	}
}

// TestRunOutside: where there is no list Run reads nothing.
func TestRunOutside(t *testing.T) {
	t.Parallel()
	s := xmllimit.NewScanner([]byte("<i>1</i>"), xmllimit.Limits{})
	s.Run("", "i", func([]byte) bool { t.Error("read the root"); return true })
	for range 3 {
		if _, err := s.Next(); err != nil {
			t.Fatal(err)
		}
	}
	s.Run("", "i", func([]byte) bool { t.Error("read behind the end"); return true })
}

// FuzzRun checks that Run and then Next see the same as Next alone.
func FuzzRun(f *testing.F) {
	f.Add("<i>1</i><i>2</i>")
	f.Add("<i>1</i> <i a='1'>&lt;</i><j/>")
	f.Add("<i>1</i><i>]]></i>")
	f.Fuzz(func(t *testing.T, inner string) {
		in := []byte(`<l xmlns="urn:x">` + inner + `</l>`)
		read := func(run bool) (out []string) {
			s := xmllimit.NewScanner(in, xmllimit.Limits{})
			for {
				tok, err := s.Next()
				if errors.Is(err, io.EOF) {
					return out
				}
				if err != nil {
					return append(out, err.Error())
				}
				out = append(out, fmt.Sprint(tok.Kind, string(tok.Name), tok.Space, string(tok.Data), s.Depth()))
				if run && tok.Kind == xmllimit.Start && s.Depth() == 1 {
					s.Run("urn:x", "i", func(text []byte) bool {
						out = append(out, fmt.Sprint(xmllimit.Start, "i", "urn:x", "", 2), fmt.Sprint(xmllimit.Text, "", "", string(text), 2),
							fmt.Sprint(xmllimit.End, "i", "urn:x", "", 1))
						return true
					})
				}
			}
		}
		if diff := cmp.Diff(strings.Join(read(false), "\n"), strings.Join(read(true), "\n")); diff != "" {
			t.Errorf("tokens (-Next +Run):\n%s", diff)
		}
	})
}

func BenchmarkRun(b *testing.B) {
	in := []byte(`<l xmlns="urn:x">` + strings.Repeat("<i>123456</i>", 1500) + `</l>`)
	s := xmllimit.NewScanner(in, xmllimit.Limits{})
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		s.Reset(in, xmllimit.Limits{})
		if _, err := s.Next(); err != nil {
			b.Fatal(err)
		}
		n := 0
		s.Run("urn:x", "i", func([]byte) bool { n++; return true })
		if n != 1500 {
			b.Fatal(n)
		}
	}
}
