package catalogimport_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"sluice/catalogimport"
	"sluice/catalogimport/bounded"
	"sluice/catalogimport/cabinet"
	"sluice/catalogimport/cabinet/cabwrite"
	"sluice/wsus/update"
)

// hostile are documents that must be refused, by their names, with a part of the
// reason.
func hostile() []struct{ name, doc, reason string } {
	const open = `<upd:Update xmlns:upd="http://schemas.microsoft.com/msus/2002/12/Update">`
	return []struct{ name, doc, reason string }{
		{"depth", open + strings.Repeat("<a>", 10_000), "levels of elements"},
		{"attributes", `<upd:Update ` + manyAttributes(10_000) + `/>`, "attributes"},
		{"a long attribute", `<upd:Update a="` + strings.Repeat(" ", 2<<20) + `"/>`, "attribute"},
		{"an entity", open + `&lol;</upd:Update>`, "xml:"},
		{"a document type", `<!DOCTYPE lolz [<!ENTITY lol "lol">]>` + open, "document type"},
		{"an external entity", `<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>`, "document type"},
		{"a processing instruction", open + `<?php ?></upd:Update>`, "processing instruction"},
		{"nothing in a document", strings.Repeat(" ", 1<<20), "xml:"},
		{"no end", open, "xml:"},
		{"two roots", `<a/><b/>`, "unexpected element"},
	}
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `a%d="" `, i)
	}
	return b.String()
}

// TestHostileDocuments mixes hostile documents with good ones, as files and as
// records: only the hostile are refused.
func TestHostileDocuments(t *testing.T) {
	t.Parallel()
	items, revs := demo(t)
	dir := t.TempDir()
	recs, named := records(items), revs
	for i, h := range hostile() {
		writeFile(t, dir, h.name+".xml", []byte(h.doc))
		id := update.Identity{ID: update.ID{0xFF, byte(i)}, Number: 1}
		recs += record(id, []byte(h.doc))
		named = append(named, &update.Revision{Identity: id})
	}
	writeFile(t, dir, "not text.xml", []byte("<upd:Update xmlns:upd='http://schemas.microsoft.com/msus/2002/12/Update'>\xff\xfe</upd:Update>"))
	writeFile(t, dir, "good.xml", items[0].Document)

	a := newAppliance()
	rep := a.mustImport(t, dir)
	reasons := map[string]string{}
	for _, r := range rep.Refused {
		reasons[r.Item] = r.Reason
	}
	if rep.New != 1 || len(reasons) != len(hostile())+1 {
		t.Errorf("documents: %d new, refused %v", rep.New, rep.Refused)
	}
	for _, h := range hostile() {
		if got := reasons[h.name+".xml"]; !strings.Contains(got, h.reason) {
			t.Errorf("%s was refused for %q, want %q", h.name, got, h.reason)
		}
	}
	rep = newAppliance().mustImport(t, medium(t, "e.cab", cab(t, cabwrite.MSZIP, "package.xml", packageXML(named), "metadata.txt", recs)))
	if rep.New != len(items) || len(rep.Refused) != len(hostile()) {
		t.Errorf("records: %d new, refused %v", rep.New, rep.Refused)
	}
}

