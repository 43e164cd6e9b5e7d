package catalogimport_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/catalogimport"
	"sluice/catalogimport/cabinet/cabwrite"
	"sluice/wsus/update"
)

// goodMedia writes every form of medium that is read, each with the same
// revisions, alone in a folder.
func goodMedia(tb testing.TB) map[string]string {
	tb.Helper()
	items, revs := demo(tb)
	index, recs := packageXML(revs), records(items)
	return map[string]string{
		"export.cab":           medium(tb, "export.cab", exportCab(tb)),
		"export in LZX":        medium(tb, "export.cab", cab(tb, cabwrite.LZX, "package.xml", index, "metadata.txt", recs)),
		"export, other order":  medium(tb, "export.cab", cab(tb, cabwrite.None, "Metadata.TXT", recs, "PACKAGE.xml", index+"\r\n")),
		"records.xml.gz":       medium(tb, "export.xml.gz", gz(tb, recs)),
		"marked records":       medium(tb, "export.xml.gz", gz(tb, "\ufeff"+recs)),
		"index and records.gz": medium(tb, "export.xml.gz", gz(tb, index+"\r\n"+recs)),
		"a wrong name":         medium(tb, "export.msu", exportCab(tb)),
		"package.msu":          medium(tb, "package.msu", newMSU(tb).msu(tb)),
		"documents":            documentsFolder(tb),
	}
}

func TestGoodMedia(t *testing.T) {
	t.Parallel()
	_, revs := demo(t)
	var want []update.Identity
	for _, r := range revs {
		want = append(want, r.Identity)
	}
	for name, path := range goodMedia(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAppliance()
			rep := a.mustImport(t, path)
			if rep.New != len(want) || rep.Revisions != len(want) || len(rep.Refused) > 0 {
				t.Errorf("%d revisions, %d new, refused %v; want %d", rep.Revisions, rep.New, rep.Refused, len(want))
			}
			if diff := cmp.Diff(want, a.order); diff != "" {
				t.Errorf("revisions in order (-want +got):\n%s", diff)
			}
			title, _ := a.applied[want[0]].Title("en")
			if !strings.HasPrefix(title, "\U0001D11E \u20AC\n\U0001F600 ") {
				t.Errorf("title %q", title)
			}
			if again := a.mustImport(t, path); again.New != 0 || again.Unchanged != len(want) || again.Files != 0 {
				t.Errorf("a second import: %+v", again)
			}
		})
	}
}

func TestExportLocations(t *testing.T) {
	t.Parallel()
	_, revs := demo(t)
	for _, name := range []string{"export.cab", "index and records.gz"} {
		a := newAppliance()
		a.mustImport(t, goodMedia(t)[name])
		files := 0
		for _, r := range revs {
			for _, f := range r.Files {
				files++
				known := slices.ContainsFunc(a.applied[r.Identity].files, func(k update.File) bool {
					return k.Digest == f.Digest && k.Name == f.Name && k.URL == "http://download.example/"+f.Name
				})
				if !known {
					t.Errorf("%s: where %s can be had is not known", name, f.Name)
				}
			}
		}
		if files == 0 {
			t.Fatal("the demonstration set has no files")
		}
	}
}

func TestMSUMinted(t *testing.T) {
	t.Parallel()
	p := newMSU(t)
	a := newAppliance()
	rep := a.mustImport(t, medium(t, "p.msu", p.msu(t)))
	var minted []update.Identity
	for _, id := range a.order {
		if a.applied[id].Minted {
			minted = append(minted, id)
		}
	}
	slices.SortFunc(p.minted, func(x, y update.Identity) int { return slices.Index(a.order, x) - slices.Index(a.order, y) })
	if diff := cmp.Diff(p.minted, minted); diff != "" {
		t.Errorf("minted (-want +got):\n%s", diff)
	}
	if rep.Files != 1 || string(a.files[p.payload.Digest]) != payloadOf(t, p.payload) {
		t.Errorf("%d files, want the package inside", rep.Files)
	}
	if rep.Bytes != p.payload.Size {
		t.Errorf("%d bytes, want %d", rep.Bytes, p.payload.Size)
	}
}

