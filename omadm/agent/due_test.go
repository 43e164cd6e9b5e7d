package agent_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	"sluice/omadm/agent"
)

// TestDue follows the polling schedule: at once, 2 of 15 minutes, 1 of 60, then
// 120 for ever.
func TestDue(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	now := clock
	cfg := f.config(agent.Windows10Pro("pc.example"))
	cfg.Now = func() time.Time { return now }
	a, err := agent.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if !a.Due().IsZero() {
		t.Error("a device that is not enrolled is due")
	}
	if _, err := a.Enroll(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i, minutes := range []int{0, 15, 15, 60, 120, 120} {
		if got := a.Due().Sub(now); got != time.Duration(minutes)*time.Minute {
			t.Errorf("poll %d is due after %s, want %d minutes", i, got, minutes)
		}
		now = a.Due()
		if _, err := a.Poll(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
	}
	a.State().Account.DMClient = map[string]string{}
	if got := a.Due().Sub(now); got != 24*time.Hour {
		t.Errorf("without a schedule the device is due after %s", got)
	}
}

func TestRenewalDue(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	now := clock
	cfg := f.config(agent.Windows10Pro("pc.example"))
	cfg.Now = func() time.Time { return now }
	a, err := agent.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if a.RenewalDue() {
		t.Error("a device that is not enrolled is to renew")
	}
	if _, err := a.Enroll(context.Background()); err != nil {
		t.Fatal(err)
	}
	renewal := &a.State().Account.Renewal
	for _, tt := range []struct {
		name   string
		days   int // since the enrollment; the certificate lives 365, its period is 60
		failed int // days ago; 0 for never
		after  string
		want   bool
	}{
		{"new", 0, 0, "", false},
		{"day before", 304, 0, "", false},
		{"in the period", 306, 0, "", true},
		{"failed yesterday", 306, 1, "", false},
		{"failed four days ago", 306, 4, "", true},
		{"after the end", 366, 0, "", false},
		{"after the end, allowed", 366, 0, "7", true},
	} {
		now = clock.AddDate(0, 0, tt.days)
		renewal.Status, renewal.AfterExpiry = 0, tt.after
		if tt.failed > 0 {
			renewal.Status, renewal.LastAttempt = 3, now.AddDate(0, 0, -tt.failed)
		}
		if got := a.RenewalDue(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestAcceptableAuthorities shows no certificate to a server whose list has no
// authority of it.
func TestAcceptableAuthorities(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	_, stranger := authority(t, "Stranger")
	a := f.enrolled(agent.Windows10Pro("pc.example"))
	for _, tt := range []struct {
		name string
		cas  []*x509.Certificate
		want int
	}{
		{"its own and another", []*x509.Certificate{stranger, f.ca}, 1},
		{"none", nil, 1},
		{"another", []*x509.Certificate{stranger}, 0},
	} {
		var pool *x509.CertPool
		for _, c := range tt.cas {
			if pool == nil {
				pool = x509.NewCertPool()
			}
			pool.AddCert(c)
		}
		f.ts.TLS.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			c := f.ts.TLS.Clone()
			c.ClientCAs, c.GetConfigForClient = pool, nil
			return c, nil
		}
		if _, err := a.Poll(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		if len(f.certs) != tt.want {
			t.Errorf("%s: the device showed %d certificates, want %d", tt.name, len(f.certs), tt.want)
		}
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	image := agent.Windows10Pro("pc.example")
	var agents []*agent.Agent
	for i := range 3 {
		cfg := f.config(image.For(fmt.Sprintf("pc%d.example", i)))
		cfg.OnMessage = nil
		key, err := keys().Next()
		if err != nil {
			t.Fatal(err)
		}
		cert := f.issue(t, &x509.Certificate{Subject: f.subject, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, &key.PublicKey)
		acc, err := agent.Adopt("fake", "https://mdm.example/ManagementServer/MDM.svc", key, cert)
		if err != nil {
			t.Fatal(err)
		}
		cfg.State = &agent.State{Account: acc}
		cfg.Transport = &agent.Transport{TLS: cfg.Transport.TLS, Dial: f.dial, Resume: true}
		a, err := agent.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		agents = append(agents, a)
	}
	m, err := (&agent.Load{Agents: agents, Count: 20, Workers: 2}).Run(context.Background())
	if err != nil || m.Failed > 0 {
		t.Fatalf("%v, %v", err, m.Err)
	}
	if len(f.certs) != 1 {
		t.Error("an adopted device showed no certificate")
	}
	if m.Count != 20 || m.Messages != 20 || m.Sent == 0 || m.Received == 0 || m.Max < m.P50 || m.PerSecond() <= 0 {
		t.Errorf("measure is %+v", m)
	}
	if _, err := (&agent.Load{Agents: agents, Workers: 9}).Run(context.Background()); err == nil {
		t.Error("more workers than agents")
	}
}

func TestMachine(t *testing.T) {
	t.Parallel()
	m := agent.Windows10Pro("pc.corp.example")
	other := m.For("other.corp.example")
	if m.Name != "PC" || m.DeviceID == other.DeviceID || m.HardwareID == other.HardwareID || m.MAC[0] == other.MAC[0] {
		t.Errorf("machines are %+v and %+v", m, other)
	}
	for name, edit := range map[string]func(*agent.Machine){
		"device id": func(m *agent.Machine) { m.DeviceID = "x" }, "hardware id": func(m *agent.Machine) { m.HardwareID = "" },
		"name": func(m *agent.Machine) { m.Name = "" }, "version": func(m *agent.Machine) { m.Edition = 0 },
		"context": func(m *agent.Machine) { m.Context = "Both" },
	} {
		broken := m
		edit(&broken)
		if _, err := agent.New(agent.Config{Machine: broken}); err == nil {
			t.Errorf("a machine without a right %s is taken", name)
		}
	}
}

func TestServerAddress(t *testing.T) {
	t.Parallel()
	for _, server := range []string{"", "@example", "user@", "http://mdm.example", "https://user:pw@mdm.example", "https://%zz"} {
		a, err := agent.New(agent.Config{Machine: agent.Windows10Pro("pc.example"), Server: server})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Enroll(context.Background()); agent.HResult(err) != 0x80070057 {
			t.Errorf("server %q: %v", server, err)
		}
	}
}