// TestBrokenExports gives exports whose framing or index is wrong: all of it is
// refused, and the text says where.
func TestBrokenExports(t *testing.T) {
	t.Parallel()
	items, revs := demo(t)
	index, recs := packageXML(revs), records(items)
	last := records(items[len(items)-1:])
	export := func(index, recs string) []byte {
		return cab(t, cabwrite.MSZIP, "package.xml", index, "metadata.txt", recs)
	}
	shorter := strings.Replace(recs, fmt.Sprintf(",%08x,<", utf16Len(items[1].Document)), fmt.Sprintf(",%08x,<", utf16Len(items[1].Document)-1), 1)
	longer := strings.Replace(recs, fmt.Sprintf(",%08x,<", utf16Len(items[1].Document)), fmt.Sprintf(",%08x,<", utf16Len(items[1].Document)+1), 1)
	deep := strings.Replace(index, "<Languages>", strings.Repeat("<Languages>", 100), 1)
	long := strings.Replace(index, "<Languages>", `<Languages a="`+strings.Repeat("x", 1<<20)+`">`, 1)
	for _, tt := range []struct {
		name  string
		data  []byte
		texts []string
	}{
		{"a length too small", export(index, shorter), []string{"metadata.txt, record 2: ", "does not end where its length"}},
		{"a length too large", export(index, longer), []string{"metadata.txt, record 2: ", "does not end where its length"}},
		{"a huge length", export(index, recs+last[:46]+"7fffffff,<"), []string{fmt.Sprintf("record %d: a document of 2147483647 characters", len(items)+1)}},
		{"a length of what is not there", export(index, recs+last[:46]+"07ffffff,<"), []string{"it breaks off"}},
		{"a length that is none", export(index, recs+last[:46]+"zzzzzzzz,<"), []string{"guid,revision,length,document"}},
		{"an id that is none", export(index, "x"+recs), []string{"record 1: "}},
		{"cut in a record", export(index, recs[:len(recs)-3]), []string{fmt.Sprintf("record %d: it breaks off", len(items)), "unexpected EOF"}},
		{"cut in a line end", export(index, recs[:len(recs)-1]), []string{"it breaks off"}},
		{"cut in a head", export(index, recs+last[:20]), []string{fmt.Sprintf("record %d: it breaks off", len(items)+1)}},
		{"cut between records", export(index, strings.TrimSuffix(recs, last)), []string{"lists 25 updates, metadata.txt holds 24"}},
		{"invalid UTF-8", export(index, recs[:len(recs)-9]+"\xff"+recs[len(recs)-8:]), []string{"not UTF-8"}},
		{"line ends that were changed", export(index, strings.ReplaceAll(recs, "\r\n", "\n")), []string{"record 1: "}},
		{"a record that is not listed", export(packageXML(revs[1:]), recs), []string{"record 1: package.xml does not list"}},
		{"no index", export("", recs), []string{"package.xml: unexpected EOF"}},
		{"an index cut short", export(index[:len(index)-20], recs), []string{"package.xml: "}},
		{"an index with more behind", export(index+"<x/>", recs), []string{"something follows its root"}},
		{"an index of something else", export("<Package/>", recs), []string{`the root is "Package"`}},
		{"an index with a document type", export("<!DOCTYPE x><ExportPackage/>", recs), []string{"a document type is not allowed"}},
		{"an index with an entity", export("<ExportPackage>&x;</ExportPackage>", recs), []string{"package.xml: "}},
		{"a deep index", export(deep, recs), []string{"more than 16 deep"}},
		{"a long tag in the index", export(long, recs), []string{"a tag or text is longer"}},
		{"a bad id in the index", export(strings.Replace(index, `UpdateId="`, `UpdateId="x`, 1), recs), []string{"attribute UpdateId"}},
		{"a bad number in the index", export(strings.Replace(index, `RevisionNumber="`, `RevisionNumber="-`, 1), recs), []string{"attribute RevisionNumber"}},
		{"a number with more behind", export(strings.Replace(index, `RevisionNumber="100"`, `RevisionNumber="100x"`, 1), recs), []string{"attribute RevisionNumber"}},
		{"a bad digest in the index", export(strings.Replace(index, `Digest="`, `Digest="x`, 1), recs), []string{"attribute Digest of a File"}},
		{"gzip of an index alone", gz(t, index), []string{"this form of an export is not known"}},
		{"gzip of nothing", gz(t, ""), []string{"unpacks to nothing"}},
		{"gzip of something", gz(t, strings.Repeat("hello ", 100)), []string{"record 1: ", "guid,revision"}},
		{"gzip with more behind", append(gz(t, recs), "trailing garbage"...), []string{"gzip: invalid header"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newAppliance()
			path := medium(t, "export", tt.data)
			_, err := a.importPath(path)
			wantRefused(t, err, append(tt.texts, path)...)
			if a.state != "" && a.state != "abandoned" || len(a.applied) > 0 {
				t.Errorf("the import is %s with %d revisions", a.state, len(a.applied))
			}
		})
	}
}

func utf16Len(doc []byte) int {
	n := 0
	for _, c := range string(doc) {
		if n++; c > 0xFFFF {
			n++
		}
	}
	return n
}