// TestMSUPieces takes pieces out of a package, or adds some.
func TestMSUPieces(t *testing.T) {
	t.Parallel()
	const n = 2000 // a category
	_, revs := demo(t)
	software := 2000 + slices.IndexFunc(revs, func(r *update.Revision) bool { return r.Type == update.Software })
	for _, tt := range []struct {
		name    string
		change  func(p *msuParts)
		refusal string // of one item
		medium  string // refusal of all
	}{
		{"no core", func(p *msuParts) { delete(p.scan, fmt.Sprintf("core/%d", n)) }, "none of them is its core", ""},
		{"no extended fragment of a category", func(p *msuParts) { delete(p.scan, fmt.Sprintf("extended/%d", n)) }, "", ""},
		{"no extended fragment of an update", func(p *msuParts) { delete(p.scan, fmt.Sprintf("extended/%d", software)) }, "no computer can install it", ""},
		{"no texts", func(p *msuParts) { delete(p.scan, fmt.Sprintf("localized/en/%d", n)) }, "", ""},
		{"nothing of one", func(p *msuParts) {
			for name := range p.scan {
				if strings.HasSuffix(name, fmt.Sprintf("/%d", n)) {
					delete(p.scan, name)
				}
			}
		}, "it has no fragments", ""},
		{"a broken core", func(p *msuParts) { p.scan[fmt.Sprintf("core/%d", n)] = "<UpdateIdentity" }, "core fragment: ", ""},
		{"an empty core", func(p *msuParts) { p.scan[fmt.Sprintf("core/%d", n)] = "" }, "UpdateIdentity: missing", ""},
		{"no index", func(p *msuParts) { delete(p.scan, "package.xml") }, "", ""},
		{"a fragment twice", func(p *msuParts) { p.set("CORE/2000", "<x/>") }, "", "core/2000 is there twice"},
		{"a language twice", func(p *msuParts) { p.set("localized/EN/2000", "<x/>") }, "", "localized/EN/2000 is there twice"},
		{"an index that breaks off", func(p *msuParts) { p.scan["package.xml"] = "<OfflineSyncPackage>" }, "", "WSUSSCAN.cab: package.cab: package.xml: XML syntax error"},
		{"an index of nothing", func(p *msuParts) { p.scan["package.xml"] = "" }, "", "package.xml: unexpected EOF"},
		{"a bad id", func(p *msuParts) { p.scan["package.xml"] = `<a><Update UpdateId="x"/></a>` }, "", "attribute UpdateId of an Update"},
		{"a bad number", func(p *msuParts) {
			p.scan["package.xml"] = `<a><Update UpdateId="a0a08746-4dbe-4a37-9adf-9e7652c0b421" RevisionId="-1"/></a>`
		}, "", "attribute RevisionId of Update a0a08746"},
		{"no fragments", func(p *msuParts) { p.scan = map[string]string{"package.xml": "<a/>"} }, "", "holds no fragments"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newMSU(t)
			tt.change(p)
			p.names = slices.DeleteFunc(p.names, func(name string) bool { _, ok := p.scan[name]; return !ok })
			a := newAppliance()
			path := medium(t, "p.msu", p.msu(t))
			if tt.medium != "" {
				_, err := a.importPath(path)
				wantRefused(t, err, path, tt.medium)
				return
			}
			rep := a.mustImport(t, path)
			if tt.refusal == "" {
				if len(rep.Refused) != 0 || rep.New != len(revs) {
					t.Errorf("%d new, refused %v", rep.New, rep.Refused)
				}
				return
			}
			if len(rep.Refused) != 1 || !strings.Contains(rep.Refused[0].Reason, tt.refusal) || rep.New != len(revs)-1 {
				t.Errorf("%d new, refused %v; want all but one, for %q", rep.New, rep.Refused, tt.refusal)
			}
			if len(rep.Refused) == 1 && !strings.Contains(rep.Refused[0].Item, "WSUSSCAN.cab core/") {
				t.Errorf("the item is called %q", rep.Refused[0].Item)
			}
		})
	}
}

