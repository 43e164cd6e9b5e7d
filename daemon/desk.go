package daemon

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sluice/daemon/credential"
	"sluice/daemon/store"
	"sluice/omadm/device"
	"sluice/omadm/enroll"
	"sluice/omadm/session"
)

// desk is where devices prove that they may enrol, and who they are.
type desk struct {
	fleet    *registry
	store    *store.Store
	hasher   *credential.Hasher
	attempts *attempts
	refusals *refusals
	log      *slog.Logger
	// turns are taken to prove a password, from before it is asked whether one more
	// may be wrong until a wrong one was counted: of a thousand that are sent at once
	// no more are hashed than of those sent one by one.
	turns chan struct{}
}

func newDesk(fleet *registry, s *store.Store, hasher *credential.Hasher, refused *refusals, log *slog.Logger, now func() time.Time) *desk {
	return &desk{
		fleet: fleet, store: s, hasher: hasher, attempts: newAttempts(now), refusals: refused, log: log,
		turns: make(chan struct{}, provenAtOnce),
	}
}

// provenAtOnce is how many passwords are proven at a time.
const provenAtOnce = 2

var (
	_ enroll.Desk         = (*desk)(nil)
	_ session.Enrollments = (*desk)(nil)
)

// Check judges a credential without using it up.
func (d *desk) Check(ctx context.Context, c enroll.Credential) error {
	_, err := d.prove(ctx, c)
	return d.judged(c, err)
}

// Enroll uses a credential up and keeps the enrollment.
func (d *desk) Enroll(ctx context.Context, c enroll.Credential, e device.Enrollment, cert enroll.Certificate, auth enroll.Secrets) error {
	known, err := d.prove(ctx, c)
	if err != nil {
		return d.judged(c, err)
	}
	machine, err := d.fleet.Enroll(ctx, store.NewEnrollment{
		Credential: known, Enrollment: e, Leaf: cert.Leaf, KeyHash: cert.KeyHash, Secrets: store.Secrets(auth), Addr: c.Addr,
	})
	if err != nil {
		return d.judged(c, err)
	}
	d.log.Info("device enrolled", "device", machine, "enrollment", e.ID, "name", e.Name, "from", c.Addr)
	return nil
}

// prove judges a credential as it is now, and counts one that is wrong. A secret
// that reads as a token is one where there is such a token, whatever name it
// comes with. Names are of no matter for tokens, so that nobody locks those out
// by being wrong with the name that a package carries.
func (d *desk) prove(ctx context.Context, c enroll.Credential) (store.EnrollCredential, error) {
	if !d.attempts.allowed(c.Addr, "") {
		return store.EnrollCredential{}, enroll.ErrTooMany
	}
	text := c.Token
	if text == "" {
		text = c.Secret
	}
	known, err := store.EnrollCredential{}, fmt.Errorf("token: %w", store.ErrBadCredential)
	if hash, ok := credential.ParseToken(text); ok {
		known.Token = hash
		err = d.store.CheckCredential(ctx, known)
	}
	bad := errors.Is(err, store.ErrBadCredential)
	if c.Token == "" && bad {
		return d.provePassword(ctx, c)
	}
	if bad {
		d.attempts.wrong(c.Addr, "")
	}
	return known, err
}

// provePassword proves that of an account.
func (d *desk) provePassword(ctx context.Context, c enroll.Credential) (store.EnrollCredential, error) {
	select {
	case d.turns <- struct{}{}:
	case <-ctx.Done():
		return store.EnrollCredential{}, fmt.Errorf("wait to prove a password: %w", ctx.Err())
	}
	defer func() { <-d.turns }()
	if !d.attempts.allowed(c.Addr, c.Name) {
		return store.EnrollCredential{}, enroll.ErrTooMany
	}
	known, err := d.account(ctx, c)
	if errors.Is(err, store.ErrBadCredential) {
		d.attempts.wrong(c.Addr, c.Name)
	}
	return known, err
}