// TestBombs unpacks a gigabyte of nothing, in several places, within
// a little memory.
func TestBombs(t *testing.T) {
	items, revs := demo(t)
	const much = 1 << 30
	lim := catalogimport.DefaultLimits()
	lim.Export.Total = much / 2
	lim.Export.Document = 1 << 20
	head := strings.TrimSuffix(record(items[0].Expect, nil), "00000000,\r\n")
	for _, tt := range []struct {
		name, before, fill, text string
	}{
		{"zeros", "", "\x00", "guid,revision"},
		{"spaces after the index", packageXML(revs), " ", "white space"},
		{"spaces in the index", "<ExportPackage>", " ", "longer than an index"},
		{"a comment in the index", "<ExportPackage><!--", " ", "longer than an index"},
		{"an attribute of the index", `<ExportPackage a="`, "a", "longer than an index"},
		{"empty elements", "<ExportPackage><", "<", "XML syntax"},
		{"a document", head + "10000000,", " ", "over the limit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := medium(t, "bomb.xml.gz", bomb(t, tt.before, tt.fill, much))
			grown := allocated(func() {
				src, err := catalogimport.Open(context.Background(), path, "", lim)
				if err != nil {
					t.Fatal(err)
				}
				defer src.Close()
				_, err = newAppliance().ingest(context.Background(), src)
				wantRefused(t, err, tt.text)
			})
			if grown > 16<<20 {
				t.Errorf("%d MB were allocated", grown>>20)
			}
		})
	}
	t.Run("endless records", func(t *testing.T) {
		lim := lim
		lim.Export.Total = 16 << 20
		one := record(items[0].Expect, bytes.Repeat([]byte(" "), 1<<20))
		path := medium(t, "bomb.xml.gz", bomb(t, "", one, much))
		src, err := catalogimport.Open(context.Background(), path, "", lim)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		_, err = newAppliance().ingest(context.Background(), src)
		wantRefused(t, err, "it unpacks to more than the limit")
		if !errors.As(err, new(*bounded.LimitError)) {
			t.Errorf("error %v", err)
		}
	})
}

// bomb is a gzip file of many parts, of which each but the first is the same.
func bomb(t *testing.T, before, fill string, n int) []byte {
	fill = strings.Repeat(fill, max(1, (1<<20)/len(fill)))
	return append(gz(t, before), bytes.Repeat(gz(t, fill), n/len(fill))...)
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestLimits sets each limit to what a good medium has, and to one less.
func TestLimits(t *testing.T) {
	t.Parallel()
	items, revs := demo(t)
	files, text := 0, 0
	for _, r := range revs {
		for _, f := range r.Files {
			files, text = files+2, text+len(f.Name)+len("http://download.example/"+f.Name)
		}
	}
	longest := 0
	for _, it := range items {
		longest = max(longest, utf16Len(it.Document))
	}
	scan := len(newMSU(t).scanCab(t))
	good := goodMedia(t)
	for _, tt := range []struct {
		name, medium string
		exact        int
		set          func(l *catalogimport.Limits, n int)
		text         string
	}{
		{"updates", "export.cab", len(revs), func(l *catalogimport.Limits, n int) { l.Export.Index.Updates = n }, "updates"},
		{"files", "export.cab", files, func(l *catalogimport.Limits, n int) { l.Export.Index.Files = n }, "files"},
		{"text", "export.cab", text, func(l *catalogimport.Limits, n int) { l.Export.Index.Text = n }, "file names and locations"},
		{"document", "export.cab", longest, func(l *catalogimport.Limits, n int) { l.Export.Document = int64(n) }, "over the limit"},
		{"total", "records.xml.gz", len(records(items)), func(l *catalogimport.Limits, n int) { l.Export.Total = int64(n) }, "unpacks to more"},
		{"files of a folder", "documents", len(items) + files/2, func(l *catalogimport.Limits, n int) { l.Documents.Files = n }, "files"},
		{"metadata of a package", "package.msu", max(scan, metadataSize(newMSU(t))), func(l *catalogimport.Limits, n int) { l.Package.Metadata = int64(n) }, "limit"},
		{"members", "export.cab", 2, func(l *catalogimport.Limits, n int) { l.Cabinet.Members = n }, "over the limit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, n := range []int{tt.exact, tt.exact - 1} {
				lim := catalogimport.DefaultLimits()
				tt.set(&lim, n)
				src, err := catalogimport.Open(context.Background(), good[tt.medium], "", lim)
				if err == nil {
					_, err = newAppliance().ingest(context.Background(), src)
					src.Close()
				}
				if n == tt.exact {
					if err != nil {
						t.Errorf("at the limit of %d: %v", n, err)
					}
					continue
				}
				wantRefused(t, err, tt.text)
			}
		})
	}
}