func TestContentBeside(t *testing.T) {
	t.Parallel()
	_, revs := demo(t)
	var files []update.File
	for _, r := range revs {
		files = append(files, r.Files...)
	}
	dir := t.TempDir()
	export := writeFile(t, dir, "export.cab", exportCab(t))
	put := func(folder, name, data string) {
		writeFile(t, dir, "wsuscontent/"+folder+"/"+name, []byte(data))
	}
	hex := func(f update.File) string { return f.Digest.String() }
	good, lower, wrong, away := files[0], files[1], files[2], files[3]
	put(hex(good)[38:], hex(good)+".cab", payloadOf(t, good))
	put(strings.ToLower(hex(lower)[38:]), strings.ToLower(hex(lower))+".CAB", payloadOf(t, lower))
	put(hex(wrong)[38:], hex(wrong)+".cab", payloadOf(t, wrong)[1:]+"x")
	put("nowhere", hex(away), payloadOf(t, away))
	put("AA", strings.Repeat("A", 40)+".exe", "declined years ago")
	put("AB", "BIT1.tmp", "half of a download")
	put(".", "anonymousCheckFile.txt", "")
	if err := os.Symlink(export, filepath.Join(dir, "wsuscontent", strings.Repeat("B", 40)+".cab")); err != nil {
		t.Log(err)
	}

	a := newAppliance()
	rep := a.mustImport(t, export)
	if rep.Files != 3 || rep.FilesUnneeded != 1 || len(rep.Refused) != 2 {
		t.Fatalf("%d files, %d unneeded, refused %v; want 3, 1 and 2", rep.Files, rep.FilesUnneeded, rep.Refused)
	}
	for _, f := range []update.File{good, lower, away} {
		if string(a.files[f.Digest]) != payloadOf(t, f) {
			t.Errorf("%s is not stored", f.Name)
		}
	}
	reasons := map[string]string{}
	for _, r := range rep.Refused {
		reasons[r.Item[3:]] = r.Reason
	}
	want := map[string]string{"BIT1.tmp": "its name is not a SHA-1 with an extension", hex(wrong) + ".cab": "content does not match"}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}

	t.Run("again, the folder alone", func(t *testing.T) {
		put(hex(wrong)[38:], hex(wrong)+".cab", payloadOf(t, wrong))
		rep := a.mustImport(t, dir)
		if rep.Format != "wsuscontent" || rep.Files != 1 || rep.FilesHeld != 3 || rep.Revisions != 0 {
			t.Errorf("%+v", rep)
		}
	})
	t.Run("the folder before the metadata", func(t *testing.T) {
		b := newAppliance()
		_, err := b.importPath(filepath.Join(dir, "wsuscontent"))
		wantRefused(t, err, "names any of its 5 files", "import the metadata first")
	})
}

func TestDocumentsFolder(t *testing.T) {
	t.Parallel()
	dir := documentsFolder(t)
	_, revs := demo(t)
	writeFile(t, dir, "readme.txt", []byte("how to"))
	writeFile(t, dir, "updates/empty.xml", nil)
	writeFile(t, dir, "updates/other.xml", []byte("<html/>"))
	writeFile(t, dir, "updates/00-copy.xml", demoDocument(t, 0))
	writeFile(t, dir, "updates/99-liar.xml", []byte(strings.Replace(string(demoDocument(t, 1)), "</", " </", 1)))
	a := newAppliance()
	rep := a.mustImport(t, dir)
	if rep.New != len(revs) || rep.Unchanged != 1 {
		t.Errorf("%d new, %d unchanged; want %d and 1", rep.New, rep.Unchanged, len(revs))
	}
	got := map[string]string{}
	for _, r := range rep.Refused {
		got[r.Item] = r.Reason
	}
	for item, reason := range map[string]string{
		"readme.txt": "no update on this appliance names", "updates/empty.xml": "empty",
		"updates/other.xml": "html: unexpected element", "updates/99-liar.xml": "twice, with different contents",
	} {
		if !strings.Contains(got[item], reason) {
			t.Errorf("%s was refused for %q, want %q", item, got[item], reason)
		}
	}
	if len(got) != 4 {
		t.Errorf("refused %v", got)
	}
	var files int
	for _, r := range revs {
		files += len(r.Files)
	}
	if rep.Files != files {
		t.Errorf("%d files, want %d", rep.Files, files)
	}
}

func demoDocument(tb testing.TB, i int) []byte {
	items, _ := demo(tb)
	return items[i].Document
}

func TestFind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := writeFile(t, dir, "b.MSU", nil)
	a := writeFile(t, dir, "a.cab", nil)
	writeFile(t, dir, "notes.txt", nil)
	writeFile(t, dir, "unattend.xml", []byte("<unattend/>"))
	writeFile(t, dir, "sub/c.cab", nil)
	if err := os.Symlink(a, filepath.Join(dir, "link.cab")); err != nil {
		t.Log(err)
	}
	check := func(path string, want ...string) {
		t.Helper()
		got, err := catalogimport.Find(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	check(a, a)
	check(dir, a, b)
	check(filepath.Join(dir, "sub"), filepath.Join(dir, "sub", "c.cab"))
	writeFile(t, dir, "update.xml", demoDocument(t, 0))
	check(dir, dir)
	empty := t.TempDir()
	check(empty, empty)
	if _, err := catalogimport.Find(filepath.Join(empty, "absent")); !os.IsNotExist(err) {
		t.Errorf("an absent path: %v", err)
	}
}
