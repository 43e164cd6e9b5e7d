package agent

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha1" // thumbprints of the Windows certificate stores
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sluice/omadm/device"
)

// State is what a device remembers: a plain value, saved as JSON.
type State struct {
	Account *Account `json:",omitempty"` // nil: not enrolled

	Policies map[string]string    `json:",omitempty"` // applied, by "Area/Name"
	Approved map[string]time.Time `json:",omitempty"` // updates approved over OMA DM, by GUID
	Nodes    map[string]string    `json:",omitempty"` // other leaves that a server set, by their path from the root
	Restarts int                  `json:",omitempty"` // that a server ordered

	Sessions uint32    // opened so far; a new image starts anew
	LastPoll time.Time // when the last session ended well
	Polls    int       // since the enrollment, for the schedule
}

// Account is one enrollment: what the provisioning document and later sessions
// made of it. Certificates are DER.
type Account struct {
	Discovery string    // address of the discovery service
	Enrolling string    // address of the enrollment service; renewals go there
	User      string    // the name that was enrolled with
	Enrolled  time.Time // when

	Provider    string // PROVIDER-ID
	Name        string
	Addr        string // of the management server
	Encoding    string // media type of messages
	Client      Auth   // APPSRV: how the device proves itself to the server
	Server      Auth   // CLIENT: how the server proves itself to the device
	Retries     int    // CONNRETRYFREQ
	Backoff     time.Duration
	BackoffMax  time.Duration
	Store       string // where the certificate is: User or System
	Key         []byte // PKCS#8
	Certificate []byte
	Roots       [][]byte `json:",omitempty"` // of Root/System, by the server
	CAs         [][]byte `json:",omitempty"` // of CA/System, by the server
	Renewal     Renewal
	// DMClient has the leaves below Provider/<PROVIDER-ID>, such as
	// "Poll/NumberOfFirstRetries" and "EntDMID".
	DMClient map[string]string

	signer *rsa.PrivateKey   // of Key
	parsed *x509.Certificate // of Certificate
}

// Auth is one APPAUTH of the provisioning document.
type Auth struct {
	Type   string // BASIC or DIGEST
	Name   string
	Secret string
	Nonce  []byte // for the next message
}

// Renewal is CertificateStore/My/WSTEP/Renew.
type Renewal struct {
	Supported     bool
	Period        int    // days before the end of the certificate
	RetryInterval int    // days
	ServerURL     string // empty: the address of the enrollment service
	Status        int    // 0 not started, 1 in progress, 2 succeeded, 3 failed
	ErrorCode     uint32
	LastAttempt   time.Time
	AfterExpiry   string // RetryAfterExpiryInterval, as set
}

// Adopt makes the account of a device whose certificate was issued without an
// enrollment: for a bench with thousands of devices, which may share keys.
// Credentials, roots and a polling schedule are the caller's to add.
func Adopt(provider, addr string, key *rsa.PrivateKey, cert *x509.Certificate) (*Account, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("adopt: %w", err)
	}
	return &Account{
		Provider: provider, Addr: addr, Encoding: typeXML, Store: "User", Renewal: defaultRenewal(),
		Key: der, Certificate: cert.Raw, DMClient: map[string]string{}, signer: key, parsed: cert,
	}, nil
}

// load checks a state and prepares it.
func (s *State) load() error {
	for _, m := range []*map[string]string{&s.Policies, &s.Nodes} {
		if *m == nil {
			*m = map[string]string{}
		}
	}
	if s.Approved == nil {
		s.Approved = map[string]time.Time{}
	}
	if s.Account == nil {
		return nil
	}
	a := s.Account
	if a.DMClient == nil {
		a.DMClient = map[string]string{}
	}
	if a.Provider == "" || a.Addr == "" {
		return errors.New("state: the account has no provider or address")
	}
	if _, err := a.key(); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	if _, err := a.Leaf(); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	return nil
}

// Clone returns a copy that shares only what is immutable.
func (s *State) Clone() *State {
	c := *s
	c.Policies, c.Approved, c.Nodes = maps.Clone(s.Policies), maps.Clone(s.Approved), maps.Clone(s.Nodes)
	if s.Account != nil {
		a := *s.Account
		a.DMClient = maps.Clone(a.DMClient)
		a.Roots, a.CAs = slices.Clone(a.Roots), slices.Clone(a.CAs)
		c.Account = &a
	}
	return &c
}

// forget removes the account and everything that a server set, as Windows does
// at the end of an enrollment.
func (s *State) forget() {
	s.Account = nil
	s.Polls = 0
	clear(s.Policies)
	clear(s.Approved)
	clear(s.Nodes)
}

// pool returns the roots that the device trusts: base, those of the system where
// it is nil, and those that the server installed.
func (s *State) pool(base *x509.CertPool) *x509.CertPool {
	if s.Account == nil || len(s.Account.Roots) == 0 {
		return base
	}
	if base == nil {
		base, _ = x509.SystemCertPool() // a system without one has no roots
	}
	pool := x509.NewCertPool()
	if base != nil {
		pool = base.Clone()
	}
	for _, c := range s.Account.certificates(s.Account.Roots) {
		pool.AddCert(c)
	}
	return pool
}

// key returns the account's private key.
func (a *Account) key() (*rsa.PrivateKey, error) {
	if a.signer != nil {
		return a.signer, nil
	}
	k, err := x509.ParsePKCS8PrivateKey(a.Key)
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	r, ok := k.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("private key: a %T", k)
	}
	a.signer = r
	return r, nil
}

// Leaf returns the device's certificate.
func (a *Account) Leaf() (*x509.Certificate, error) {
	if a.parsed == nil {
		c, err := x509.ParseCertificate(a.Certificate)
		if err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
		a.parsed = c
	}
	return a.parsed, nil
}

// certificates parses a store; what cannot be read is not there.
func (a *Account) certificates(store [][]byte) []*x509.Certificate {
	var list []*x509.Certificate
	for _, der := range store {
		if c, err := x509.ParseCertificate(der); err == nil {
			list = append(list, c)
		}
	}
	return list
}

// chain returns leaf and the authorities above it, as far as the device has
// them.
func (a *Account) chain(leaf *x509.Certificate) []*x509.Certificate {
	known := append(a.certificates(a.CAs), a.certificates(a.Roots)...)
	chain := []*x509.Certificate{leaf}
	for c := leaf; !bytes.Equal(c.RawIssuer, c.RawSubject) && len(chain) < 8; {
		i := slices.IndexFunc(known, func(p *x509.Certificate) bool {
			return bytes.Equal(p.RawSubject, c.RawIssuer) && c.CheckSignatureFrom(p) == nil
		})
		if i < 0 {
			break
		}
		c = known[i]
		chain = append(chain, c)
	}
	return chain
}

// thumbprint names a certificate in the stores of Windows.
func thumbprint(der []byte) string {
	sum := sha1.Sum(der)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// context is the enrollment type of the account.
func (a *Account) context() device.Context {
	if a.Store == "System" {
		return device.DeviceContext
	}
	return device.UserContext
}
