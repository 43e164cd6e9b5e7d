package daemon_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/daemon"
	"sluice/daemon/api"
	"sluice/daemon/config"
	"sluice/daemon/store"
	"sluice/wsus/metadata"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/update"
)

// settings returns a configuration for a throwaway appliance on free ports.
func settings(t testing.TB) *config.Config {
	t.Helper()
	c := config.Default()
	c.DataDir = t.TempDir()
	c.ContentDir = filepath.Join(c.DataDir, "content")
	c.MinFree = 0
	c.PublicHost = "127.0.0.1"
	c.WSUS.Listen, c.WSUS.TLSListen, c.MDM.Listen, c.Admin.Listen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	return c
}

func open(t testing.TB, c *config.Config) *daemon.Appliance {
	t.Helper()
	a, err := daemon.Open(t.Context(), daemon.Options{
		Config: c, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: time.Now, Version: "test", Hostname: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// start runs the appliance until the test ends, and returns where it answers.
func start(t testing.TB, a *daemon.Appliance) daemon.Addresses {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan daemon.Addresses, 1)
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx, func(addr daemon.Addresses) { ready <- addr }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		if err := a.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	select {
	case addr := <-ready:
		return addr
	case err := <-done:
		done <- err
		t.Fatalf("run: %v", err)
	}
	panic("unreachable")
}

// filesOf returns the payload files that a document names.
func filesOf(t testing.TB, it update.Item) []update.File {
	t.Helper()
	rev, _, err := metadata.Split(it.Document)
	if err != nil {
		t.Fatal(err)
	}
	return rev.Files
}

// demoMedium writes the demonstration documents with their payloads.
func demoMedium(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for i, it := range synth.Demo() {
		if err := os.WriteFile(filepath.Join(dir, string(rune('a'+i))+".xml"), it.Document, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, f := range filesOf(t, it) {
			out, err := os.Create(filepath.Join(dir, f.Name))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(out, synth.Payload(f)); err != nil {
				t.Fatal(err)
			}
			out.Close()
		}
	}
	return dir
}

func importDemo(t testing.TB, a *daemon.Appliance) {
	t.Helper()
	rep, err := a.Import(t.Context(), api.ImportOrder{Path: demoMedium(t), AcceptUnsigned: true, By: store.Entry{Who: "test", Via: "cli"}})
	if err != nil || rep.New == 0 || len(rep.Refused) > 0 {
		t.Fatalf("import: %+v, %v", rep, err)
	}
}

func TestDoors(t *testing.T) {
	t.Parallel()
	a := open(t, settings(t))
	importDemo(t, a)
	addr := start(t, a)
	res, err := http.Post(addr.WSUS+"/ClientWebService/client.asmx", "text/xml", strings.NewReader("<x/>"))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != http.StatusForbidden || !strings.Contains(string(body), "https://127.0.0.1:") {
		t.Errorf("metadata over plain HTTP: %d %q, want 403 with the https address", res.StatusCode, body)
	}
	if info, err := os.Stat(addr.Socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("control socket: %v, %v, want mode 0600", info, err)
	}
}

func TestSecondAppliance(t *testing.T) {
	t.Parallel()
	c := settings(t)
	a := open(t, c)
	start(t, a)
	_, err := daemon.Open(t.Context(), daemon.Options{Config: c, Log: slog.New(slog.DiscardHandler), Now: time.Now, Hostname: "test"})
	if !errors.Is(err, store.ErrLocked) {
		t.Errorf("a second appliance on the data folder: %v, want a refusal that names the first", err)
	}
}
