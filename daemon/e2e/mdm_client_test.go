package e2e_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sluice/daemon/api/wire"
)

// independent is a device of its own folder that testdata/mdm/client.py plays. It
// shares no code with sluice, and holds every answer against the specifications.
type independent struct {
	*appliance
	interpreter, folder, root string
	// server is the management door by its name.
	server string
}

// acted is what an act of the client printed.
type acted struct {
	// Remarks are what the door did not do as it must.
	Remarks []string
	// Broken says why a session broke off.
	Broken string
	Fault  *struct {
		HTTP                           int
		Subcode, Type, Message, Reason string
	}

	Policies struct {
		Validity, Renewal int
		KeyLength         int `json:"key_length"`
		Hash              string
	}
	Provisioned struct {
		Days    int
		Store   string
		Client  struct{ ID, User string }
		Renewal struct{ Period, Retry int }
	}

	Messages, Chunks, Largest int
	Commands                  []struct {
		Verb, URI, Format, Data string
		Status                  int
	}
	Statuses [][]string
	// Challenged are the statuses that asked for credentials.
	Challenged []string
	End        string
	Left       bool              // the server ended the management of the device
	Nodes      map[string]string // the leaves of the device's tree
	Children   map[string][]string

	Cases map[string]struct {
		HTTP            int
		Status, Subcode string
		Commands        int
	}
}

// do lists the commands that change something: verb and the end of the LocURI.
func (a *acted) do() []string {
	var out []string
	for _, c := range a.Commands {
		if c.Verb != "Get" {
			out = append(out, c.Verb+" "+c.URI[strings.LastIndexByte(c.URI, '/')+1:])
		}
	}
	return out
}

// options of an act; see testdata/mdm.
type options map[string]any

// newIndependent makes the folder of a device, or skips the test where what the
// client needs is missing.
func newIndependent(t *testing.T, a *appliance) *independent {
	t.Helper()
	var interpreter string
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.CommandContext(t.Context(), name, "-c", "import ssl, sys; sys.exit(sys.version_info < (3, 9))").Run() == nil {
			interpreter = name
			break
		}
	}
	if interpreter == "" {
		t.Skip("python3 is not installed")
	}
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	d := &independent{appliance: a, interpreter: interpreter, folder: t.TempDir()}
	if a.mdm != "" {
		d.server, d.root = strings.Replace(a.mdm, "127.0.0.1", "localhost", 1), a.authority()
	}
	return d
}

// act has the client do something, whatever comes of it.
func (d *independent) act(name string, o options) *acted {
	d.t.Helper()
	if o == nil {
		o = options{}
	}
	in, err := json.Marshal(o)
	if err != nil {
		d.t.Fatal(err)
	}
	cmd := exec.CommandContext(d.t.Context(), d.interpreter, "-B", filepath.Join("testdata", "mdm", "client.py"), name, d.folder, d.root)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		d.t.Fatalf("%s: %v\n%s\n%s", name, err, &stderr, d.log)
	}
	var got acted
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		d.t.Fatalf("%s: %v: %s", name, err, &stdout)
	}
	for _, r := range got.Remarks {
		d.t.Errorf("%s: %s", name, r)
	}
	return &got
}

// must has the client do something that must work.
func (d *independent) must(name string, o options) *acted {
	d.t.Helper()
	got := d.act(name, o)
	if got.Fault != nil || got.Broken != "" {
		d.t.Fatalf("%s: fault %+v, broken %q\n%s", name, got.Fault, got.Broken, d.log)
	}
	return got
}

// refused has the client do something that must end with a fault.
func (d *independent) refused(name string, o options, subcode, kind string) {
	d.t.Helper()
	got := d.act(name, o)
	if got.Fault == nil || got.Fault.Subcode != subcode || got.Fault.Type != kind {
		d.t.Errorf("%s %v: fault %+v, want %s %s", name, o, got.Fault, subcode, kind)
	}
}

// broken has the client begin a session that must break off.
func (d *independent) broken(o options, why string) {
	d.t.Helper()
	if got := d.act("poll", o); got.Broken != why {
		d.t.Errorf("session %v: %q, want %q", o, got.Broken, why)
	}
}

// show is what sluice devices show tells of a device.
func (a *appliance) show(name string) *wire.DeviceDetail {
	a.t.Helper()
	d := decode[wire.DeviceDetail](a.t, a.sluice(0, "devices", "show", "--json", name))
	return &d
}

// policy is one setting of it.
func policy(t testing.TB, d *wire.DeviceDetail, name string) wire.DevicePolicy {
	t.Helper()
	for _, p := range d.Policies {
		if p.Name == name {
			return p
		}
	}
	return wire.DevicePolicy{}
}

const password = "a long password"

// account makes an account that enrols devices.
func (a *appliance) account(name string) {
	a.t.Helper()
	cmd := exec.CommandContext(a.t.Context(), binary, "enroll", "account", "add", name, "--config", a.config, "--data", a.data)
	cmd.Stdin = strings.NewReader(password)
	if out, err := cmd.CombinedOutput(); err != nil {
		a.t.Fatalf("make account: %v\n%s", err, out)
	}
}

// token makes a token that enrols a number of devices.
func (a *appliance) token(args ...string) string {
	a.t.Helper()
	r := a.sluice(0, append([]string{"enroll", "token", "create", "--json"}, args...)...)
	return decode[struct{ Secret string }](a.t, r).Secret
}

// wbxml skips a test where libwbxml's tools are missing.
func wbxml(t *testing.T) {
	t.Helper()
	for _, name := range []string{"xml2wbxml", "wbxml2xml"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s of libwbxml2-utils is not installed", name)
		}
	}
}

// started is an appliance that runs, with an account for alice.
func started(t *testing.T) *appliance {
	t.Helper()
	a := newAppliance(t, "")
	a.start()
	a.account("alice")
	return a
}

// enrol enrols the device as alice would.
func (d *independent) enrol(name string) *acted {
	d.t.Helper()
	return d.must("enrol", options{"name": name, "server": d.server, "user": "alice", "password": password})
}

// audited counts the entries of the audit log with an action and an outcome.
func (a *appliance) audited(t testing.TB, action, outcome string) int {
	t.Helper()
	n := 0
	for _, e := range decode[[]struct{ Action, Outcome string }](t, a.sluice(0, "audit", "list", "--json")) {
		if e.Action == action && e.Outcome == outcome {
			n++
		}
	}
	return n
}
