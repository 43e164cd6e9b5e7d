package agent

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"sluice/wsus/update"
)

// Config says what an agent is and where it looks. Server and Machine must be
// set; everything else has a default.
type Config struct {
	Server    string     // root of the update server: http://host:8530 or https://host:8531
	Machine   Machine    // the computer to play
	State     *State     // what it remembers; nil: a new computer
	Transport *Transport // nil: one of its own
	Library   *Library   // nil: one of its own

	Caller      string      // who asks for the scan; AppName of events. Default "sluice"
	Categories  []update.ID // limits scans to these products, by StartCategoryScan
	SkipDrivers bool        // leave the driver pass out

	Dir     string                           // where Download leaves files, by digest; empty: verified and removed
	Outcome func(id update.Identity) Outcome // of installations; nil: AsDescribed
	Eula    func(id update.ID) bool          // whether license terms are accepted; nil: yes, the administrator did

	Now    func() time.Time // nil: time.Now
	Rand   *rand.Rand       // the agent's own; nil: seeded at random. A repeated seed repeats EventInstanceIDs, which servers ignore as resent
	Log    *slog.Logger     // nil: discarded
	Limits Limits
}

// Limits bounds an agent. Zero values mean the defaults.
type Limits struct {
	Answer      int64 // bytes of one answer, as sent and decoded; 64 MiB
	Trips       int   // SyncUpdates calls of a software pass; 200, as the native agent
	Installed   int   // entries of InstalledNonLeafUpdateIDs; 400, as a real server
	Connections int   // of one download; 3, as Delivery Optimization
	Piece       int64 // bytes of one range; 1 MiB, as Delivery Optimization
	Batch       int   // events in one ReportEventBatch; 100
}

func (l *Limits) fill() {
	for _, d := range []struct {
		v    *int64
		want int64
	}{{&l.Answer, 64 << 20}, {&l.Piece, 1 << 20}} {
		if *d.v <= 0 {
			*d.v = d.want
		}
	}
	for _, d := range []struct {
		v    *int
		want int
	}{{&l.Trips, 200}, {&l.Installed, 400}, {&l.Connections, 3}, {&l.Batch, 100}} {
		if *d.v <= 0 {
			*d.v = d.want
		}
	}
}

// Agent is one computer. It is not safe for concurrent use, save that its
// Transport and Library may be shared.
type Agent struct {
	cfg       Config
	root      *url.URL // ends in a slash
	state     *State
	device    string // DeviceAttributes, as every request of a scan sends them
	caller    string // CallerAttributes
	sessionCV string // correlation vector: base and counter
	sequence  int
	calls     []Call
	renew     bool           // the server called the cookie expired, or the configuration changed
	lastBatch []update.Event // for Resend
}

// New returns the agent that cfg describes.
func New(cfg Config) (*Agent, error) {
	cfg.Server = strings.TrimRight(cfg.Server, "/")
	root, err := url.Parse(cfg.Server + "/")
	if err != nil {
		return nil, fmt.Errorf("agent: server address: %w", err)
	}
	if _, err := parseEndpoint(root); err != nil {
		return nil, fmt.Errorf("agent: server address: %w", err)
	}
	if _, err := update.ParseID(cfg.Machine.Computer.ClientID); err != nil {
		return nil, fmt.Errorf("agent: client id: %w", err)
	}
	if cfg.Machine.Facts == nil {
		return nil, errors.New("agent: the machine has no facts")
	}
	cfg.Limits.fill()
	if cfg.Transport == nil {
		cfg.Transport = &Transport{}
	}
	if cfg.Library == nil {
		cfg.Library = &Library{}
	}
	if cfg.State == nil {
		cfg.State = &State{ClientID: cfg.Machine.Computer.ClientID}
	} else if err := cfg.State.check(); err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	} else if err := cfg.State.share(cfg.Library); err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	if cfg.Caller == "" {
		cfg.Caller = "sluice"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	a := &Agent{
		cfg: cfg, root: root, state: cfg.State,
		device: cfg.Machine.attributes(cfg.Server),
		caller: "Interactive=0;SheddingAware=1;Id=" + cfg.Caller + ";AADDeviceTokenState=WU:0x00248002;",
	}
	return a, nil
}

// State returns what the agent remembers, for saving. It changes with every
// call; see [State.Clone].
func (a *Agent) State() *State { return a.state }

// Calls returns what has been asked of the server since the last scan began,
// the scan's calls and failed ones too.
func (a *Agent) Calls() []Call { return a.calls }

// newID draws a GUID of version 4.
func (a *Agent) newID() update.ID {
	var id update.ID
	for i := range id {
		id[i] = byte(a.cfg.Rand.Uint32())
	}
	id[6] = id[6]&0x0F | 0x40
	id[8] = id[8]&0x3F | 0x80
	return id
}
