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

// dump writes the tokens of in one a line, and the error that ended them.
func dump(in string, lim xmllimit.Limits) (lines []string, err error) {
	s := xmllimit.NewScanner([]byte(in), lim)
	for {
		t, err := s.Next()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
		var b strings.Builder
		switch t.Kind {
		case xmllimit.Start:
			fmt.Fprintf(&b, "<%s", expanded(t.Space, t.Local()))
			for i := range t.Attrs {
				a := &t.Attrs[i]
				if !a.DeclaresNamespace() {
					fmt.Fprintf(&b, " %s=%q", expanded(a.Space, a.Local()), xmllimit.String(a.Value))
				}
			}
		case xmllimit.End:
			fmt.Fprintf(&b, "</%s", expanded(t.Space, t.Local()))
		case xmllimit.Text:
			fmt.Fprintf(&b, "%q", xmllimit.String(t.Data))
		}
		lines = append(lines, b.String())
	}
}

func expanded(space string, local []byte) string {
	if space == "" {
		return string(local)
	}
	return "{" + space + "}" + string(local)
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		lim      xmllimit.Limits
		want     []string
	}{
		{"empty element gives start and end", `<a/>`, xmllimit.Limits{}, []string{"<a", "</a"}},
		{"declaration of ASCII", "<?xml version='1.0' encoding='ASCII'?><a/>", xmllimit.Limits{}, []string{"<a", "</a"}},
		{"declaration, mark, white space and comment around the root", "\ufeff<?xml version=\"1.0\" encoding='UTF-8' standalone=\"no\" ?>\n<!-- c -->\n<a />\n<!-- d -->",
			xmllimit.Limits{}, []string{"<a", "</a"}},
		{"attributes", `<a b="1" c = '2"' d="&lt;&#65;&#x42;&quot;"/>`, xmllimit.Limits{},
			[]string{`<a b="1" c="2\"" d="<AB\""`, "</a"}},
		{"text with entities and cdata is one run", `<a>x &amp; <![CDATA[<y>&amp;]]>z</a >`, xmllimit.Limits{},
			[]string{"<a", `"x & <y>&amp;z"`, "</a"}},
		{"comment divides text", `<a>x<!-- - -->y</a>`, xmllimit.Limits{}, []string{"<a", `"x"`, `"y"`, "</a"}},
		{"line ends", "<a>1\r\n2\r3&#13;<![CDATA[\r\n]]></a>", xmllimit.Limits{}, []string{"<a", `"1\n2\n3\r\n"`, "</a"}},
		{"namespaces", `<a xmlns="u" xmlns:p="v"><p:b p:x="1" y="2"><c xmlns=""/></p:b><d/></a>`, xmllimit.Limits{},
			[]string{"<{u}a", `<{v}b {v}x="1" y="2"`, "<c", "</c", "</{v}b", "<{u}d", "</{u}d", "</{u}a"}},
		{"xml prefix is bound", `<a xml:lang="en"/>`, xmllimit.Limits{},
			[]string{`<a {http://www.w3.org/XML/1998/namespace}lang="en"`, "</a"}},
		{"prefix may be rebound", `<p:a xmlns:p="u"><p:b xmlns:p="v"/><p:c/></p:a>`, xmllimit.Limits{},
			[]string{"<{u}a", "<{v}b", "</{v}b", "<{u}c", "</{u}c", "</{u}a"}},
		{"fragment", "<a/> <b>x</b>", xmllimit.Limits{Fragment: true}, []string{"<a", "</a", "<b", `"x"`, "</b"}},
		{"empty fragment", "", xmllimit.Limits{Fragment: true}, nil},
		{"names beyond ascii", "<é·><b.c-d/></é·>", xmllimit.Limits{}, []string{"<é·", "<b.c-d", "</b.c-d", "</é·"}},
		{"brackets in text", `<a>]] ]>]]&gt;</a>`, xmllimit.Limits{}, []string{"<a", `"]] ]>]]>"`, "</a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := dump(tt.in, tt.lim)
			if err != nil {
				t.Fatalf("scan %q: %v", tt.in, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("scan %q (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

func TestSyntaxErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		offset   int64
	}{
		{"nothing", "", 0},
		{"only white space", " \n", 2},
		{"text before the root", "x<a/>", 0},
		{"text after the root", "<a/>x", 4},
		{"cdata after the root", "<a/><![CDATA[]]>", 4},
		{"second root", "<a/><b/>", 4},
		{"unclosed element", "<a><b></b>", 10},
		{"unclosed tag", "<a b", 4},
		{"only a bracket", "<", 1},
		{"mismatched end", "<a><b></a>", 6},
		{"end tag with a longer name", "<a></ab>", 3},
		{"end tag too many", "<a/></a>", 4},
		{"doctype", "<!DOCTYPE a><a/>", 0},
		{"processing instruction", "<a><?x y?></a>", 3},
		{"declaration not at the beginning", ` <?xml version="1.0"?><a/>`, 1},
		{"other version", `<?xml version="1.1"?><a/>`, 0},
		{"other encoding", `<?xml version="1.0" encoding="utf-16"?><a/>`, 0},
		{"declaration without an end", `<?xml version="1.0"`, 0},
		{"attribute without quotes", "<a b=c/>", 5},
		{"attribute without a value", "<a b/>", 4},
		{"attribute twice", `<a b="" b=""/>`, 8},
		{"attribute twice by namespace", `<a xmlns:p="u" xmlns:q="u" p:b="" q:b=""/>`, 40},
		{"attributes not apart", `<a b=""c=""/>`, 7},
		{"less-than in a value", `<a b="<"/>`, 6},
		{"unclosed value", `<a b="x`, 6},
		{"control character in a value", "<a b='\x01'/>", 6},
		{"undefined entity", "<a>&nbsp;</a>", 3},
		{"undefined entity in a value", `<a b="&x;"/>`, 6},
		{"bare ampersand", "<a>& </a>", 3},
		{"reference to an illegal character", "<a>&#0;</a>", 3},
		{"reference out of range", "<a>&#x110000;</a>", 3},
		{"reference without digits", "<a>&#x;</a>", 3},
		{"reference with a capital x", "<a>&#X41;</a>", 3},
		{"reference without an end", "<a>&#65</a>", 3},
		{"cdata end in text", "<a>]]></a>", 3},
		{"unclosed cdata", "<a><![CDATA[x</a>", 3},
		{"control character in text", "<a>x\x00</a>", 4},
		{"control character in cdata", "<a><![CDATA[x\x02]]></a>", 13},
		{"not a character", "<a>\uffff</a>", 3},
		{"invalid utf-8", "<a>\xff</a>", 3},
		{"overlong utf-8", "<a>\xc0\xbc</a>", 3},
		{"surrogate in utf-8", "<a>\xed\xa0\x80</a>", 3},
		{"double hyphen in a comment", "<a><!-- -- --></a>", 8},
		{"unclosed comment", "<a><!-- </a>", 3},
		{"illegal character in a comment", "<a><!--\x01--></a>", 7},
		{"name beginning with a digit", "<1/>", 1},
		{"name beginning with a space", "< a/>", 1},
		{"two colons", "<a:b:c xmlns:a='u'/>", 1},
		{"leading colon", "<:a/>", 1},
		{"trailing colon", "<a: xmlns:a='u'/>", 1},
		{"unbound prefix", "<p:a/>", 0},
		{"unbound prefix of an attribute", "<a p:b=''/>", 9},
		{"prefix out of scope", "<a><b xmlns:p='u'/><p:c/></a>", 19},
		{"prefix bound to nothing", "<a xmlns:p=''/>", 13},
		{"xmlns declared", "<a xmlns:xmlns='u'/>", 18},
		{"xml rebound", "<a xmlns:xml='u'/>", 16},
		{"element in xmlns", "<xmlns:a/>", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := dump(tt.in, xmllimit.Limits{})
			var se *xmllimit.SyntaxError
			if !errors.As(err, &se) {
				t.Fatalf("scan %q: got %v, want a SyntaxError", tt.in, err)
			}
			if se.Offset != tt.offset {
				t.Errorf("scan %q: got %q, want offset %d", tt.in, se, tt.offset)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		limit    func(n int) xmllimit.Limits
		n        int // just enough for in
	}{
		{"depth", "<a><b><c/></b></a>", func(n int) xmllimit.Limits { return xmllimit.Limits{Depth: n} }, 3},
		{"attributes", "<a b='' c=''/>", func(n int) xmllimit.Limits { return xmllimit.Limits{Attrs: n} }, 2},
		{"attribute bytes", "<a b='12345'/>", func(n int) xmllimit.Limits { return xmllimit.Limits{AttrBytes: n} }, 5},
		{"name bytes", "<a b:cd='' xmlns:b='u'/>", func(n int) xmllimit.Limits { return xmllimit.Limits{NameBytes: n} }, 7},
		{"text bytes", "<a>123<b/>12345</a>", func(n int) xmllimit.Limits { return xmllimit.Limits{TextBytes: n} }, 5},
		{"tokens", "<a>1<!-- 2 --><b/></a>", func(n int) xmllimit.Limits { return xmllimit.Limits{Tokens: n} }, 6},
		{"namespaces", "<a xmlns='1'><b xmlns:p='2'/><c xmlns:p='2'/></a>", func(n int) xmllimit.Limits { return xmllimit.Limits{Namespaces: n} }, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := xmllimit.Check([]byte(tt.in), tt.limit(tt.n)); err != nil {
				t.Errorf("at the limit %d: %v", tt.n, err)
			}
			err := xmllimit.Check([]byte(tt.in), tt.limit(tt.n-1))
			var le *xmllimit.LimitError
			if !errors.As(err, &le) || le.Limit != int64(tt.n-1) {
				t.Errorf("at the limit %d: got %v, want a LimitError", tt.n-1, err)
			}
		})
	}
}

func TestErrorIsKept(t *testing.T) {
	t.Parallel()
	s := xmllimit.NewScanner([]byte("<a><b>"), xmllimit.Limits{Depth: 1})
	for range 3 {
		_, err := s.Next()
		t.Log(err)
	}
	_, first := s.Next()
	_, second := s.Next()
	if first == nil || first != second {
		t.Errorf("got %v then %v, want the same error again", first, second)
	}
}

func TestSkipAndText(t *testing.T) {
	t.Parallel()
	const in = `<a><skip>x<y/>z</skip><text>o<n>no</n>n&amp;e</text><empty/><raw>1 <b/></raw></a>`
	s := xmllimit.NewScanner([]byte(in), xmllimit.Limits{})
	got := map[string]string{}
	for {
		tok, err := s.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if tok.Kind != xmllimit.Start || s.Depth() != 2 {
			continue
		}
		switch {
		case tok.Is("", "raw"):
			if err := s.Skip(); err != nil {
				t.Fatal(err)
			}
			got["raw"] = in[tok.Offset:s.Offset()]
		case tok.Is("", "skip"):
			if err := s.Skip(); err != nil {
				t.Fatal(err)
			}
		default:
			text, err := s.AppendText(nil)
			if err != nil {
				t.Fatal(err)
			}
			got[string(tok.Name)] = string(text)
		}
	}
	want := map[string]string{"text": "on&e", "empty": "", "raw": "<raw>1 <b/></raw>"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSelfClosingIsMarkedOnBothTokens(t *testing.T) {
	t.Parallel()
	s := xmllimit.NewScanner([]byte("<a><b /></a>"), xmllimit.Limits{})
	var got []string
	for {
		tok, err := s.Next()
		if err != nil {
			break
		}
		got = append(got, fmt.Sprint(string(tok.Name), tok.Kind, tok.SelfClosing, s.Offset()))
	}
	want := []string{"a1 false 3", "b1 true 8", "b2 true 8", "a2 false 12"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAttrLookup(t *testing.T) {
	t.Parallel()
	s := xmllimit.NewScanner([]byte(`<a id="&lt;1" xmlns:p="u" p:id="2"/>`), xmllimit.Limits{})
	tok, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := tok.Attr("id"); !ok || string(v) != "&lt;1" {
		t.Errorf("Attr(id) = %q, %v", v, ok)
	}
	if v, ok := tok.Attr("p:id"); !ok || string(v) != "2" {
		t.Errorf("Attr(p:id) = %q, %v", v, ok)
	}
	if _, ok := tok.Attr("nope"); ok {
		t.Error("Attr(nope) found something")
	}
	if p := tok.Attrs[2].Prefix(); string(p) != "p" || tok.Attrs[0].Prefix() != nil {
		t.Errorf("prefixes %q, %q", p, tok.Attrs[0].Prefix())
	}
}

func TestScannerDoesNotAllocatePerToken(t *testing.T) {
	in := []byte("<r xmlns='u'>" + strings.Repeat(`<p:a xmlns:p="v" b="1&amp;2"><c/>text &lt; more</p:a>`, 100) + "</r>")
	s := xmllimit.NewScanner(in, xmllimit.Limits{})
	n := testing.AllocsPerRun(20, func() {
		s.Reset(in, xmllimit.Limits{})
		for {
			if _, err := s.Next(); err != nil {
				if err != io.EOF {
					t.Fatal(err)
				}
				return
			}
		}
	})
	if n > 0 {
		t.Errorf("%v allocations for a document of 500 tokens, want none", n)
	}
}
