package wsusutil

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"pgregory.net/rapid"

	"sluice/wsus/update"
)

func write(id update.Identity, doc string) string {
	return fmt.Sprintf("%v,%08x,%08x,%s\r\n", id.ID, id.Number, len(utf16.Encode([]rune(doc))), doc)
}

// readRecords reads all of a stream, at most 1,000 code units a document.
func readRecords(r io.Reader) (recs []record, err error) {
	rr := recordReader{r: bufio.NewReaderSize(r, 16), max: 1000}
	for {
		rec, err := rr.next()
		if err == io.EOF {
			return recs, nil
		}
		if err != nil {
			return recs, err
		}
		recs = append(recs, rec)
	}
}

// TestRecords reads any texts, with characters of one to four bytes at every
// place of a read.
func TestRecords(t *testing.T) {
	t.Parallel()
	char := rapid.SampledFrom([]rune("a<,\r\n0\u00e9\u20ac\ufffd\U0001D11E\U0010FFFF"))
	rapid.Check(t, func(t *rapid.T) {
		docs := rapid.SliceOf(rapid.StringOf(char)).Draw(t, "documents")
		var stream strings.Builder
		for i, doc := range docs {
			stream.WriteString(write(update.Identity{ID: update.ID{byte(i)}, Number: int32(i)}, doc))
		}
		r := io.Reader(strings.NewReader(stream.String()))
		if rapid.Bool().Draw(t, "slow") {
			r = iotest.OneByteReader(r)
		}
		recs, err := readRecords(r)
		if err != nil || len(recs) != len(docs) {
			t.Fatalf("%d of %d records, %v", len(recs), len(docs), err)
		}
		for i, rec := range recs {
			if string(rec.doc) != docs[i] || rec.id.Number != int32(i) || rec.id.ID != (update.ID{byte(i)}) {
				t.Fatalf("record %d is %v %q, want %q", i+1, rec.id, rec.doc, docs[i])
			}
		}
	})
}

func TestRecordErrors(t *testing.T) {
	t.Parallel()
	id := update.Identity{ID: update.ID{1}, Number: 1}
	one := write(id, "<a/>")
	for _, tt := range []struct {
		name, stream, want string
	}{
		{"at the limit", write(id, strings.Repeat("x", 1000)), ""},
		{"at the limit in pairs", write(id, strings.Repeat("\U0001D11E", 500)), ""},
		{"over the limit", write(id, strings.Repeat("x", 1001)), "record 1: a document of 1001 characters is over the limit of 1000"},
		{"half a pair", strings.Replace(write(id, "\U0001D11E"), "00000002,", "00000001,", 1), "ends inside a character"},
		{"half a character at the end", one + one[:55] + "\xf0\x9d", "record 2: the document is not UTF-8"},
		{"negative number", strings.Replace(one, ",00000001,", ",ffffffff,", 1), "record 1: the record does not have the form"},
		{"no comma", strings.Replace(one, ",00", ";00", 1), "record 1: the record does not have the form"},
		{"braces", "{" + one, "record 1: the record does not have the form"},
		{"upper case", strings.ToUpper(one[:36]) + one[36:], ""},
		{"a replacement character", write(id, "\ufffd"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := readRecords(strings.NewReader(tt.stream))
			if tt.want == "" && err == nil {
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || tt.want == "" {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	broken := errors.New("broken")
	if _, err := readRecords(io.MultiReader(strings.NewReader(one+one[:60]), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("error %v, want that of the reader", err)
	}
}

// FuzzRecords checks that what is read as records is written the same again,
// and that nothing else happens.
func FuzzRecords(f *testing.F) {
	id := update.Identity{ID: update.ID{0xAB}, Number: 200}
	f.Add([]byte(write(id, "<a>\r\n</a>") + write(id, "\u20ac\U0001D11E")))
	f.Add([]byte(write(id, "")))
	f.Fuzz(func(t *testing.T, stream []byte) {
		recs, err := readRecords(strings.NewReader(string(stream)))
		var again strings.Builder
		for _, r := range recs {
			again.WriteString(write(r.id, string(r.doc)))
		}
		if err == nil && !strings.EqualFold(again.String(), string(stream)) {
			t.Errorf("%q was read as records and is written as %q", stream, again.String())
		}
		if again.Len() > len(stream) {
			t.Errorf("%d bytes became %d", len(stream), again.Len())
		}
	})
}
