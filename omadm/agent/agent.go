package agent

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"time"

	"sluice/omadm/device"
)

// Config says what an agent is and where it enrols. Server and Credential are
// needed by [Agent.Enroll] alone, Machine always; everything else has a default.
type Config struct {
	// Server is what a person types: an e-mail address, whose domain is looked up
	// as EnterpriseEnrollment.<domain>, or the address of the server, with or
	// without a path.
	Server     string
	Credential Credential
	Machine    Machine
	State      *State     // what it remembers; nil: a device that was not enrolled
	Transport  *Transport // nil: one of its own
	Keys       Keys       // nil: a fresh RSA key of 2048 bits each time
	Updates    Updates    // what its update agent knows; nil: nothing

	OnMessage func(Message)    // sees every exchange; nil: none
	Now       func() time.Time // the device's clock; nil: time.Now
	Rand      *rand.Rand       // the agent's own; nil: seeded at random
	Log       *slog.Logger     // nil: discarded
	Limits    Limits
}

// Credential is what the agent enrols with.
type Credential struct {
	Name     string // account or UPN
	Password string
	// Token, where there is one, is sent as a BinarySecurityToken, as
	// RegisterDeviceWithManagement does; Password is not sent then.
	Token string
}

// Keys gives the key of a new certificate request.
type Keys func() (*rsa.PrivateKey, error)

// Limits bounds an agent. Zero values mean the defaults.
type Limits struct {
	Answer   int64 // bytes of one answer; 16 MiB
	Messages int   // of one session; 500
	Object   int64 // bytes of a value that comes in chunks; 1 MiB
}

func (l *Limits) fill() {
	if l.Answer <= 0 {
		l.Answer = 16 << 20
	}
	if l.Messages <= 0 {
		l.Messages = 500
	}
	if l.Object <= 0 {
		l.Object = 1 << 20
	}
}

// Agent is one device. It is not safe for concurrent use, save that its
// Transport and Keys may be shared.
type Agent struct {
	cfg   Config
	state *State
	link  link // how it reaches the server as an enrolled device
}

// New returns the agent that cfg describes.
func New(cfg Config) (*Agent, error) {
	if err := cfg.Machine.check(); err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	cfg.Limits.fill()
	if cfg.Transport == nil {
		cfg.Transport = &Transport{}
	}
	if cfg.Keys == nil {
		cfg.Keys = newKey
	}
	if cfg.Updates == nil {
		cfg.Updates = &UpdateList{}
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
	if cfg.State == nil {
		cfg.State = &State{}
	}
	if err := cfg.State.load(); err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	return &Agent{cfg: cfg, state: cfg.State}, nil
}

// State returns what the agent remembers, for saving. It changes with every
// call; see [State.Clone].
func (a *Agent) State() *State { return a.state }

// Machine returns the device that it plays.
func (a *Agent) Machine() Machine { return a.cfg.Machine }

// Enrolled reports whether the device has an account.
func (a *Agent) Enrolled() bool { return a.state.Account != nil }

// user reports whether the account is one of a person.
func (a *Agent) user() bool { return a.cfg.Machine.Context != device.DeviceContext }

// discovery returns the address of the discovery service, and whether it was
// made from an e-mail address (MS-MDE2 3.1).
func (a *Agent) discovery() (u *url.URL, guessed bool, err error) {
	const path = "/EnrollmentServer/Discovery.svc"
	s := strings.TrimSpace(a.cfg.Server)
	if name, domain, ok := strings.Cut(s, "@"); ok && !strings.Contains(s, "/") {
		if name == "" || domain == "" {
			return nil, false, errors.New("an e-mail address without a name or a domain")
		}
		return &url.URL{Scheme: "https", Host: "EnterpriseEnrollment." + domain, Path: path}, true, nil
	}
	if s == "" {
		return nil, false, errors.New("no server was given")
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err = url.Parse(s)
	if err != nil {
		return nil, false, err
	}
	if u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, false, fmt.Errorf("%q is not an https address", a.cfg.Server)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = path
	}
	return u, false, nil
}

// address is the address as a Windows client writes it in a:To: with its port.
func address(u *url.URL) string {
	c := *u
	if c.Port() == "" {
		c.Host = net.JoinHostPort(c.Hostname(), "443")
	}
	return c.String()
}
