package wsusutil

import (
	"bufio"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/update"
)

const (
	exampleID     = "a0a08746-4dbe-4a37-9adf-9e7652c0b421"
	exampleDigest = "AQIDBAUGBwgJCgsMDQ4PEBESExQ="
	example       = "\ufeff" + `<?xml version="1.0" encoding="utf-8"?><ExportPackage ServerID="x"><Languages/>
<Files><File Digest="` + exampleDigest + `" MUUrl="http://x/a.cab" Name="a.cab"/></Files>
<Updates><Update UpdateId="` + exampleID + `" RevisionNumber="201"><Files><File Digest="` + exampleDigest + `"/><File Digest="` + exampleDigest + `"/></Files></Update>
<Update UpdateId="` + exampleID + `" RevisionNumber="200"><Files/></Update></Updates></ExportPackage>`
)

func read(text string) (*index, string, error) {
	br := bufio.NewReader(strings.NewReader(text))
	ix, err := readIndex(br, IndexLimits{Updates: 100, Files: 100, Text: 1000})
	rest, _ := io.ReadAll(br)
	return ix, string(rest), err
}

func TestIndex(t *testing.T) {
	t.Parallel()
	ix, rest, err := read(example + "rest")
	if err != nil || rest != "rest" {
		t.Fatalf("%v, %q is left", err, rest)
	}
	id := update.MustParseID(exampleID)
	d, err := update.ParseDigest(exampleDigest)
	if err != nil {
		t.Fatal(err)
	}
	file := update.File{Digest: d, Name: "a.cab", URL: "http://x/a.cab"}
	for _, tt := range []struct {
		number int32
		files  []update.File
		listed bool
	}{
		{201, []update.File{file, file}, true}, {200, nil, true}, {199, nil, false}, {202, nil, false},
	} {
		files, listed := ix.files(update.Identity{ID: id, Number: tt.number})
		if diff := cmp.Diff(tt.files, files); diff != "" || listed != tt.listed {
			t.Errorf("revision %d: listed %v, files (-want +got):\n%s", tt.number, listed, diff)
		}
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte("<ExportPackage/>"))
	f.Add([]byte("<!DOCTYPE x><ExportPackage>&x;</ExportPackage>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		ix, rest, err := read(string(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "package.xml: ") {
				t.Errorf("error %v does not say where", err)
			}
			return
		}
		if len(ix.updates) > 100 || len(ix.digests)+len(ix.places) > 100 || len(ix.text) > 1000 {
			t.Errorf("%d updates, %d files, %d bytes", len(ix.updates), len(ix.digests)+len(ix.places), len(ix.text))
		}
		if !strings.HasSuffix(string(text), rest) {
			t.Errorf("%q is left of %q", rest, text)
		}
		for _, u := range ix.updates {
			if _, listed := ix.files(u.id); !listed {
				t.Errorf("%v is not found", u.id)
			}
		}
	})
}
