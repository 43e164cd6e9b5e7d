package ca

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"time"

	"sluice/omadm/device"
)

const (
	// RenewGrace is for how long after its end a device certificate may still be
	// renewed where nothing else is set: machines lie in store for months.
	RenewGrace = 2 * 365 * 24 * time.Hour
	// early is by how much a certificate may begin after now. It began before it
	// was issued, so that only this machine's own clock, set back since, can be the
	// cause; a day covers a wrong time zone.
	early = 24 * time.Hour
)

// Trust is every authority whose device certificates count: the one that issues
// and those that issued before. Set its fields before its first use; it may then
// be used from many goroutines.
type Trust struct {
	// Grace is for how long after its end a certificate may still be renewed.
	// [NewTrust] sets [RenewGrace].
	Grace time.Duration
	// Revoked reports whether a certificate was revoked. Nil for none. The
	// certificate is known to be of one of these authorities.
	Revoked func(*x509.Certificate) bool

	current *Authority
	issuing []*x509.Certificate // the current one first
	proven  proven
}

// NewTrust returns the trust in an authority and in those before it, given by
// their issuing certificates, the newest first.
func NewTrust(current *Authority, previous ...*x509.Certificate) *Trust {
	t := &Trust{Grace: RenewGrace, current: current}
	for _, c := range append([]*x509.Certificate{current.cert}, previous...) {
		if !slices.ContainsFunc(t.issuing, c.Equal) {
			t.issuing = append(t.issuing, c)
		}
	}
	return t
}

// Current returns the authority that issues.
func (t *Trust) Current() *Authority { return t.current }

// Issuing returns the certificates of all authorities, that of the current one
// first.
func (t *Trust) Issuing() []*x509.Certificate { return slices.Clone(t.issuing) }

// Pool returns what a TLS listener names as the authorities whose certificates
// it takes ([crypto/tls.Config.ClientCAs]). A device shows none whose authority
// is not named.
func (t *Trust) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range append(t.Issuing(), t.current.Chain()...) {
		pool.AddCert(c)
	}
	return pool
}

// Roots returns the roots that a device is to have, the newest first. Those of
// before are among them while the authorities overlap.
func (t *Trust) Roots() []*x509.Certificate {
	var roots []*x509.Certificate
	for _, c := range append([]*x509.Certificate{t.current.Root()}, t.issuing...) {
		if c != nil && selfSigned(c) && !slices.ContainsFunc(roots, c.Equal) {
			roots = append(roots, c)
		}
	}
	return roots
}

// Intermediates returns the certificates between a device's and the root that
// the current authority has, the issuing one first. An own authority has none.
func (t *Trust) Intermediates() []*x509.Certificate {
	return slices.DeleteFunc(slices.Clone(t.current.Chain()), selfSigned)
}

// Purpose is what a device certificate is shown for.
type Purpose int

// The purposes.
const (
	Manage Purpose = iota // a session: the certificate is in time
	Renew                 // a renewal: it may have ended, less than the grace ago
)

// String names the purpose for the log.
func (p Purpose) String() string {
	if p == Renew {
		return "renew"
	}
	return "manage"
}

// Verdict is what a device certificate that counts says.
type Verdict struct {
	Leaf       *x509.Certificate
	Issuer     *x509.Certificate
	Enrollment device.EnrollmentID // of its subject; whose it is, its fingerprint decides
	Expired    bool                // it ended, within the grace: good for [Renew] only
	Previous   bool                // its authority was rolled over
}

// Judge says whether the certificate that a device showed, the first of chain,
// counts for a purpose. A refusal is a [*Refusal]. Whose the certificate is, and
// whether that enrollment still stands, the caller looks up.
//
// The rest of chain does not matter: devices are issued to directly, and the
// authorities are known.
func (t *Trust) Judge(chain []*x509.Certificate, purpose Purpose, now time.Time) (Verdict, error) {
	if len(chain) == 0 || chain[0] == nil {
		return Verdict{}, &Refusal{Reason: ErrNoCertificate, Purpose: purpose}
	}
	leaf := chain[0]
	refuse := func(reason error) (Verdict, error) {
		return Verdict{}, &Refusal{Reason: reason, Purpose: purpose, Leaf: leaf}
	}
	issuer := t.issuer(leaf)
	switch {
	case issuer == nil:
		return refuse(ErrUnknownIssuer)
	case !isDevice(leaf):
		return refuse(ErrUsage)
	case t.Revoked != nil && t.Revoked(leaf):
		return refuse(ErrRevoked)
	case now.Add(early).Before(leaf.NotBefore):
		return refuse(ErrNotYet)
	}
	expired := now.After(leaf.NotAfter)
	switch {
	case expired && purpose != Renew:
		return refuse(ErrExpired)
	case expired && now.After(leaf.NotAfter.Add(t.Grace)):
		return refuse(ErrGraceOver)
	}
	return Verdict{
		Leaf: leaf, Issuer: issuer, Enrollment: device.EnrollmentID(leaf.Subject.CommonName),
		Expired: expired, Previous: !issuer.Equal(t.current.cert),
	}, nil
}

// issuer returns the authority that signed a certificate, nil for none.
func (t *Trust) issuer(leaf *x509.Certificate) *x509.Certificate {
	sum := sha256.Sum256(leaf.Raw)
	if c := t.proven.find(sum); c != nil {
		return c
	}
	for _, c := range t.issuing {
		if bytes.Equal(leaf.RawIssuer, c.RawSubject) && bytes.Equal(leaf.AuthorityKeyId, c.SubjectKeyId) && leaf.CheckSignatureFrom(c) == nil {
			t.proven.note(sum, c)
			return c
		}
	}
	return nil
}

// isDevice reports whether a certificate is an identity of [Authority.IssueDevice]
// by what it may be used for. A site's authority also issues others.
func isDevice(c *x509.Certificate) bool {
	return !c.IsCA && c.KeyUsage&x509.KeyUsageDigitalSignature != 0 &&
		slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) &&
		len(c.UnhandledCriticalExtensions) == 0 && c.Subject.CommonName != ""
}
