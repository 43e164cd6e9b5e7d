package simulate_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	"sluice/daemon/demo"
	"sluice/daemon/simulate"
	"sluice/wsus/agent"
)

// site is an appliance with the demonstration media.
type site struct {
	url, mdm, admin string
	tls             *tls.Config
	client          *client.Client
}

func newSite(t *testing.T) *site {
	t.Helper()
	s, err := demo.Open(t.Context(), demo.Options{
		Dir: t.TempDir(), Version: "test",
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := client.Dial(t.Context(), s.Addresses.Socket, "sluice/test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.Import(t.Context(), wire.Import{Paths: []string{s.Media.Documents}, AcceptUnsigned: true}, func(*wire.ImportEvent) error { return nil }); err != nil {
		t.Fatal(err)
	}
	st, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(st.CA))
	return &site{s.Addresses.WSUSTLS, s.Addresses.MDM, s.Addresses.Admin, &tls.Config{RootCAs: roots}, c}
}

// approve approves an update for everybody.
func (s *site) approve(t *testing.T, kb string) string {
	t.Helper()
	for u, err := range s.client.Updates(t.Context(), client.UpdateQuery{KB: kb}) {
		if err == nil {
			_, err = s.client.Approve(t.Context(), u.UpdateID, "All Computers", wire.Approve{Action: "install"})
		}
		if err != nil {
			t.Fatal(err)
		}
		return u.UpdateID.String()
	}
	t.Fatalf("no update has the number KB%s", kb)
	return ""
}

func TestFleet(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.approve(t, "7000103")
	f := &simulate.Fleet{
		Server: s.url, Transport: &agent.Transport{TLS: s.tls}, Machine: "harbor", Prefix: "PC", Count: 12, AtOnce: 3, Install: true,
		Log: slog.New(slog.DiscardHandler),
	}
	path := filepath.Join(t.TempDir(), "states.json")
	applied := 0
	for day := 0; applied < f.Count; day++ {
		if day == 100 {
			t.Fatalf("%d of %d computers installed the update", applied, f.Count)
		}
		var err error
		if f.States, err = simulate.LoadStates(path); err != nil {
			t.Fatal(err)
		}
		total := simulate.NewTotal()
		var names []string
		err = f.Run(t.Context(), func(c *simulate.Computer) {
			total.Add(c)
			names = append(names, c.Name)
			if c.Error != "" || len(c.Remarks) > 0 {
				t.Errorf("%s: %s %q", c.Name, c.Error, c.Remarks)
			}
			if len(c.Applied) > 0 && (c.Applied[0] != id || c.Payload == 0 || c.ToInstall != 0 || c.Installed != 1) {
				t.Errorf("%+v", c)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(names)
		if len(slices.Compact(names)) != f.Count || names[0] != "PC-01" || total.Computers != f.Count || total.Failed != 0 || total.Requests == 0 {
			t.Fatalf("played %v: %+v", names, total)
		}
		applied += total.Applied
		if err := simulate.SaveStates(path, f.States); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFleetFails(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	f := &simulate.Fleet{
		// These computers do not trust the appliance.
		Server: s.url, Transport: &agent.Transport{TLS: &tls.Config{RootCAs: x509.NewCertPool()}},
		Machine: "windows11", Prefix: "stranger", Count: 3, Log: slog.New(slog.DiscardHandler),
	}
	total := simulate.NewTotal()
	if err := f.Run(t.Context(), func(c *simulate.Computer) { total.Add(c) }); err != nil || total.Failed != 3 {
		t.Errorf("%+v, %v", total, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Run(ctx, func(*simulate.Computer) {}); err == nil {
		t.Error("an interrupted fleet ran to its end")
	}
	f.Count = 0
	if err := f.Run(t.Context(), func(*simulate.Computer) {}); err == nil {
		t.Error("no computers were played")
	}
	f.Count, f.Machine = 1, "os2"
	if err := f.Run(t.Context(), func(*simulate.Computer) {}); err == nil {
		t.Error("an unknown machine was played")
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	admin := &http.Client{Transport: &http.Transport{TLSClientConfig: s.tls}}
	defer admin.CloseIdleConnections()
	r := &simulate.Replay{
		Server: s.url, Transport: &agent.Transport{TLS: s.tls, MaxIdle: 3}, Machine: "harbor", Name: "replay", Requests: 40, Connections: 2,
		CPU: simulate.CPUOf(admin, s.admin), Log: slog.New(slog.DiscardHandler),
	}
	var kinds []string
	err := r.Run(t.Context(), func(c *simulate.Cost) {
		kinds = append(kinds, c.Request)
		if c.Count != 40 || c.Failed != 0 || c.PerSecond <= 0 || c.P50 <= 0 || c.P99 < c.P50 || c.Max < c.P99 || c.Received <= 0 || c.CPU < 0 {
			t.Errorf("%+v", c)
		}
	})
	if err != nil || len(kinds) != 5 {
		t.Errorf("measured %q: %v", kinds, err)
	}
	r.CPU = simulate.CPUOf(admin, s.url) // no metrics there
	if err := r.Run(t.Context(), func(*simulate.Cost) {}); err == nil {
		t.Error("processor time was read where there is none")
	}
}

func TestMachine(t *testing.T) {
	t.Parallel()
	for _, name := range simulate.Machines() {
		a, err := simulate.Machine(name, "A.example")
		if err != nil {
			t.Fatal(err)
		}
		b, err := simulate.Machine(name, "b.example")
		if err != nil {
			t.Fatal(err)
		}
		again, err := simulate.Machine(name, "a.example")
		if err != nil {
			t.Fatal(err)
		}
		if a.Computer.ClientID != again.Computer.ClientID || a.Computer.ClientID == b.Computer.ClientID {
			t.Errorf("%s: client ids %s, %s, %s", name, a.Computer.ClientID, again.Computer.ClientID, b.Computer.ClientID)
		}
	}
}

func TestLoadStates(t *testing.T) {
	t.Parallel()
	if s, err := simulate.LoadStates(filepath.Join(t.TempDir(), "none")); err != nil || len(s) != 0 {
		t.Errorf("no file: %v, %v", s, err)
	}
	for name, text := range map[string]string{"no JSON": "{", "null": "[null]", "no id": "[{}]", "another type": `{"a":1}`, "a core that is none": `[{"ClientID":"x","Held":[{"Core":"<x>"}]}]`} {
		path := filepath.Join(t.TempDir(), "states.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := simulate.LoadStates(path); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

func TestCostJSON(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(simulate.Cost{Request: "later scan"})
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]any
	if err := json.Unmarshal(b, &keys); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"request", "count", "failed", "per_second", "p50_ms", "p99_ms", "max_ms"} {
		if _, ok := keys[k]; !ok {
			t.Errorf("%s lacks %q", b, k)
		}
	}
}
