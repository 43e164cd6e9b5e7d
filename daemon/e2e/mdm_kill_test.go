package e2e_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"sluice/daemon/api/wire"
	mdmagent "sluice/omadm/agent"
)

// killPoint is a moment of a session at which the daemon is killed.
type killPoint struct {
	name string
	// poll begins a session with the device and kills the daemon at its n-th
	// message.
	poll func(d *killedDevice, n int)
}

// killPoints are before the daemon gets a message, while it works on one, and
// after it answered but before the device heard it.
func killPoints() []killPoint {
	while := func(wait time.Duration) func(*killedDevice, int) {
		return func(d *killedDevice, n int) {
			d.killer.arm(n, wait)
			_, err := d.Poll(d.a.t.Context(), nil)
			if !d.killer.done() {
				d.a.t.Errorf("message %d: the daemon was not killed: %v", n, err)
				d.a.kill()
			}
		}
	}
	return []killPoint{
		{"before", func(d *killedDevice, n int) {
			_, _ = d.Poll(d.a.t.Context(), &mdmagent.Manner{StopBefore: n})
			d.a.kill()
		}},
		{"at-once", while(0)},
		{"soon", while(2 * time.Millisecond)},
		{"after", func(d *killedDevice, n int) {
			_, _ = d.Poll(d.a.t.Context(), &mdmagent.Manner{LoseReply: n})
			d.a.kill()
		}},
	}
}

// killer kills the daemon once a device wrote a certain message to it.
type killer struct {
	a    *appliance
	wait time.Duration

	mu     sync.Mutex
	at     int // the message, 0 for none
	heard  int // messages that were answered
	killed bool
}

func (k *killer) arm(at int, wait time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at, k.wait, k.heard, k.killed = at, wait, 0, false
}

// done disarms it and reports whether it killed.
func (k *killer) done() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at = 0
	return k.killed
}

// answered counts an exchange.
func (k *killer) answered() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.heard++
}

// wrote kills the daemon where these were the bytes.
func (k *killer) wrote() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.at == 0 || k.killed || k.heard < k.at-1 {
		return
	}
	time.Sleep(k.wait)
	k.a.kill()
	k.killed = true
}

// killerConn tells the killer what is written.
type killerConn struct {
	net.Conn
	killer *killer
}

func (c *killerConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.killer.wrote()
	return n, err
}

// killedDevice is a device whose appliance is killed.
type killedDevice struct {
	*mdmagent.Agent
	a         *appliance
	killer    *killer
	list      mdmagent.UpdateList
	rollbacks int
}

// TestSessionSurvivesKills kills the daemon at every message of a session that
// has everything to say: facts, settings, updates, approvals and a command that
// must not be given twice. The next poll then completes it.
func TestSessionSurvivesKills(t *testing.T) {
	t.Parallel()
	a := newAppliance(t, "")
	a.start()
	a.keepPorts()
	a.sluice(0, "groups", "create", "Pilot")
	a.sluice(0, "policies", "set", "--group", "Pilot", "RequireUpdateApproval=1", "AllowAutoUpdate=4", "ActiveHoursStart=6", "ActiveHoursEnd=18")
	calm := newKilledDevice(t, a, "calm")
	session, err := calm.Poll(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	messages, want := session.Messages, calm.Policies()
	calm.check("calm", want)
	if messages < 3 || calm.rollbacks != 1 {
		t.Fatalf("the session has %d messages and %d rollbacks, which is nothing to disturb", messages, calm.rollbacks)
	}
	for _, point := range killPoints() {
		for n := 1; n <= messages; n++ {
			name := fmt.Sprintf("%s-%d", point.name, n)
			d := newKilledDevice(t, a, name)
			point.poll(d, n)
			a.start()
			s, err := d.Poll(t.Context(), nil)
			if err != nil || len(s.Remarks) > 0 {
				t.Fatalf("%s: the next poll: %q, %v", name, s.Remarks, err)
			}
			d.check(name, want)
		}
	}
}

func newKilledDevice(t testing.TB, a *appliance, name string) *killedDevice {
	t.Helper()
	pem, err := os.ReadFile(a.authority())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	made := decode[wire.NewEnrollToken](t, a.sluice(0, "enroll", "token", "create", "--label", name, "--group", "Pilot", "--json"))
	d := &killedDevice{a: a, killer: &killer{a: a}, list: mdmagent.UpdateList{
		Installable: []mdmagent.Update{{ID: lacking, Revision: 200, Type: 1}},
		Installed:   []mdmagent.Update{{ID: having, Revision: 100}},
		LastScan:    time.Now().UTC().Truncate(time.Second),
	}}
	d.Agent, err = mdmagent.New(mdmagent.Config{
		Server: a.mdm, Credential: mdmagent.Credential{Name: name + "@ship.example", Token: made.Secret},
		Machine: mdmagent.Windows11Enterprise(name + ".ship.example"), Updates: d,
		Transport: &mdmagent.Transport{TLS: &tls.Config{RootCAs: roots}, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &killerConn{c, d.killer}, nil
		}},
		OnMessage: func(mdmagent.Message) { d.killer.answered() },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Enroll(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.sluice(0, "devices", "rollback", "quality", name, "--yes")
	return d
}

// The updates that the devices report.
const (
	lacking = "5117ce00-0000-4000-8000-00000000aaaa"
	having  = "5117ce00-0000-4000-8000-00000000bbbb"
)

// Updates returns what the device knows of updates.
func (d *killedDevice) Updates() mdmagent.UpdateList { return d.list }

// Rollback counts how often it is told to.
func (d *killedDevice) Rollback(bool) error {
	d.rollbacks++
	return nil
}

// check looks at what a completed session is to have done.
func (d *killedDevice) check(name string, want map[string]string) {
	t := d.a.t
	t.Helper()
	got, _ := json.Marshal(d.Policies())
	expected, _ := json.Marshal(want)
	if string(got) != string(expected) {
		t.Errorf("%s: the device has %s, want %s", name, got, expected)
	}
	if n := d.rollbacks; n > 1 {
		t.Errorf("%s: the rollback was ordered %d times", name, n)
	}
	detail := decode[wire.DeviceDetail](t, d.a.sluice(0, "devices", "show", name, "--json"))
	if detail.Facts["dns name"].Value != name+".ship.example" {
		t.Errorf("%s: facts %+v", name, detail.Facts)
	}
	for _, p := range detail.Policies {
		if p.State != "applied" && p.State != "skipped" {
			t.Errorf("%s: %s is %s: %s", name, p.Name, p.State, p.Reason)
		}
	}
	states := make(map[string]string)
	for _, u := range detail.Updates {
		states[u.UpdateID.String()] = u.State
	}
	if states[lacking] != "NotInstalled" || states[having] != "Installed" {
		t.Errorf("%s: updates %v", name, states)
	}
	if len(detail.Orders) != 1 {
		t.Fatalf("%s: orders %+v", name, detail.Orders)
	}
	switch o := detail.Orders[0]; {
	case o.State == "done" && d.rollbacks == 1:
	case o.State == "sent", o.State == "unknown": // it went out, and nobody knows more
	default:
		t.Errorf("%s: the order is %s, and the device did it %d times", name, o.State, d.rollbacks)
	}
	if s, err := d.Poll(t.Context(), nil); err != nil || hasWrite(s) {
		t.Errorf("%s: a poll with nothing to change: %+v, %v", name, s.Commands, err)
	}
}

// hasWrite reports whether a session changed anything.
func hasWrite(s *mdmagent.Session) bool {
	for _, c := range s.Commands {
		if c.Command.Verb != "Get" {
			return true
		}
	}
	return false
}
