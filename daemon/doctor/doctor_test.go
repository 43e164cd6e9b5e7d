package doctor_test

import (
	"crypto/x509"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	"sluice/daemon/demo"
	"sluice/daemon/doctor"
)

// patient starts an appliance with the demonstration media.
func patient(t *testing.T) doctor.Patient {
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
	err = c.Import(t.Context(), wire.Import{Paths: []string{s.Media.Documents}, AcceptUnsigned: true}, func(e *wire.ImportEvent) error {
		if e.Error != nil {
			t.Errorf("import: %s", e.Error.Message)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	st, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(st.CA))
	return doctor.Patient{
		URL: s.Addresses.WSUSTLS, Plain: s.Addresses.WSUS, Admin: s.Addresses.Admin, Management: s.Addresses.MDM, Enroll: true,
		Names: st.Names, Roots: roots, Control: c, Folders: []string{s.DataDir()}, MinFree: 1,
	}
}

func examine(t *testing.T, p doctor.Patient) map[string]doctor.Check {
	t.Helper()
	told := 0
	checks, err := doctor.Examine(t.Context(), p, time.Now, func(doctor.Check) { told++ })
	if err != nil {
		t.Fatal(err)
	}
	if told != len(checks) {
		t.Errorf("%d of %d checks were told", told, len(checks))
	}
	byName := make(map[string]doctor.Check)
	ok := true
	for _, c := range checks {
		byName[c.Name] = c
		ok = ok && c.OK
		if (c.State == doctor.Failed || c.State == doctor.Warned) && (c.Means == "" || c.Do == "") {
			t.Errorf("%s does not say what it means and what to do", c.Name)
		}
	}
	if ok != doctor.OK(checks) {
		t.Errorf("OK is %v", !ok)
	}
	return byName
}

func TestHealthy(t *testing.T) {
	t.Parallel()
	p := patient(t)
	for name, c := range examine(t, p) {
		// The appliance of the test is "localhost", which has no domain.
		if c.State != doctor.Passed && name != "enrollment names" {
			t.Errorf("%s: %s: %s", name, c.State, c.Detail)
		}
	}
	for d, err := range p.Control.Devices(t.Context(), client.DeviceQuery{All: true}) {
		t.Errorf("left of the devices: %v, %v", d.Name, err)
	}
	tokens, err := p.Control.EnrollTokens(t.Context())
	if err != nil || slices.ContainsFunc(tokens, func(k wire.EnrollToken) bool { return k.Left > 0 && !k.Revoked }) {
		t.Errorf("left of the tokens: %+v, %v", tokens, err)
	}
	for c, err := range p.Control.Computers(t.Context(), client.ComputerQuery{}) {
		t.Errorf("left in the inventory: %v, %v", c.Name, err)
	}
}

func TestOutside(t *testing.T) {
	t.Parallel()
	p := patient(t)
	p.Control, p.Admin, p.Plain, p.Folders, p.Names = nil, "", "", nil, nil
	for name, c := range examine(t, p) {
		if c.State != doctor.Passed && c.State != doctor.Skipped {
			t.Errorf("%s: %s: %s", name, c.State, c.Detail)
		}
	}
}

func TestIll(t *testing.T) {
	t.Parallel()
	healthy := patient(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	for _, tt := range []struct {
		name   string
		change func(*doctor.Patient)
		state  doctor.State
		checks []string
		detail string
	}{
		{"root not trusted", func(p *doctor.Patient) { p.Roots = x509.NewCertPool() }, doctor.Failed, []string{"certificate", "scan"}, "unknown authority"},
		{"another name", func(p *doctor.Patient) { p.Names = []string{"localhost", "other.example"} }, doctor.Failed, []string{"certificate"}, "other.example"},
		{"name not known", func(p *doctor.Patient) { p.Names = []string{"localhost", "nowhere.invalid"} }, doctor.Failed, []string{"names"}, "nowhere.invalid"},
		{"nobody listens", func(p *doctor.Patient) { p.URL = "https://" + nobody }, doctor.Failed, []string{"port of WSUS over TLS", "certificate", "scan"}, "refused"},
		{"plain port closed", func(p *doctor.Patient) { p.Plain = "http://" + nobody }, doctor.Failed, []string{"port of plain WSUS", "plain door"}, "refused"},
		{"admin door closed", func(p *doctor.Patient) { p.Admin = "https://" + nobody }, doctor.Failed, []string{"admin door"}, "refused"},
		{"root not trusted by devices", func(p *doctor.Patient) { p.Roots = x509.NewCertPool() }, doctor.Failed, []string{"management certificate", "discovery"}, "unknown authority"},
		{"management door closed", func(p *doctor.Patient) { p.Management = "https://" + nobody }, doctor.Failed, []string{"port of management", "management certificate", "discovery", "enrollment"}, "refused"},
		{"no clients there", func(p *doctor.Patient) { p.Management = p.URL }, doctor.Failed, []string{"client certificates"}, "does not ask"},
		{"no enrollment there", func(p *doctor.Patient) { p.Management = p.URL }, doctor.Failed, []string{"discovery", "enrollment"}, "HTTP status"},
		{"management door off", func(p *doctor.Patient) { p.Management = "" }, doctor.Skipped, []string{"port of management", "discovery", "unknown device", "enrollment"}, "mdm.listen"},
		{"an enrollment that was not asked for", func(p *doctor.Patient) { p.Enroll = false }, doctor.Skipped, []string{"enrollment"}, "--enroll"},
		{"no such enrollment name", func(p *doctor.Patient) { p.Names = []string{"localhost", "updates.invalid"} }, doctor.Passed, []string{"enrollment names"}, "EnterpriseEnrollment.invalid is not in the DNS"},
		{"little room", func(p *doctor.Patient) { p.MinFree = 1 << 62 }, doctor.Warned, []string{"free space"}, "less than min_free"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := healthy
			tt.change(&p)
			got := examine(t, p)
			for _, name := range tt.checks {
				if c := got[name]; c.State != tt.state || !strings.Contains(c.Detail, tt.detail) {
					t.Errorf("%s: %s: %s; want %s with %q", name, c.State, c.Detail, tt.state, tt.detail)
				}
			}
		})
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	p := patient(t)
	late := func() time.Time { return time.Now().Add(time.Hour) }
	checks, err := doctor.Examine(t.Context(), p, late, func(doctor.Check) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		if c.Name == "clock" && (c.OK || !strings.Contains(c.Detail, "1h0m")) {
			t.Errorf("clock: %s: %s", c.State, c.Detail)
		}
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "http://updates.example:8530", "https://", "updates.example", "https://%zz"} {
		if _, err := doctor.Examine(t.Context(), doctor.Patient{URL: url}, time.Now, func(doctor.Check) {}); err == nil {
			t.Errorf("%q was examined", url)
		}
		if url == "" {
			continue // not to be examined
		}
		if _, err := doctor.Examine(t.Context(), doctor.Patient{URL: "https://updates.invalid", Management: url}, time.Now, func(doctor.Check) {}); err == nil {
			t.Errorf("the management door %q was examined", url)
		}
	}
}
