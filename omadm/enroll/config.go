package enroll

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"sluice/omadm/ca"
)

// ProviderID names the appliance on a device: PROVIDER-ID of its account, and the
// node of DMClient.
const ProviderID = "sluice"

// Paths of the services; they are compared without letter case. Windows knows
// only the first one by itself.
const (
	DiscoveryPath  = "/EnrollmentServer/Discovery.svc"
	PolicyPath     = "/EnrollmentServer/Policy.svc"
	EnrollmentPath = "/EnrollmentServer/Enrollment.svc"
	ManagementPath = "/ManagementServer/MDM.svc" // where devices are sent to be managed
)

// Config is what a handler works with. Desk, Trust and Public must be set.
type Config struct {
	Desk Desk
	// Trust returns the authorities as they are now. It is called once a request,
	// so that a rollover takes effect at once.
	Trust func() *ca.Trust
	// Public is the URL that devices reach the appliance by, such as
	// https://sluice.ship.example:8443, without a path.
	Public string
	// Names are the host names and IP addresses of the appliance. Who used one of
	// them is sent to the services on it, since that one works where the client is;
	// others are sent to Public.
	Names   []string
	Name    string           // what Settings shows; "sluice" where empty
	Life    time.Duration    // of device certificates; [ca.DeviceLife] where 0
	Renewal Renewal          // [DefaultRenewal] where zero
	Poll    Poll             // [DefaultPoll] where zero
	Now     func() time.Time // time.Now where nil
	Rand    io.Reader        // crypto/rand where nil
	Refused func(Refusal)    // is told of every request that was refused, save those that are no messages; may be nil
}

// Refusal is a request that was refused.
type Refusal struct {
	Reason string // as the person at the device reads it, one of a few
	Addr   string // IP address of the client
	Err    error  // the cause, that of the [Desk] or of package ca among others
}

// Renewal says when a device renews its certificate (CertificateStore
// MY/WSTEP/Renew), in days.
type Renewal struct {
	Before int // the end of the certificate: RenewPeriod, 1 to 1000
	Retry  int // after a try that failed: RetryInterval, 1 to Before
}

// DefaultRenewal begins six weeks before the end and leaves ten tries.
func DefaultRenewal() Renewal { return Renewal{Before: 42, Retry: 4} }

// Validate checks against the ranges of the CertificateStore CSP.
func (r Renewal) Validate() error {
	var errs []error
	if r.Before < 1 || r.Before > 1000 {
		errs = append(errs, fmt.Errorf("renewal %d days before the end: 1 to 1000", r.Before))
	}
	if r.Retry < 1 || r.Retry > r.Before {
		errs = append(errs, fmt.Errorf("renewal again after %d days: 1 to %d", r.Retry, r.Before))
	}
	return errors.Join(errs...)
}

// withDefaults returns c with every zero field set to its default.
func (c Config) withDefaults() Config {
	if c.Name == "" {
		c.Name = ProviderID
	}
	if c.Life == 0 {
		c.Life = ca.DeviceLife
	}
	if c.Renewal == (Renewal{}) {
		c.Renewal = DefaultRenewal()
	}
	if c.Poll == (Poll{}) {
		c.Poll = DefaultPoll()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Refused == nil {
		c.Refused = func(Refusal) {}
	}
	return c
}

// Validate returns everything that is wrong with c, defaults taken.
func (c Config) Validate() error {
	var errs []error
	if c.Desk == nil {
		errs = append(errs, errors.New("no desk"))
	}
	if c.Trust == nil {
		errs = append(errs, errors.New("no certificate authority"))
	}
	if _, err := parseBase(c.Public); err != nil {
		errs = append(errs, err)
	}
	c = c.withDefaults()
	life := int(c.Life / (24 * time.Hour))
	if life <= c.Renewal.Before {
		errs = append(errs, fmt.Errorf("certificates that live %d days and are renewed %d days before their end", life, c.Renewal.Before))
	}
	return errors.Join(append(errs, c.Renewal.Validate(), c.Poll.Validate())...)
}

// parseBase reads the URL of the appliance.
func parseBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("URL of the appliance: %w", err)
	}
	if u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("URL of the appliance %q: must be https://HOST or https://HOST:PORT", s)
	}
	return u, nil
}
