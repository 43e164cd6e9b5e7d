package daemon

import (
	"context"
	"crypto/sha1"
	"crypto/x509"
	"fmt"
	"time"

	"sluice/daemon/api/wire"
	"sluice/daemon/store"
	"sluice/omadm/ca"
)

// showCA says who issues certificates.
func (a *Appliance) showCA(ctx context.Context) (wire.CA, error) {
	t, err := a.authorities(ctx)
	if err != nil {
		return wire.CA{}, err
	}
	trust := t.Trust()
	out := wire.CA{
		TLSMode: string(a.cfg.TLS.Mode), Roots: []wire.Certificate{}, Warnings: t.warnings(),
		DeviceLife: a.cfg.CA.DeviceLife.String(), RenewGrace: a.cfg.CA.RenewGrace.String(),
	}
	own := t.ownCertificates()
	for i, c := range trust.Issuing() {
		origin := "site"
		if own[ca.Fingerprint(c)] {
			origin = "own"
		}
		out.Authorities = append(out.Authorities, wire.Authority{
			Certificate: certificateOf(c), Current: i == 0, Origin: origin, TrustedUntil: t.trustedUntil(c).UTC(),
		})
	}
	for _, c := range trust.Roots() {
		out.Roots = append(out.Roots, certificateOf(c))
	}
	return out, nil
}

// rolloverCA has a new root issue from now on.
func (a *Appliance) rolloverCA(ctx context.Context, by store.Entry) error {
	return a.trusted.rollover(ctx, by)
}

func certificateOf(c *x509.Certificate) wire.Certificate {
	name := c.Subject.CommonName
	if name == "" {
		name = c.Subject.String()
	}
	return wire.Certificate{
		Name: name, SHA256: ca.Fingerprint(c), SHA1: fmt.Sprintf("%X", sha1.Sum(c.Raw)),
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(), PEM: string(ca.EncodePEM(c)),
	}
}

// warnings says what an administrator should do something about.
func (t *authorities) warnings() []string {
	list := []string{}
	if w := t.cfg.KeyExposed(); w != "" {
		list = append(list, w)
	}
	current := t.Current()
	end := current.Certificate().NotAfter
	if t.now().Add(time.Duration(t.cfg.DeviceLife)).After(end) {
		what := `"sluice ca rollover" makes a new one`
		if current.Site() {
			what = "have the site renew it"
		}
		list = append(list, fmt.Sprintf("the authority ends on %s, and device certificates with it: %s", end.UTC().Format(time.DateOnly), what))
	}
	if current.Site() && current.Root() == nil {
		list = append(list, "the root above the site's authority is not in ca.cert_file: devices must have it by other means")
	}
	return list
}

// ownCertificates returns the fingerprints of the own roots.
func (t *authorities) ownCertificates() map[string]bool {
	own := make(map[string]bool)
	for _, a := range t.held.Load().keyed {
		if !a.Site() {
			own[ca.Fingerprint(a.Certificate())] = true
		}
	}
	return own
}
