package catalogimport_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"sluice/catalogimport/cabinet/cabwrite"
	"sluice/wsus/metadata"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/update"
)

// demo is a small set of documents with what they say. The first has text beyond
// the basic plane of Unicode and line breaks between its elements.
func demo(tb testing.TB) ([]update.Item, []*update.Revision) {
	tb.Helper()
	items := synth.Demo()
	doc := bytes.Replace(items[0].Document, []byte("><"), []byte(">\r\n<"), 3)
	items[0].Document = bytes.Replace(doc, []byte("Title>"), []byte("Title>\U0001D11E \u20AC\n\U0001F600 "), 1)
	var revs []*update.Revision
	for _, it := range items {
		rev, _, err := metadata.Split(it.Document)
		if err != nil {
			tb.Fatal(err)
		}
		revs = append(revs, rev)
	}
	return items, revs
}

// record is one of metadata.txt.
func record(id update.Identity, doc []byte) string {
	return fmt.Sprintf("%v,%08x,%08x,%s\r\n", id.ID, id.Number, len(utf16.Encode([]rune(string(doc)))), doc)
}

func records(items []update.Item) string {
	var b strings.Builder
	for _, it := range items {
		b.WriteString(record(it.Expect, it.Document))
	}
	return b.String()
}

// packageXML is the index of an export of revs.
func packageXML(revs []*update.Revision) string {
	var files, updates strings.Builder
	for _, r := range revs {
		fmt.Fprintf(&updates, `<Update UpdateId="%v" RevisionNumber="%d"><Files>`, r.ID, r.Number)
		for _, f := range r.Files {
			fmt.Fprintf(&updates, `<File Digest="%s" />`, f.Digest.Base64())
			fmt.Fprintf(&files, `<File Digest="%s" MUUrl="http://download.example/%s" Name="%s" />`, f.Digest.Base64(), f.Name, f.Name)
		}
		updates.WriteString(`</Files><Categories /><Classifications /></Update>`)
	}
	return "\ufeff" + `<?xml version="1.0" encoding="utf-8"?><ExportPackage ServerID="a86cecaa-02ab-44a1-a09d-cac309aa7a3e" FormatVersion="1.0" ProtocolVersion="1.20">` +
		`<Languages><Language Id="1033" ShortName="en" LongName="English" Enabled="1" /></Languages>` +
		`<Files>` + files.String() + `</Files><Updates>` + updates.String() + `</Updates></ExportPackage>`
}

// cab makes a cabinet of names and contents in turn.
func cab(tb testing.TB, m cabwrite.Method, namesAndData ...string) []byte {
	tb.Helper()
	var files []cabwrite.File
	for i := 0; i < len(namesAndData); i += 2 {
		files = append(files, cabwrite.File{Name: namesAndData[i], Data: []byte(namesAndData[i+1])})
	}
	var b bytes.Buffer
	if err := cabwrite.Write(&b, files, m); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func gz(tb testing.TB, text string) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// exportCab is an export of the demonstration set.
func exportCab(tb testing.TB) []byte {
	items, revs := demo(tb)
	return cab(tb, cabwrite.MSZIP, "package.xml", packageXML(revs), "metadata.txt", records(items))
}

// msuParts are what a package is made of.
type msuParts struct {
	scan    map[string]string // members of package.cab
	names   []string          // their order
	payload update.File
	minted  []update.Identity
}

func (p *msuParts) set(name, data string) {
	if _, ok := p.scan[name]; !ok {
		p.names = append(p.names, name)
	}
	p.scan[name] = data
}

// newMSU splits the demonstration set into the fragments of a package whose
// packager made up the ids of a bundle and its member.
func newMSU(tb testing.TB) *msuParts {
	tb.Helper()
	items, revs := demo(tb)
	p := &msuParts{scan: map[string]string{}}
	bundle := bundleOf(tb, revs)
	member := bundle.Bundles[0][0]
	var index strings.Builder
	index.WriteString(`<?xml version="1.0"?><OfflineSyncPackage xmlns="http://schemas.microsoft.com/msus/2004/02/OfflineSync"><Updates>`)
	for i, it := range items {
		_, f, err := metadata.Split(it.Document)
		if err != nil {
			tb.Fatal(err)
		}
		n := 2000 + i
		p.set(fmt.Sprintf("core/%d", n), string(f.Core))
		p.set(fmt.Sprintf("extended/%d", n), string(f.Extended))
		for _, l := range f.Localized {
			p.set(fmt.Sprintf("localized/%s/%d", l.Language, n), string(l.XML))
		}
		for _, l := range f.Eula {
			p.set(fmt.Sprintf("eula/%s/%d", l.Language, n), string(l.XML))
		}
		id := revs[i].ID
		if revs[i].Identity == bundle.Identity || revs[i].Identity == member {
			id[0] ^= 0xFF
			p.minted = append(p.minted, revs[i].Identity)
		}
		if revs[i].Identity == member {
			p.payload = revs[i].Files[0]
		}
		fmt.Fprintf(&index, `<Update UpdateId="%v" RevisionNumber="%d" RevisionId="%d"><Categories /></Update>`, id, revs[i].Number, n)
	}
	index.WriteString(`</Updates></OfflineSyncPackage>`)
	p.set("package.xml", index.String())
	p.set("files/AB/ABCDEF", "a license text")
	return p
}

func bundleOf(tb testing.TB, revs []*update.Revision) *update.Revision {
	tb.Helper()
	for _, r := range revs {
		if len(r.Bundles) > 0 {
			return r
		}
	}
	tb.Fatal("no bundle in the demonstration set")
	return nil
}

func (p *msuParts) scanCab(tb testing.TB) string {
	var all []string
	for _, name := range p.names {
		all = append(all, name, p.scan[name])
	}
	return string(cab(tb, cabwrite.None, "package.cab", string(cab(tb, cabwrite.MSZIP, all...))))
}

func (p *msuParts) msu(tb testing.TB) []byte {
	payload := payloadOf(tb, p.payload)
	return cab(tb, cabwrite.None, "Harbor-pkgProperties.txt", "KB Article Number=\"1\"\r\n", "WSUSSCAN.cab", p.scanCab(tb),
		p.payload.Name, payload, "Harbor.xml", "<unattend />")
}

func payloadOf(tb testing.TB, f update.File) string {
	tb.Helper()
	b, err := io.ReadAll(synth.Payload(f))
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// writeFile writes below dir and returns the path.
func writeFile(tb testing.TB, dir, name string, data []byte) string {
	tb.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		tb.Fatal(err)
	}
	return path
}

// medium writes a file alone in a folder.
func medium(tb testing.TB, name string, data []byte) string {
	tb.Helper()
	return writeFile(tb, tb.TempDir(), name, data)
}

// documentsFolder writes the demonstration set with its payloads.
func documentsFolder(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	items, revs := demo(tb)
	for i, it := range items {
		writeFile(tb, dir, fmt.Sprintf("updates/%02d.XML", i), it.Document)
		for _, f := range revs[i].Files {
			writeFile(tb, dir, "payloads/"+f.Name, []byte(payloadOf(tb, f)))
		}
	}
	return dir
}