// account finds the account of a credential, if the password is that.
func (d *desk) account(ctx context.Context, c enroll.Credential) (store.EnrollCredential, error) {
	account, err := d.store.FindEnrollAccount(ctx, c.Name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.EnrollCredential{}, err
	}
	// An account that does not exist takes as long.
	right, err := d.hasher.Verify(ctx, account.Hash, c.Secret)
	if err != nil {
		return store.EnrollCredential{}, err
	}
	if !right {
		return store.EnrollCredential{}, fmt.Errorf("account %.80q: %w", c.Name, store.ErrBadCredential)
	}
	known := store.EnrollCredential{Account: account.Name, Hash: account.Hash}
	return known, d.store.CheckCredential(ctx, known)
}

// judged returns what enrollment is told of a judgement, and audits those that
// went against the device.
func (d *desk) judged(c enroll.Credential, err error) error {
	told := credentialError(err)
	for _, refused := range []error{enroll.ErrCredentials, enroll.ErrTooMany, enroll.ErrDeviceCap, enroll.ErrReplayed} {
		if errors.Is(told, refused) {
			d.refusals.enrollment(c, err)
		}
	}
	return told
}

// Renewing returns whose a certificate is that was judged good for renewal.
func (d *desk) Renewing(ctx context.Context, cert *x509.Certificate) (device.Enrollment, error) {
	found, err := d.store.EnrollmentByCertificate(ctx, sha256.Sum256(cert.Raw))
	return found.Enrollment, renewalError(err)
}

// Renew keeps a further certificate of an enrollment.
func (d *desk) Renew(ctx context.Context, id device.EnrollmentID, old *x509.Certificate, cert enroll.Certificate) error {
	return renewalError(d.store.RenewCertificate(ctx, id, sha256.Sum256(old.Raw), cert.Leaf, cert.KeyHash))
}

// ByCertificate returns the enrollment that a judged certificate is of. The
// first session with one ends those before it.
func (d *desk) ByCertificate(ctx context.Context, cert *x509.Certificate) (device.Enrollment, error) {
	sum := sha256.Sum256(cert.Raw)
	found, err := d.store.EnrollmentByCertificate(ctx, sum)
	if err == nil && found.Unused {
		err = d.store.UseCertificate(ctx, sum)
	}
	return found.Enrollment, sessionError(err)
}

// ByName returns the enrollment whose device logs in by a name.
func (d *desk) ByName(ctx context.Context, name string) (device.Enrollment, session.Secrets, error) {
	found, secrets, err := d.store.EnrollmentByName(ctx, name)
	return found.Enrollment, session.Secrets(secrets), sessionError(err)
}

// Secrets returns the application credentials of an enrollment.
func (d *desk) Secrets(ctx context.Context, id device.EnrollmentID) (session.Secrets, error) {
	secrets, err := d.store.EnrollmentSecrets(ctx, id)
	return session.Secrets(secrets), sessionError(err)
}

// credentialError says an error about a credential in the words of enrollment.
func credentialError(err error) error {
	return inWordsOf(err,
		[2]error{store.ErrBadCredential, enroll.ErrCredentials}, [2]error{store.ErrDeviceCap, enroll.ErrDeviceCap},
		[2]error{store.ErrReplayed, enroll.ErrReplayed})
}

// renewalError says an error about a certificate in the words of enrollment.
func renewalError(err error) error {
	return inWordsOf(err,
		[2]error{store.ErrRenewedOften, enroll.ErrTooMany}, [2]error{store.ErrReplayed, enroll.ErrReplayed},
		[2]error{store.ErrNotFound, enroll.ErrUnknown}, [2]error{store.ErrRevoked, enroll.ErrRevoked}, [2]error{store.ErrEnded, enroll.ErrEnded})
}

// sessionError says an error about an enrollment in the words of sessions.
func sessionError(err error) error {
	return inWordsOf(err,
		[2]error{store.ErrNotFound, session.ErrUnknown}, [2]error{store.ErrRevoked, session.ErrRevoked}, [2]error{store.ErrEnded, session.ErrEnded})
}

// inWordsOf wraps an error that is the first of a pair in the second, which is
// what another package calls it. One of no pair stays as it is.
func inWordsOf(err error, names ...[2]error) error {
	for _, n := range names {
		if errors.Is(err, n[0]) {
			return fmt.Errorf("%w: %w", n[1], err)
		}
	}
	return err
}
