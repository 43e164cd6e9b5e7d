package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/daemon"
	"sluice/daemon/api"
	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	"sluice/daemon/config"
	"sluice/wsus/metadata/synth"
	"sluice/wsus/update"
)

const agent = "sluice/test"

func log() *slog.Logger { return slog.New(slog.DiscardHandler) }

func open(t *testing.T) api.Services {
	t.Helper()
	c := config.Default()
	c.DataDir = t.TempDir()
	c.ContentDir = filepath.Join(c.DataDir, "content")
	c.MinFree = 0
	a, err := daemon.Open(t.Context(), daemon.Options{Config: c, Log: log(), Now: time.Now, Version: "test", Hostname: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a.Services()
}

// overSocket returns a client of services behind a real socket.
func overSocket(t *testing.T, s api.Services) *client.Client {
	t.Helper()
	dir, err := os.MkdirTemp("", "s") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := api.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	srv := api.NewServer(api.New(s, log()), log())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	c, err := client.Dial(t.Context(), wire.SocketPath(dir), agent)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func media(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, it := range synth.Demo() {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(it.Name)), it.Document, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestClient does the same over a socket and in this process.
func TestClient(t *testing.T) {
	t.Parallel()
	who := api.LocalPeer().Who
	if u, err := user.Current(); err == nil {
		who = u.Username
	}
	for _, tt := range []struct {
		name string
		dial func(*testing.T, api.Services) *client.Client
	}{
		{"over a socket", overSocket},
		{"in process", func(_ *testing.T, s api.Services) *client.Client {
			return client.InProcess(api.As(api.LocalPeer(), api.New(s, log())), agent)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			c := tt.dial(t, open(t))

			var reports []string
			err := c.Import(ctx, wire.Import{Paths: []string{media(t)}, AcceptUnsigned: true}, func(e *wire.ImportEvent) error {
				if e.Report != nil {
					reports = append(reports, fmt.Sprint(e.Report.State, " ", e.Report.New, " ", e.Report.AcceptedBy))
				}
				return nil
			})
			if diff := cmp.Diff([]string{"applied 25 " + who}, reports); err != nil || diff != "" {
				t.Fatalf("import: %v, -want +got\n%s", err, diff)
			}
			if _, err := c.CreateGroup(ctx, "a/b % group", ""); err != nil {
				t.Fatal(err)
			}
			id := update.MustParseID("5117ce00-0000-4000-8000-000000000103")
			if a, err := c.Approve(ctx, id, "A/B % group", wire.Approve{Action: "install"}); err != nil || a.State != wire.Waiting || a.Group != "a/b % group" {
				t.Errorf("approve = %+v, %v", a, err)
			}
			if err := c.Pause(ctx, id, "a/b % group"); err != nil {
				t.Error(err)
			}
			u, err := c.Update(ctx, id)
			if err != nil || len(u.Approved) != 1 || u.Approved[0].State != wire.Paused {
				t.Errorf("update = %+v, %v", u, err)
			}
			n := 0
			for _, err := range c.Updates(ctx, client.UpdateQuery{}) {
				if n++; err != nil {
					t.Fatal(err)
				}
			}
			if n != 25 {
				t.Errorf("%d updates are listed, want 25", n)
			}
			var e *client.Error
			if err := c.DeleteGroup(ctx, "nobody"); !errors.As(err, &e) || e.Code != wire.NotFound || e.Hint == "" {
				t.Errorf("delete an unknown group: %#v", err)
			}
			copied, steps := filepath.Join(t.TempDir(), "copy.db"), 0
			if r, err := c.Backup(ctx, copied, func(*wire.BackupProgress) { steps++ }); err != nil || r.Path != copied || r.Bytes == 0 || steps == 0 {
				t.Errorf("backup = %+v after %d steps, %v", r, steps, err)
			}
			if _, err := c.Backup(ctx, copied, func(*wire.BackupProgress) {}); !errors.As(err, &e) || e.Code != wire.Conflict {
				t.Errorf("back up onto a backup: %v", err)
			}
			for a, err := range c.Audit(ctx, client.AuditQuery{}) {
				if err != nil {
					t.Fatal(err)
				}
				if a.Who != who || a.Via != "cli" {
					t.Errorf("%s was done by %q via %q, want %q via cli", a.Action, a.Who, a.Via, who)
				}
			}
		})
	}
}

func TestDialNobody(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "left")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	for _, path := range []string{socket, filepath.Join(dir, "missing"), filepath.Join(dir, strings.Repeat("x", 200))} {
		if _, err := client.Dial(t.Context(), path, agent); !errors.Is(err, client.ErrNotRunning) {
			t.Errorf("Dial(%s) = %v, want ErrNotRunning", path, err)
		}
	}
}

// TestInProcessStreams wants a line while the handler still works, and the
// handler stopped and gone when the answer is closed.
func TestInProcessStreams(t *testing.T) {
	t.Parallel()
	gone := false
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(wire.ImportEvent{Medium: "first"})
		<-r.Context().Done()
		gone = true
	})
	enough := errors.New("enough")
	err := client.InProcess(h, agent).Import(t.Context(), wire.Import{}, func(e *wire.ImportEvent) error {
		if e.Medium != "first" || gone {
			t.Errorf("event %+v, handler gone: %t", e, gone)
		}
		return enough
	})
	if !errors.Is(err, enough) || !gone {
		t.Errorf("Import = %v, handler gone: %t", err, gone)
	}
}

func TestInProcessFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"panic", func(http.ResponseWriter, *http.Request) { panic("oops") }, "500"},
		{"panic in the answer", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{`); panic("oops") }, "panicked: oops"},
		{"not JSON", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `<html>`) }, "read the answer: "},
		{"an error without words", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "502"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := client.InProcess(tt.handler, agent).Status(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Status = %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if _, err := client.InProcess(h, agent).Status(ctx); err == nil {
		t.Error("Status of a cancelled request gave no error")
	}
}