// metadataSize is what the fragments of a package come to.
func metadataSize(p *msuParts) int {
	n := 0
	for name, data := range p.scan {
		if name != "package.xml" && !strings.HasPrefix(name, "files/") {
			n += len(data)
		}
	}
	return n
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		data []byte
		text string
	}{
		{"empty", nil, "the file is empty"},
		{"one byte", []byte("M"), "neither a cabinet"},
		{"text", []byte("hello"), "neither a cabinet"},
		{"a program", []byte("MZ\x90\x00"), "a program"},
		{"an image", []byte("MSWIM\x00\x00\x00\xd0"), "WIM generation"},
		{"a payload", []byte("PSTREAM\x00"), ".psf"},
		{"an archive", []byte("PK\x03\x04"), "unpack it"},
		{"an installer", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "an installer"},
		{"a document", demoDocument(t, 0), "import the folder that it lies in"},
		{"an index", []byte(packageXML(nil)), "import the export itself"},
		{"a web page", []byte("\r\n<!DOCTYPE HTML><html>"), "a web page"},
		{"an offline scan file", cab(t, cabwrite.None, "index.xml", "<x/>", "package.cab", "y"), "offline scan file"},
		{"a bare package", cab(t, cabwrite.None, "update.mum", "<x/>"), "import the .msu"},
		{"some cabinet", cab(t, cabwrite.None, "a", "b"), "a cabinet of 1 members"},
		{"half a cabinet", exportCab(t)[:len(exportCab(t))/2], "bytes are missing: the copy or download is incomplete"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := medium(t, "m.msu", tt.data)
			_, err := catalogimport.Open(context.Background(), path, "", catalogimport.DefaultLimits())
			wantRefused(t, err, path, tt.text)
			if strings.Count(err.Error(), path) != 1 {
				t.Errorf("error %q names the file more than once", err)
			}
		})
	}
	t.Run("a part of a set says so", func(t *testing.T) {
		t.Parallel()
		part := exportCab(t)
		part[30] |= 2 // a next cabinet follows
		_, err := catalogimport.Open(context.Background(), medium(t, "m.cab", part), "", catalogimport.DefaultLimits())
		wantRefused(t, err, "part of a set", "one piece")
		if !errors.Is(err, cabinet.ErrMultipart) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("an empty folder", func(t *testing.T) {
		t.Parallel()
		_, err := catalogimport.Open(context.Background(), t.TempDir(), "", catalogimport.DefaultLimits())
		wantRefused(t, err, "holds no update documents")
	})
}

// TestOpenFails is about paths that say nothing about a medium.
func TestOpenFails(t *testing.T) {
	t.Parallel()
	lim := catalogimport.DefaultLimits()
	dir := t.TempDir()
	export := writeFile(t, dir, "e.cab", exportCab(t))
	_, err := catalogimport.Open(context.Background(), filepath.Join(dir, "absent"), "", lim)
	if !errors.Is(err, os.ErrNotExist) || errors.As(err, new(*catalogimport.RefusedError)) {
		t.Errorf("an absent file: %v", err)
	}
	_, err = catalogimport.Open(context.Background(), export, filepath.Join(dir, "absent"), lim)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "content folder") {
		t.Errorf("an absent content folder: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, path := range goodMedia(t) {
		if _, err := catalogimport.Open(ctx, path, "", lim); !errors.Is(err, context.Canceled) || errors.As(err, new(*catalogimport.RefusedError)) {
			t.Errorf("%s, stopped: %v", name, err)
		}
	}
}

// TestChanged writes to a medium after it was opened.
func TestChanged(t *testing.T) {
	t.Parallel()
	for name, path := range goodMedia(t) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir() {
			continue
		}
		src, err := catalogimport.Open(context.Background(), path, "", catalogimport.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, "more")
		f.Close()
		a := newAppliance()
		_, err = a.ingest(context.Background(), src)
		wantRefused(t, err, path)
		if !errors.Is(err, bounded.ErrChanged) || a.state != "abandoned" {
			t.Errorf("%s: error %v, the import is %s", name, err, a.state)
		}
	}
}
