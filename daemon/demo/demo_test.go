package demo_test

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"sluice/catalogimport"
	"sluice/daemon/demo"
)

func TestPlay(t *testing.T) {
	t.Parallel()
	s, err := demo.Open(t.Context(), demo.Options{
		Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})), Version: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	story := s.Play(t.Context(), func(st demo.Step) { t.Logf("%v %s: %s", st.OK, st.Name, st.Detail) })
	if !story.OK || len(story.Steps) == 0 {
		t.Error("the story went wrong")
	}
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// TestMedia opens every medium as an import does.
func TestMedia(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m, err := demo.WriteMedia(dir)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{m.Documents: "documents", m.Export: "wsusutil-export", m.Package: "msu"} {
		src, err := catalogimport.Open(t.Context(), path, "", catalogimport.DefaultLimits())
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
			continue
		}
		if got := src.Medium().Format; got != want {
			t.Errorf("%s is %q, want %q", filepath.Base(path), got, want)
		}
		n := 0
		for _, err := range src.Items(t.Context()) {
			if err != nil {
				t.Errorf("%s: %v", filepath.Base(path), err)
			}
			n++
		}
		if n == 0 {
			t.Errorf("%s holds nothing", filepath.Base(path))
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := demo.WriteMedia(dir); err == nil {
		t.Error("media were written over others")
	}
}

func TestListen(t *testing.T) {
	t.Parallel()
	open := func(listen string) (*demo.Stage, error) {
		return demo.Open(t.Context(), demo.Options{Dir: t.TempDir(), Listen: listen, Log: slog.New(slog.DiscardHandler), Version: "test"})
	}
	for _, listen := range []string{"127.0.0.1:http", "127.0.0.1:65533", "127.0.0.1:-1"} {
		if s, err := open(listen); err == nil {
			t.Errorf("listening on %s", s.Addresses.WSUS)
			s.Close()
		}
	}
	s, err := open("127.0.0.2")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(s.Addresses.Admin, "https://127.0.0.2:") {
		t.Errorf("listening on %s, want 127.0.0.2", s.Addresses.Admin)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
