package desktop

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"time"

	mdm "sluice/omadm/agent"
	wsus "sluice/wsus/agent"
	"sluice/wsus/update"
)

// What a desktop cannot do; test with [errors.Is].
var (
	ErrNoClient = errors.New("no MDM client: Windows Server, and Windows before 10, stay with their update agent")
	ErrNotTold  = errors.New("the device was told no update server")
)

// Config says what a desktop is and where it enrols. Machine and, to enrol,
// Management and Credential are needed; everything else has a default.
type Config struct {
	Management string // address of the management door, or an e-mail address, as a person types it
	Credential mdm.Credential
	Machine    wsus.Machine // the computer; the device is the same machine
	State      *State       // what it remembers; nil: a new machine

	Devices *mdm.Transport // of the MDM client; nil: one of its own
	// Computers is the transport of the update agent, which desktops may share; nil:
	// one of its own that trusts what the MDM client trusts and the roots that came
	// with the enrollment.
	Computers *wsus.Transport
	Library   *wsus.Library // nil: one of its own

	Outcome func(update.Identity) wsus.Outcome // of installations; nil: as described
	Caller  string                             // who asks for scans; empty: "sluice"
	Now     func() time.Time                   // nil: time.Now
	Log     *slog.Logger                       // nil: discarded
}

// State is what a desktop remembers: a plain value, saved as JSON. It holds the
// private key of the device.
type State struct {
	Device   *mdm.State
	Server   string      `json:",omitempty"` // that Computer scanned
	Computer *wsus.State `json:",omitempty"` // nil: it never scanned
	Known    mdm.UpdateList
}

// Desktop is one machine. It is not safe for concurrent use; its transports and
// its library may be shared.
type Desktop struct {
	// Device is its MDM client: enrol, poll and unenrol with it.
	Device *mdm.Agent

	cfg      Config
	state    *State
	computer *wsus.Agent // nil before the first scan
	own      *wsus.Transport
	trusts   int // roots of the enrollment that own trusts
	scan     *wsus.ScanResult
}

// New returns the desktop that cfg describes. The error wraps [ErrNoClient] for
// a machine that cannot enrol.
func New(cfg Config) (*Desktop, error) {
	device, err := deviceOf(&cfg.Machine)
	if err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Devices == nil {
		cfg.Devices = &mdm.Transport{}
	}
	if cfg.Library == nil {
		cfg.Library = &wsus.Library{}
	}
	if cfg.State == nil {
		cfg.State = &State{}
	}
	if cfg.State.Device == nil {
		cfg.State.Device = &mdm.State{}
	}
	d := &Desktop{cfg: cfg, state: cfg.State}
	d.Device, err = mdm.New(mdm.Config{
		Server: cfg.Management, Credential: cfg.Credential, Machine: device, State: cfg.State.Device, Transport: cfg.Devices,
		Updates: &cfg.State.Known, Now: cfg.Now, Log: cfg.Log,
	})
	return d, err
}

// State returns what the desktop remembers, for saving. It changes with every
// call.
func (d *Desktop) State() *State { return d.state }

// Close closes the connections of a transport of its own.
func (d *Desktop) Close() {
	if d.own != nil {
		d.own.CloseIdle()
	}
}

// Scan scans at the update server that the device was given. The error wraps
// [ErrNotTold] where that is none.
func (d *Desktop) Scan(ctx context.Context) (*wsus.ScanResult, error) {
	if err := d.aim(); err != nil {
		return &wsus.ScanResult{}, err
	}
	r, err := d.computer.Scan(ctx)
	if err != nil {
		return r, err
	}
	d.scan = r
	d.found(r)
	return r, nil
}

// Report sends the update agent's events to the update server and returns how
// many it took.
func (d *Desktop) Report(ctx context.Context) (int, error) {
	if d.computer == nil {
		return 0, fmt.Errorf("report: %w", ErrNotTold)
	}
	return d.computer.Report(ctx)
}

// aim has the update agent look where the device was told to.
func (d *Desktop) aim() error {
	server, _ := d.Device.UpdateServer()
	if server == "" {
		return fmt.Errorf("scan: %w", ErrNotTold)
	}
	roots := len(d.roots())
	if d.computer != nil && server == d.state.Server && (d.own == nil || roots == d.trusts) {
		return nil
	}
	if d.state.Computer != nil && server != d.state.Server {
		// What it knows is of another server; what it installed is on the machine.
		d.state.Computer = &wsus.State{ClientID: d.state.Computer.ClientID, Installed: d.state.Computer.Installed}
	}
	a, err := wsus.New(wsus.Config{
		Server: server, Machine: d.cfg.Machine, State: d.state.Computer, Transport: d.transport(), Library: d.cfg.Library,
		Outcome: d.cfg.Outcome, Caller: d.cfg.Caller, Now: d.cfg.Now, Log: d.cfg.Log,
	})
	if err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	d.computer, d.state.Server, d.state.Computer = a, server, a.State()
	return nil
}

// roots are those that the enrollment brought, DER.
func (d *Desktop) roots() [][]byte {
	if acc := d.state.Device.Account; acc != nil {
		return acc.Roots
	}
	return nil
}

// transport is how the update agent reaches its server.
func (d *Desktop) transport() *wsus.Transport {
	if d.cfg.Computers != nil {
		return d.cfg.Computers
	}
	d.Close()
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if t := d.cfg.Devices.TLS; t != nil {
		cfg.RootCAs = t.RootCAs
	}
	installed := d.roots()
	if d.trusts = len(installed); d.trusts > 0 {
		pool := cfg.RootCAs
		if pool == nil {
			pool, _ = x509.SystemCertPool() // a system without one has no roots
		}
		if pool == nil {
			pool = x509.NewCertPool()
		}
		pool = pool.Clone()
		for _, der := range installed {
			if c, err := x509.ParseCertificate(der); err == nil {
				pool.AddCert(c)
			}
		}
		cfg.RootCAs = pool
	}
	d.own = &wsus.Transport{TLS: cfg}
	return d.own
}
