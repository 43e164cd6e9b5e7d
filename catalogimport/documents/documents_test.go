package documents_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/catalogimport/documents"
	"sluice/wsus/update"
)

// folder writes files, whose content is their name.
func folder(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// contents reads everything and returns names, those of refused items marked.
func contents(t *testing.T, dir string, lim documents.Limits) (docs, payloads []string) {
	t.Helper()
	f, err := documents.Open(context.Background(), dir, lim)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for it, err := range f.Items(context.Background()) {
		var bad *update.ItemError
		switch {
		case errors.As(err, &bad):
			docs = append(docs, "!"+bad.Item)
		case err != nil:
			t.Fatal(err)
		case string(it.Document) != it.Name:
			t.Errorf("%s holds %q", it.Name, it.Document)
		default:
			docs = append(docs, it.Name)
		}
	}
	for p, err := range f.Payloads(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(r)
		r.Close()
		if string(b) != p.Name || int64(len(b)) != p.Size || p.Path != filepath.Join(dir, filepath.FromSlash(p.Name)) {
			t.Errorf("%+v holds %q", p, b)
		}
		payloads = append(payloads, p.Name)
	}
	return docs, payloads
}

func check(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	dir := folder(t, "b.xml", "a/c.XML", "a/p.cab", "readme")
	if err := os.WriteFile(filepath.Join(dir, "empty.xml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	docs, payloads := contents(t, dir, documents.DefaultLimits())
	check(t, "documents", docs, "a/c.XML", "b.xml", "!empty.xml")
	check(t, "payloads", payloads, "a/p.cab", "readme")
	docs, _ = contents(t, dir, documents.Limits{Files: 5, Document: int64(len("b.xml"))})
	check(t, "documents of limited size", docs, "!a/c.XML", "b.xml", "!empty.xml")
	if _, err := documents.Open(context.Background(), dir, documents.Limits{Files: 4}); err == nil || !strings.Contains(err.Error(), "more than 4 files") {
		t.Errorf("error %v, want that there are too many files", err)
	}
}

// TestLinks follows neither a link that was there nor one that comes later.
func TestLinks(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(folder(t, "secret.xml"), "secret.xml")
	dir := folder(t, "a.xml", "b.xml", "p.cab")
	link := func(name string) {
		if err := os.Symlink(secret, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	link("link.xml")
	f, err := documents.Open(context.Background(), dir, documents.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Documents() != 2 || f.Medium().Items != 2 {
		t.Errorf("%d documents, want 2", f.Documents())
	}
	for _, name := range []string{"a.xml", "p.cab"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		link(name)
	}
	for it, err := range f.Items(context.Background()) {
		if bad := (*update.ItemError)(nil); it.Name == "a.xml" && !errors.As(err, &bad) {
			t.Errorf("a document that became a link: %q, %v", it.Document, err)
		}
	}
	for p := range f.Payloads(context.Background()) {
		if _, err := p.Open(); err == nil {
			t.Errorf("%s is a link out of the folder and opens", p.Name)
		}
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	dir := folder(t, "a.xml", "b.cab")
	key := func() string {
		f, err := documents.Open(context.Background(), dir, documents.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		return f.Medium().Key
	}
	before := key()
	if key() != before {
		t.Error("the same folder has another key")
	}
	if err := os.WriteFile(filepath.Join(dir, "b.cab"), []byte("longer than it was"), 0o644); err != nil {
		t.Fatal(err)
	}
	if key() == before {
		t.Error("a folder that changed has the same key")
	}
}

// TestUnreadable passes over what the file system keeps to itself.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	dir := folder(t, "a.xml", "lost+found/x.xml")
	lost := filepath.Join(dir, "lost+found")
	if err := os.Chmod(lost, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(lost, 0o755) })
	if _, err := os.ReadDir(lost); err == nil {
		t.Skip("this user may read everything")
	}
	docs, _ := contents(t, dir, documents.DefaultLimits())
	check(t, "documents", docs, "!lost+found", "a.xml")
}

func TestLooksLike(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]bool{
		`<upd:Update xmlns:upd="http://schemas.microsoft.com/msus/2002/12/Update">`: true,
		`<unattend xmlns="urn:schemas-microsoft-com:unattend">`:                     false,
		``: false,
	} {
		if got := documents.LooksLike([]byte(head)); got != want {
			t.Errorf("LooksLike(%q) = %v", head, got)
		}
	}
}
