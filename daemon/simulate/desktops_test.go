package simulate_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	"sluice/daemon/simulate"
	mdm "sluice/omadm/agent"
	"sluice/wsus/agent"
)

func (s *site) desktops(t *testing.T, uses int) *simulate.Desktops {
	t.Helper()
	token, err := s.client.CreateEnrollToken(t.Context(), wire.CreateEnrollToken{Uses: uses})
	if err != nil {
		t.Fatal(err)
	}
	return &simulate.Desktops{
		Management: s.mdm, Token: token.Secret, Devices: &mdm.Transport{TLS: s.tls}, Computers: &agent.Transport{TLS: s.tls},
		Machine: "harbor-desktop", Prefix: "desk", Count: uses, AtOnce: 2, Install: true, Log: slog.New(slog.DiscardHandler),
	}
}

// TestDesktops plays three desktops for days: they enrol once, stay enrolled,
// install, and are one machine each; then one is told to leave.
func TestDesktops(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.approve(t, "7000108")
	d := s.desktops(t, 3)
	path := filepath.Join(t.TempDir(), "desktops.json")
	day := func() []*simulate.Device {
		t.Helper()
		var err error
		if d.States, err = simulate.LoadDesktops(path); err != nil {
			t.Fatal(err)
		}
		var list []*simulate.Device
		total := simulate.NewDeviceTotal()
		if err = d.Run(t.Context(), func(one *simulate.Device) { list = append(list, one); total.Add(one) }); err != nil {
			t.Fatal(err)
		}
		if total.Devices != d.Count || total.Failed != 0 || total.Messages == 0 || total.Polls < d.Count {
			t.Errorf("total: %+v", total)
		}
		for _, one := range list {
			if one.Error != "" || len(one.Remarks) > 0 {
				t.Errorf("%s: %s %q", one.Name, one.Error, one.Remarks)
			}
		}
		if err := simulate.SaveDesktops(path, d.States); err != nil {
			t.Fatal(err)
		}
		return list
	}
	applied := 0
	for limit := time.Now().Add(30 * time.Second); applied < d.Count; d.Token = "" {
		if time.Now().After(limit) {
			t.Fatalf("%d of %d desktops installed the update", applied, d.Count)
		}
		for _, one := range day() {
			applied += len(one.Applied)
			if !one.Enrolled || one.Policies == 0 || !strings.HasPrefix(one.Server, "https://localhost:") {
				t.Errorf("%+v", one)
			}
			if len(one.Applied) > 0 && (one.Applied[0] != id || one.Payload == 0 || one.Installed != 1 || one.ToInstall != 0 || one.Events == 0) {
				t.Errorf("%+v", one)
			}
		}
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the state with private keys: %v, %v", info.Mode(), err)
	}
	machines := 0
	for m, err := range s.client.Devices(t.Context(), client.DeviceQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		if machines++; m.ClientID == "" || m.State != "active" {
			t.Errorf("%s: %s, client %q", m.Name, m.State, m.ClientID)
		}
		if machines == 1 {
			if err := s.client.UnenrollDevice(t.Context(), m.ID, false); err != nil {
				t.Fatal(err)
			}
		}
	}
	if machines != d.Count {
		t.Errorf("%d machines, want %d", machines, d.Count)
	}
	if n := len(slices.DeleteFunc(day(), func(one *simulate.Device) bool { return !one.Unenrolled || one.Enrolled })); n != 1 {
		t.Errorf("%d desktops unenrolled, want 1", n)
	}
}

func TestDesktopsFail(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d := s.desktops(t, 1)
	fails := func(what string) {
		t.Helper()
		total := simulate.NewDeviceTotal()
		var reason string
		if err := d.Run(t.Context(), func(one *simulate.Device) { total.Add(one); reason = one.Error }); err != nil || total.Failed != d.Count {
			t.Errorf("%s: %+v, %v", what, total, err)
		}
		if b, err := json.Marshal(total); err != nil || !strings.Contains(reason, what) {
			t.Errorf("%q does not say %q: %s, %v", reason, what, b, err)
		}
	}
	token := d.Token
	d.Token = "wrong"
	fails("0x80180002")
	d.Token = ""
	fails("no enrollment token")
	d.Token, d.Devices = token, &mdm.Transport{TLS: &tls.Config{RootCAs: x509.NewCertPool()}}
	fails("0x80072F0D")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Run(ctx, func(*simulate.Device) {}); err == nil {
		t.Error("interrupted desktops ran to their end")
	}
	for _, machine := range []string{"server2022", "windows7", "os2"} {
		d.Machine = machine
		if err := d.Run(t.Context(), func(*simulate.Device) {}); err == nil || slices.Contains(simulate.Clients(), machine) {
			t.Errorf("%s enrolled", machine)
		}
	}
	d.Count = 0
	if err := d.Run(t.Context(), func(*simulate.Device) {}); err == nil {
		t.Error("no desktops were played")
	}
}

func TestLoadDesktops(t *testing.T) {
	t.Parallel()
	if s, err := simulate.LoadDesktops(filepath.Join(t.TempDir(), "none")); err != nil || len(s) != 0 {
		t.Errorf("no file: %v, %v", s, err)
	}
	for name, text := range map[string]string{"no JSON": "{", "null": `{"a":null}`, "a file of computers": `[{"ClientID":"x"}]`} {
		path := filepath.Join(t.TempDir(), "states.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := simulate.LoadDesktops(path); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}
