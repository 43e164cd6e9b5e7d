package daemon_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/daemon"
	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	mdmagent "sluice/omadm/agent"
)

// safeBuffer is a log that many write.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// What enrols a device, and what it is given to prove itself with, is in no log,
// at any level, in no answer of the control API and no audit entry. Passwords,
// tokens and the device's secrets are not in the store either.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	log := new(safeBuffer)
	cfg := settings(t)
	a, err := daemon.Open(t.Context(), daemon.Options{
		Config: cfg, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug - 4})), Now: time.Now, Version: "test", Hostname: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	addr := start(t, a)
	c := control(t, addr)
	password, wrong := "correct-horse-battery", "wrong-horse-battery"
	if _, err := c.CreateEnrollAccount(t.Context(), "anna", wire.PutEnrollAccount{Password: &password}); err != nil {
		t.Fatal(err)
	}
	secret := token(t, c, 2)
	transport := trusted(t, c)
	kept := map[string]string{"password": password, "wrong password": wrong, "token": secret}
	hidden := map[string]string{}
	for name, cred := range map[string]mdmagent.Credential{
		"pc1": {Name: "anna", Password: password}, "pc2": {Name: "anna", Password: secret}, "pc3": {Name: "x", Token: secret},
		"pc4": {Name: "anna", Password: wrong}, "pc5": {Name: "x", Token: secret},
	} {
		dev := newDevice(t, addr, transport, cred, mdmagent.Windows11Enterprise(name+".ship.example"))
		if _, err := dev.Enroll(t.Context()); err != nil {
			continue // the wrong password, and the token once it is used up
		}
		polled(t, dev)
		account := dev.State().Account
		for who, auth := range map[string]mdmagent.Auth{"device": account.Client, "server": account.Server} {
			sum := md5.Sum([]byte(auth.Name + ":" + auth.Secret))
			kept[name+" secret of "+who] = auth.Secret
			hidden[name+" A1 of "+who] = base64.StdEncoding.EncodeToString(sum[:])
			hidden[name+" nonce of "+who] = string(auth.Nonce)
		}
	}
	if len(kept) != 3+2*3 {
		t.Fatalf("%d secrets: not three devices are enrolled", len(kept))
	}

	shown := new(bytes.Buffer)
	show := func(v any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if err := json.NewEncoder(shown).Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	for d, err := range c.Devices(t.Context(), client.DeviceQuery{All: true}) {
		show(d, err)
		show(c.Device(t.Context(), d.ID))
	}
	show(c.EnrollAccounts(t.Context()))
	show(c.EnrollTokens(t.Context()))
	for e, err := range c.Audit(t.Context(), client.AuditQuery{}) {
		show(e, err)
	}
	var files strings.Builder
	for _, name := range []string{"sluice.db", "sluice.db-wal"} {
		b, err := os.ReadFile(filepath.Join(cfg.DataDir, name))
		if err != nil {
			t.Fatal(err)
		}
		files.Write(b)
	}
	for place, text := range map[string]string{"log": log.String(), "API": shown.String(), "store": files.String()} {
		for what, value := range kept {
			if strings.Contains(text, value) {
				t.Errorf("the %s is in the %s", what, place)
			}
		}
		for what, value := range hidden {
			if place != "store" && value != "" && strings.Contains(text, value) {
				t.Errorf("the %s is in the %s", what, place)
			}
		}
		if strings.Contains(text, "PRIVATE KEY") && place != "store" || strings.Contains(text, "$argon2id$") && place != "store" {
			t.Errorf("a key or a hash is in the %s", place)
		}
	}
}
