package soap_test

import (
	"bytes"
	"context"
	"testing"

	"pgregory.net/rapid"

	"sluice/wsus/soap"
	"sluice/wsus/soap/xpress"
)

func TestRawFormsAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var want []byte
		raw := new(soap.Raw)
		raw.WriteString("left from before")
		raw.Reset()
		fill(t, raw, &want, 2)
		check(t, raw, want)
		more := []byte("appended after the lengths were asked for")
		raw.Append(func(b []byte) []byte { return append(b, more...) })
		check(t, raw, append(want, more...))
	})
}

// fill adds pieces to raw, and what they say to want.
func fill(t *rapid.T, raw *soap.Raw, want *[]byte, depth int) {
	for range rapid.IntRange(0, 6).Draw(t, "pieces") {
		text := bytes.Repeat([]byte(rapid.StringN(0, 10, -1).Draw(t, "text")), rapid.IntRange(0, 3000).Draw(t, "times"))
		switch kind := rapid.IntRange(0, 2).Draw(t, "kind"); {
		case kind == 0:
			raw.Write(text)
		case kind == 1:
			coded := xpress.AppendEncode(nil, text)
			cut := rapid.IntRange(0, len(coded)).Draw(t, "cut")
			raw.Add(&soap.Blocks{Plain: int64(len(text)), Chunks: [][]byte{coded[:cut], coded[cut:]}})
		case depth > 0:
			inner := new(soap.Raw)
			fill(t, inner, want, depth-1)
			raw.Add(inner)
			continue
		default:
			continue
		}
		*want = append(*want, text...)
	}
}

func check(t *rapid.T, raw *soap.Raw, want []byte) {
	var plain, coded bytes.Buffer
	if err := raw.WritePlain(context.Background(), &plain); err != nil || !bytes.Equal(plain.Bytes(), want) {
		t.Fatalf("plain: %d bytes, %v, want %d", plain.Len(), err, len(want))
	}
	if n := raw.PlainLen(); n != int64(len(want)) {
		t.Fatalf("PlainLen %d, want %d", n, len(want))
	}
	n := raw.XpressLen()
	if err := raw.WriteXpress(context.Background(), &coded); err != nil || n != int64(coded.Len()) {
		t.Fatalf("XpressLen %d of %d, %v", n, coded.Len(), err)
	}
	got, err := xpress.Decode(nil, coded.Bytes(), len(want))
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("xpress: %d bytes, %v, want %d", len(got), err, len(want))
	}
}

func TestBlocksThatEndEarly(t *testing.T) {
	t.Parallel()
	coded := xpress.AppendEncode(nil, []byte("some text"))
	b := &soap.Blocks{Plain: 9, Chunks: [][]byte{coded[:len(coded)-1]}}
	if err := b.WritePlain(t.Context(), new(bytes.Buffer)); err == nil {
		t.Error("a block that is cut short gave no error")
	}
}

func TestAppendEscaped(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":               "",
		`<a b="c'">&`:    `&lt;a b="c'"&gt;&amp;`,
		"a\r\n\tb":       "a&#xD;\n\tb",
		"ä😀":             "ä😀",
		"\x01\xff\ufffe": "\ufffd\ufffd\ufffd",
	} {
		if got := soap.AppendEscaped([]byte("x"), []byte(in)); string(got) != "x"+want {
			t.Errorf("AppendEscaped(%q) = %q, want %q", in, got, "x"+want)
		}
	}
}
