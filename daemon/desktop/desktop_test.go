package desktop_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	"sluice/daemon/demo"
	"sluice/daemon/desktop"
	mdm "sluice/omadm/agent"
	wsus "sluice/wsus/agent"
	"sluice/wsus/update"
)

// site is an appliance with the demonstration media.
type site struct {
	addr  string // of the management door
	roots *x509.CertPool
	*client.Client
}

func newSite(t *testing.T) *site {
	t.Helper()
	s, err := demo.Open(t.Context(), demo.Options{Dir: t.TempDir(), Version: "test", Log: slog.New(slog.DiscardHandler)})
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
	return &site{s.Addresses.MDM, roots, c}
}

func (s *site) config(t *testing.T, name string) desktop.Config {
	t.Helper()
	token, err := s.CreateEnrollToken(t.Context(), wire.CreateEnrollToken{Uses: 1})
	if err != nil {
		t.Fatal(err)
	}
	return desktop.Config{
		Management: s.addr, Credential: mdm.Credential{Name: "x@ship.example", Token: token.Secret},
		Machine: demo.Desktop(update.MustParseID("5117ce00-0000-4000-8000-0000000000d7"), name),
		Devices: &mdm.Transport{TLS: &tls.Config{RootCAs: s.roots}},
	}
}

func (s *site) approve(t *testing.T, kb, action string) update.ID {
	t.Helper()
	for u, err := range s.Updates(t.Context(), client.UpdateQuery{KB: kb}) {
		if err == nil {
			_, err = s.Approve(t.Context(), u.UpdateID, "All Computers", wire.Approve{Action: action})
		}
		if err != nil {
			t.Fatal(err)
		}
		return u.UpdateID
	}
	t.Fatalf("no update has the number KB%s", kb)
	return update.ID{}
}

func TestNoClient(t *testing.T) {
	t.Parallel()
	id := update.MustParseID("5117ce00-0000-4000-8000-0000000000d7")
	for _, m := range []wsus.Machine{wsus.WindowsServer2022(id, "a.example"), wsus.Windows7(id, "a.example"), demo.Computer(id, "a.example")} {
		if _, err := desktop.New(desktop.Config{Machine: m}); !errors.Is(err, desktop.ErrNoClient) || desktop.CanEnrol(&m) {
			t.Errorf("%s may enrol: %v", m.Computer.OSDescription, err)
		}
	}
	m := wsus.Windows11(id, "b.example")
	d, err := desktop.New(desktop.Config{Machine: m})
	if err != nil || !desktop.CanEnrol(&m) {
		t.Fatal(err)
	}
	if got := d.Device.Machine(); got.DNSName != "b.example" || got.Version != (mdm.Version{10, 0, 26200, 8037}) || got.Edition != m.Computer.NewProductType || got.Manufacturer != m.Computer.Manufacturer {
		t.Errorf("the device is %+v", got)
	}
	if _, err := d.Scan(t.Context()); !errors.Is(err, desktop.ErrNotTold) {
		t.Errorf("scanned without being told where: %v", err)
	}
	if _, err := d.Report(t.Context()); !errors.Is(err, desktop.ErrNotTold) {
		t.Errorf("reported without being told where: %v", err)
	}
	d.Restart()
	if d.ToInstall() != nil || d.ToRemove() != nil {
		t.Error("there is work before a scan")
	}
}

// TestLife takes a desktop through an approval, a failure, a restart of the
// program and a removal, and compares what it would tell over OMA DM.
func TestLife(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	chart := s.approve(t, "7000108", "install")
	ctx := t.Context()
	cfg := s.config(t, "life.ship.example")
	fails := true
	cfg.Outcome = func(update.Identity) wsus.Outcome {
		if fails {
			return wsus.Fails
		}
		return wsus.NeedsRestart
	}
	d, err := desktop.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	known := func() (installable, installed, failed, pending int) {
		k := &d.State().Known
		return len(k.Installable), len(k.Installed), len(k.Failed), len(k.PendingReboot)
	}
	want := func(what string, installable, installed, failed, pending int) {
		t.Helper()
		if a, b, c, e := known(); a != installable || b != installed || c != failed || e != pending {
			t.Errorf("%s: %d installable, %d installed, %d failed, %d pending; want %d, %d, %d, %d", what, a, b, c, e, installable, installed, failed, pending)
		}
	}
	// scan scans until the appliance's answers are what they are to be.
	scan := func(done func() bool) {
		t.Helper()
		for limit := time.Now().Add(20 * time.Second); ; {
			must(d.Scan(ctx))
			if done() {
				return
			}
			if time.Now().After(limit) {
				t.Fatalf("the scan still finds %+v", d.State().Known)
			}
		}
	}

	// The device asks for approval, and until it told what it can install it has
	// none.
	if _, err := s.SetPolicies(ctx, "All Computers", map[string]string{"RequireUpdateApproval": "1"}); err != nil {
		t.Fatal(err)
	}
	must(d.Device.Enroll(ctx))
	must(d.Device.Poll(ctx, nil))
	scan(func() bool { return len(d.State().Known.Installable) == 1 })
	if k := d.State().Known.Installable[0]; k.ID != chart.String() || k.Type != 1 || k.Revision == 0 || d.State().Known.LastScan.IsZero() {
		t.Errorf("installable: %+v", k)
	}
	if n := len(d.ToInstall()); n != 0 {
		t.Errorf("%d updates may be installed without approval", n)
	}
	must(d.Device.Poll(ctx, nil))
	work := d.ToInstall()
	if len(work) != 1 || work[0].ID != chart || !slices.Contains(d.Device.Approved(), chart.String()) {
		t.Fatalf("to install: %+v, approved: %v", work, d.Device.Approved())
	}

	must(d.Download(ctx, work[0]))
	if _, err := d.Install(ctx, work[0]); err == nil {
		t.Fatal("a failing update was installed")
	}
	want("after a failure", 1, 0, 1, 0)
	if f := d.State().Known.Failed[0]; f.State != 256 || f.HResult == 0 {
		t.Errorf("failed: %+v", f)
	}
	must(d.Scan(ctx))
	want("after a failure and a scan", 1, 0, 1, 0)
	fails = false
	must(d.Install(ctx, d.ToInstall()[0]))
	want("after an installation", 0, 0, 0, 1)
	if len(d.ToInstall()) != 0 {
		t.Error("it is to be installed again")
	}

	// Everything is in the state.
	b, err := json.Marshal(d.State())
	if err != nil {
		t.Fatal(err)
	}
	cfg.State = &desktop.State{}
	if err := json.Unmarshal(b, cfg.State); err != nil {
		t.Fatal(err)
	}
	if d, err = desktop.New(cfg); err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	must(d.Scan(ctx))
	want("after a restart of the program", 0, 0, 0, 1)
	d.Restart()
	want("after a restart", 0, 1, 0, 0)
	must(d.Scan(ctx))
	want("after a restart and a scan", 0, 1, 0, 0)
	must(d.Report(ctx))

	s.approve(t, "7000108", "uninstall")
	scan(func() bool { return len(d.ToRemove()) == 1 })
	must(d.Install(ctx, d.ToRemove()[0]))
	want("after a removal", 0, 0, 0, 0)
	if len(d.ToRemove()) != 0 {
		t.Error("it is to be removed again")
	}
}
