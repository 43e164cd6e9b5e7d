package daemon_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/daemon/api"
	"sluice/daemon/store"
	"sluice/wsus/content"
	"sluice/wsus/metadata/synth"
)

// A WsusContent folder that is adopted is verified and served where it is, also
// after a restart; what is wrong in it is left out.
func TestAdoptContentFolder(t *testing.T) {
	t.Parallel()
	docs, folder := t.TempDir(), t.TempDir()
	var spoiled string
	for i, it := range synth.Demo() {
		if err := os.WriteFile(filepath.Join(docs, string(rune('a'+i))+".xml"), it.Document, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, f := range filesOf(t, it) {
			path := filepath.Join(folder, filepath.FromSlash(content.Path(f)))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(synth.Payload(f))
			if err != nil {
				t.Fatal(err)
			}
			if spoiled == "" {
				spoiled, data[0] = filepath.Base(path), data[0]^1
			}
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	cfg := settings(t)
	a := open(t, cfg)
	order := api.ImportOrder{Path: docs, AcceptUnsigned: true, By: store.Entry{Who: "test", Via: "cli"}}
	if _, err := a.Import(t.Context(), order); err != nil {
		t.Fatal(err)
	}
	order.Adopt = true
	if rep, err := a.Import(t.Context(), order); err == nil {
		t.Fatalf("documents without a content folder were adopted: %+v", rep)
	}
	order.Path = folder
	rep, err := a.Import(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	if len(rep.Refused) != 1 || !strings.Contains(rep.Refused[0].Item, spoiled) || rep.Files == 0 {
		t.Fatalf("adopted %d files, refused %v; want all but %s", rep.Files, rep.Refused, spoiled)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if copies, err := filepath.Glob(filepath.Join(cfg.ContentDir, "*", "*")); err != nil || len(copies) > 0 {
		t.Errorf("files were copied: %v, %v", copies, err)
	}

	a = open(t, cfg)
	defer a.Close()
	order.Adopt = false
	again, err := a.Import(t.Context(), order)
	if err != nil || again.FilesHeld != rep.Files || again.Files != 0 {
		t.Errorf("after a restart %d files are held, %d stored, %v; want %d held", again.FilesHeld, again.Files, err, rep.Files)
	}
}
