package enroll_test

import (
	"context"
	"crypto/x509"
	"sync"

	"sluice/omadm/device"
	"sluice/omadm/enroll"
)

// desk is a Desk in memory: accounts by name and tokens by text.
type desk struct {
	mu       sync.Mutex
	accounts map[string]string
	tokens   map[string]int // uses left
	fail     error          // of everything
	keys     map[[32]byte]device.EnrollmentID
	kept     map[device.EnrollmentID]*kept
	creds    []enroll.Credential // as they came
}

type kept struct {
	enrollment device.Enrollment
	auth       enroll.Secrets
	certs      []*x509.Certificate
	state      error // ErrRevoked, ErrEnded
}

var _ enroll.Desk = (*desk)(nil)

func newDesk() *desk {
	return &desk{
		accounts: map[string]string{"anna@ship.example": "correct horse"},
		tokens:   map[string]int{"ABCD-EFGH": 2},
		keys:     map[[32]byte]device.EnrollmentID{},
		kept:     map[device.EnrollmentID]*kept{},
	}
}

func (d *desk) Check(_ context.Context, c enroll.Credential) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.check(c)
}

func (d *desk) check(c enroll.Credential) error {
	d.creds = append(d.creds, c)
	switch {
	case d.fail != nil:
		return d.fail
	case c.Token != "" && d.tokens[c.Token] > 0, d.tokens[c.Secret] > 0:
		return nil
	case c.Secret != "" && d.accounts[c.Name] == c.Secret:
		return nil
	}
	return enroll.ErrCredentials
}

func (d *desk) Enroll(_ context.Context, c enroll.Credential, e device.Enrollment, cert enroll.Certificate, auth enroll.Secrets) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.check(c); err != nil {
		return err
	}
	if _, ok := d.keys[cert.KeyHash]; ok {
		return enroll.ErrReplayed
	}
	d.tokens[c.Token]--
	d.keys[cert.KeyHash] = e.ID
	d.kept[e.ID] = &kept{enrollment: e, auth: auth, certs: []*x509.Certificate{cert.Leaf}}
	return nil
}

func (d *desk) Renewing(_ context.Context, cert *x509.Certificate) (device.Enrollment, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return device.Enrollment{}, d.fail
	}
	for _, k := range d.kept {
		for _, c := range k.certs {
			if c.Equal(cert) {
				return k.enrollment, k.state
			}
		}
	}
	return device.Enrollment{}, enroll.ErrUnknown
}

func (d *desk) Renew(_ context.Context, id device.EnrollmentID, _ *x509.Certificate, cert enroll.Certificate) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if owner, ok := d.keys[cert.KeyHash]; ok && owner != id {
		return enroll.ErrReplayed
	}
	d.keys[cert.KeyHash] = id
	d.kept[id].certs = append(d.kept[id].certs, cert.Leaf)
	return nil
}

// only returns the one enrollment that is kept.
func (d *desk) only() *kept {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range d.kept {
		if len(d.kept) == 1 {
			return k
		}
	}
	return nil
}

// of returns what is kept of an enrollment.
func (d *desk) of(id device.EnrollmentID) *kept {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.kept[id]
}

func (d *desk) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.kept)
}
