package offlinescan

import (
	"bufio"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"sluice/catalogimport/bounded"
)

// TestTags reads documents whole and byte by byte.
func TestTags(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", maxTag)
	for _, tt := range []struct{ name, doc, want, err string }{
		{"elements", "\xEF\xBB\xBF" + `<?xml version="1.0" encoding="UTF-8"?> <a><b x='1"&lt;>' /> text <!-- <c> --> <c y="2" ></c ></a> ` + "\n", `a a/b=1"<> a/c`, ""},
		{"a root alone", `<a/>`, "a", ""},
		{"nothing", "", "", "before its root"},
		{"no end", "<a><b></b>", "a a/b", "before its root"},
		{"no end of a tag", `<a><b c="`, "a", "before its root"},
		{"no end of a comment", `<a><!-- ->`, "a", "before its root"},
		{"mixed up", "<a><b></a></b>", "a a/b", "does not match"},
		{"an end too much", "</a>", "", "does not match"},
		{"two roots", "<a/><b/>", "a", "something follows"},
		{"much space behind", "<a/>" + strings.Repeat(" ", 2000), "a", "white space"},
		{"text in front", "x<a/>", "", "not XML"},
		{"not UTF-8", "<a>\xff</a>", "a", "UTF-8"},
		{"an entity in a text", "<a>&b;</a>", "a", "entity"},
		{"a bad comment", "<a><!-- -- --></a>", "a", "xml"},
		{"not UTF-8 in a tag", "<a x=\"\xff\"/>", "", "UTF-8"},
		{"another encoding", `<?xml version="1.0" encoding="utf-16"?><a/>`, "", "not XML"},
		{"a declaration in the midst", `<a><?xml version="1.0"?></a>`, "a", "no element"},
		{"an instruction", `<a><?b?></a>`, "a", "instruction"},
		{"a document type", `<!DOCTYPE a><a/>`, "", "type"},
		{"CDATA", `<a><![CDATA[<b/>]]></a>`, "a", ""},
		{"an entity", `<a x="&b;"/>`, "", "entity"},
		{"an attribute twice", `<a x="1" x="2"/>`, "", "attribute"},
		{"a prefix", `<p:a/>`, "", "prefix"},
		{"an empty tag", `<a><></a>`, "a", "name"},
		{"a tag in a tag", `<a <b/>`, "", "no legal name"},
		{"at the depth", strings.Repeat("<a>", maxDepth-1) + "<b x='1'/>" + strings.Repeat("</a>", maxDepth-1), "", ""},
		{"too deep", strings.Repeat("<a>", maxDepth+1), "", "more than 16 deep"},
		{"a long tag", "<" + long + "/>", "", "a tag is longer"},
		{"a long text", "<a>" + long + "</a>", "a", "a text is longer"},
		{"a long comment", "<a><!--" + long + "--></a>", "a", "is longer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []io.Reader{strings.NewReader(tt.doc), iotest.OneByteReader(strings.NewReader(tt.doc))} {
				tags := newTagReader(r)
				var got []string
				var err error
				for {
					path, tag, e := tags.next()
					if err = e; err != nil {
						break
					}
					s := strings.Join(path, "/")
					if v := attribute(&tag, "x"); v != "" {
						s += "=" + v
					}
					got = append(got, s)
				}
				if s := strings.Join(got, " "); tt.want != "" && s != tt.want {
					t.Errorf("elements %q, want %q", s, tt.want)
				}
				if tt.name == "CDATA" {
					if err == io.EOF {
						t.Error("a CDATA section was read over")
					}
				} else if (tt.err == "") != (err == io.EOF) || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(tt.err)) {
					t.Errorf("error %v, want %q", err, tt.err)
				}
			}
		})
	}
}

// FuzzTags compares what is accepted with what encoding/xml makes of it.
func FuzzTags(f *testing.F) {
	f.Add(`<?xml version="1.0"?><a><b x="1&amp;" y='>'/><!-- c --><b></b></a>`)
	f.Add(`<a><?xml version="1.0"?></a>`)
	f.Add("\xEF\xBB\xBF<a>\n</a>")
	f.Fuzz(func(t *testing.T, doc string) {
		read := func() (s string, err error) {
			tags := newTagReader(strings.NewReader(doc))
			for {
				path, tag, err := tags.next()
				if err != nil {
					return s, err
				}
				s += strings.Join(path, "/") + "=" + attribute(&tag, "x") + "\n"
			}
		}
		got, err := read()
		if err != io.EOF {
			return
		}
		var want string
		x := bounded.NewXML(bufio.NewReader(strings.NewReader(doc)), bounded.XMLLimits{Depth: 64, Token: 1 << 20})
		for {
			path, attrs, err := x.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				if strings.Contains(err.Error(), "encoding") || strings.Contains(err.Error(), "version") {
					return // the declaration is not looked at so closely
				}
				t.Fatalf("%q is accepted; encoding/xml: %v", doc, err)
			}
			v := ""
			for _, a := range attrs {
				if a.Name.Space == "" && a.Name.Local == "x" {
					v = a.Value
				}
			}
			want += strings.Join(path, "/") + "=" + v + "\n"
		}
		if got != want {
			t.Errorf("%q: %q, encoding/xml %q", doc, got, want)
		}
	})
}
