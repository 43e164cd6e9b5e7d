package daemon

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sluice/daemon/api"
	"sluice/daemon/config"
	"sluice/daemon/store"
	"sluice/omadm/ca"
)

const (
	// caPurpose names the own roots among the keys of the store.
	caPurpose = "ca"
	// sitePurpose names the authorities that the site brought. Only their
	// certificates are kept: the key stays in the site's file.
	sitePurpose = "ca-site"
)

// authorities keeps the authorities whose device certificates count. What is
// read from it is that of now, also after a rollover.
type authorities struct {
	store *store.Store
	cfg   config.CA
	name  string // of the appliance, for the subject of a root
	now   func() time.Time
	log   *slog.Logger

	mu      sync.Mutex // one change at a time
	held    atomic.Pointer[heldAuthorities]
	revoked atomic.Pointer[revokedSet]
	lists   struct {
		sync.Mutex
		of map[string]signedList // by the fingerprint of the authority
	}
}

// heldAuthorities are authorities as they are at one time.
type heldAuthorities struct {
	trust *ca.Trust
	keyed []*ca.Authority // those whose key is here, the current one first
}

// authorities loads what the store holds and the site's files, on first use,
// and makes a root where there is nothing.
func (a *Appliance) authorities(ctx context.Context) (*authorities, error) {
	return a.trusted, a.trusted.load(ctx)
}

func newAuthorities(s *store.Store, cfg config.CA, name string, now func() time.Time, log *slog.Logger) *authorities {
	return &authorities{store: s, cfg: cfg, name: name, now: now, log: log.With("component", "ca")}
}

// load does nothing where it was done.
func (t *authorities) load(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held.Load() != nil {
		return nil
	}
	if warning := t.cfg.KeyExposed(); warning != "" {
		t.log.Warn("the key of the site's authority is not kept well", "problem", warning)
	}
	if err := t.reloadRevoked(ctx); err != nil {
		return err
	}
	return t.reload(ctx)
}

// Trust returns the authorities of now. They were loaded.
func (t *authorities) Trust() *ca.Trust { return t.held.Load().trust }

// Current returns the authority that issues now.
func (t *authorities) Current() *ca.Authority { return t.Trust().Current() }

// reload reads the authorities.
func (t *authorities) reload(ctx context.Context) error {
	h, err := t.read(ctx)
	if err != nil {
		return err
	}
	t.held.Store(h)
	return nil
}

func (t *authorities) read(ctx context.Context) (*heldAuthorities, error) {
	site, err := t.cfg.Bring(t.now())
	if err != nil {
		return nil, err
	}
	if site == nil {
		if _, err := t.store.EnsureKey(ctx, caPurpose, t.firstRoot); err != nil {
			return nil, err
		}
	} else if err := t.noteSite(ctx, site); err != nil {
		return nil, err
	}
	own, err := t.store.Keys(ctx, caPurpose)
	if err != nil {
		return nil, err
	}
	brought, err := t.store.Keys(ctx, sitePurpose)
	if err != nil {
		return nil, err
	}
	h := &heldAuthorities{}
	var previous []issuing
	if site != nil {
		h.keyed = append(h.keyed, site)
	}
	for _, k := range own {
		root, err := ca.Load(k.Secret)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", k.ID, err)
		}
		h.keyed = append(h.keyed, root)
		previous = append(previous, issuing{root.Certificate(), k.Created})
	}
	for _, k := range brought {
		chain, err := ca.ReadChain(k.Secret)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", k.ID, err)
		}
		previous = append(previous, issuing{chain[0], k.Created})
	}
	h.trust = ca.NewTrust(h.keyed[0], t.counting(previous)...)
	h.trust.Grace = time.Duration(t.cfg.RenewGrace)
	h.trust.Revoked = t.isRevoked
	return h, nil
}

// issuing is an issuing certificate and when it came.
type issuing struct {
	cert  *x509.Certificate
	since time.Time
}

// counting returns the authorities whose device certificates may still count,
// the newest first. None that they issued outlives them.
func (t *authorities) counting(all []issuing) []*x509.Certificate {
	slices.SortStableFunc(all, func(x, y issuing) int { return y.since.Compare(x.since) })
	var certs []*x509.Certificate
	for _, i := range all {
		if !t.now().After(t.trustedUntil(i.cert)) {
			certs = append(certs, i.cert)
		}
	}
	return certs
}

// trustedUntil returns until when certificates of an authority may be renewed.
func (t *authorities) trustedUntil(c *x509.Certificate) time.Time {
	return c.NotAfter.Add(time.Duration(t.cfg.RenewGrace))
}

// firstRoot makes the own root.
func (t *authorities) firstRoot() ([]byte, error) {
	root, err := ca.New("sluice "+t.name, t.now())
	if err != nil {
		return nil, err
	}
	return root.Secret()
}

// noteSite writes down which authority the site brought, so that the devices
// that it issues to stay good when the site brings another.
func (t *authorities) noteSite(ctx context.Context, site *ca.Authority) error {
	known, err := t.store.Keys(ctx, sitePurpose)
	if err != nil {
		return err
	}
	chain := ca.EncodePEM(site.Chain()...)
	if len(known) > 0 && bytes.Equal(known[0].Secret, chain) {
		return nil
	}
	cert := site.Certificate()
	by := store.Entry{
		Who: "sluice", Via: "daemon", Action: "ca.bring", Subject: cert.Subject.String(),
		Detail: map[string]any{"sha256": ca.Fingerprint(cert), "until": cert.NotAfter.UTC()},
	}
	_, err = t.store.RotateKeyBy(ctx, by, sitePurpose, chain)
	return err
}

// rollover makes a new root that issues from now on. Devices of the old one stay
// good.
func (t *authorities) rollover(ctx context.Context, by store.Entry) error {
	if err := t.load(ctx); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.Current()
	if old.Site() {
		return api.ErrSiteAuthority
	}
	next, err := old.Rollover("sluice "+t.name, t.now())
	if err != nil {
		return err
	}
	secret, err := next.Secret()
	if err != nil {
		return err
	}
	cert := next.Certificate()
	by.Subject = cert.Subject.CommonName
	by.Detail = map[string]any{"sha256": ca.Fingerprint(cert), "before": old.Certificate().Subject.CommonName, "before_sha256": ca.Fingerprint(old.Certificate())}
	if _, err := t.store.RotateKeyBy(ctx, by, caPurpose, secret); err != nil {
		return err
	}
	t.log.Info("a new root issues certificates", "name", by.Subject, "sha256", ca.Fingerprint(cert))
	return t.reload(ctx)
}
