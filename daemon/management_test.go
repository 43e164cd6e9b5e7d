package daemon_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"sluice/daemon"
	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	mdmagent "sluice/omadm/agent"
)

// control returns a client of the control API of a running appliance.
func control(t testing.TB, addr daemon.Addresses) *client.Client {
	t.Helper()
	c, err := client.Dial(t.Context(), addr.Socket, "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// trusted returns a transport that trusts the appliance.
func trusted(t testing.TB, c *client.Client) *mdmagent.Transport {
	t.Helper()
	st, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(st.CA)) {
		t.Fatal("the appliance names no root")
	}
	return &mdmagent.Transport{TLS: &tls.Config{RootCAs: roots}}
}

// token makes an enrollment token and returns its secret.
func token(t testing.TB, c *client.Client, uses int) string {
	t.Helper()
	made, err := c.CreateEnrollToken(t.Context(), wire.CreateEnrollToken{Uses: uses})
	if err != nil {
		t.Fatal(err)
	}
	return made.Secret
}

func newDevice(t testing.TB, addr daemon.Addresses, transport *mdmagent.Transport, credential mdmagent.Credential, m mdmagent.Machine) *mdmagent.Agent {
	t.Helper()
	a, err := mdmagent.New(mdmagent.Config{Server: addr.MDM, Credential: credential, Machine: m, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func enrolled(t testing.TB, a *mdmagent.Agent) {
	t.Helper()
	r, err := a.Enroll(t.Context())
	if err != nil {
		t.Fatalf("enrol: %v", err)
	}
	for _, remark := range r.Remarks {
		t.Errorf("enrol: the device remarks: %v", remark)
	}
}

func polled(t testing.TB, a *mdmagent.Agent) *mdmagent.Session {
	t.Helper()
	s, err := a.Poll(t.Context(), nil)
	if err != nil {
		t.Fatalf("poll: %v", err)
	}
	for _, remark := range s.Remarks {
		t.Errorf("poll: the device remarks: %v", remark)
	}
	return s
}

func deviceDetail(t testing.TB, c *client.Client, name string) wire.DeviceDetail {
	t.Helper()
	for d, err := range c.Devices(t.Context(), client.DeviceQuery{Search: name, All: true}) {
		if err != nil {
			t.Fatal(err)
		}
		detail, err := c.Device(t.Context(), d.ID)
		if err != nil {
			t.Fatal(err)
		}
		return detail
	}
	t.Fatalf("no device is called %s", name)
	panic("unreachable")
}

func TestEnrolAndPoll(t *testing.T) {
	t.Parallel()
	a := open(t, settings(t))
	addr := start(t, a)
	c := control(t, addr)
	dev := newDevice(t, addr, trusted(t, c), mdmagent.Credential{Name: "pc17@ship.example", Token: token(t, c, 1)}, mdmagent.Windows11Enterprise("pc17.ship.example"))
	enrolled(t, dev)
	polled(t, dev)
	url, alternate := dev.UpdateServer()
	if url != addr.WSUSTLS || alternate != addr.WSUS {
		t.Errorf("the device updates from %q and %q, want %q and %q", url, alternate, addr.WSUSTLS, addr.WSUS)
	}
	d := deviceDetail(t, c, "pc17")
	if d.State != "active" || d.Name != "pc17.ship.example" || d.LastPoll == nil || d.NextPoll == nil {
		t.Errorf("device: %+v", d.Device)
	}
	for _, p := range d.Policies {
		if p.State != "applied" && p.State != "skipped" {
			t.Errorf("setting %s is %s: %s", p.Name, p.State, p.Reason)
		}
	}
	if s := polled(t, dev); len(s.Commands) == 0 {
		t.Error("an idle poll asks nothing")
	}
}
