package daemon

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"math/big"
	"slices"
	"time"

	"sluice/daemon/store"
	"sluice/omadm/ca"
)

// revokedSet is what was revoked, by [revokedKey], and the list of it.
type revokedSet struct {
	keys   map[[sha256.Size]byte]struct{}
	list   []store.RevokedCertificate
	number int64
}

// revokedKey names a certificate by issuer and serial number.
func revokedKey(issuer []byte, serial *big.Int) [sha256.Size]byte {
	return sha256.Sum256(append(append(slices.Clone(issuer), 0), serial.Bytes()...))
}

// reloadRevoked reads what was revoked.
func (t *authorities) reloadRevoked(ctx context.Context) error {
	list, number, err := t.store.RevokedCertificates(ctx)
	if err != nil {
		return err
	}
	set := &revokedSet{keys: make(map[[sha256.Size]byte]struct{}, len(list)), list: list, number: number}
	for _, r := range list {
		set.keys[revokedKey(r.Issuer, r.Serial)] = struct{}{}
	}
	t.revoked.Store(set)
	return nil
}

func (t *authorities) isRevoked(c *x509.Certificate) bool {
	_, revoked := t.revoked.Load().keys[revokedKey(c.AuthorityKeyId, c.SerialNumber)]
	return revoked
}

// run shows what was revoked, soon after it was, until ctx ends. Sessions and
// renewals look each certificate up in the store besides.
func (t *authorities) run(ctx context.Context) {
	changes, stop := t.store.Subscribe(store.RevocationChanged)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-changes:
		}
		if err := t.reloadRevoked(ctx); err != nil && ctx.Err() == nil {
			t.log.Error("the list of revoked certificates is not up to date", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(rebuildEvery):
		}
	}
}

// errNoList says that an authority's key is not here to sign a list with.
var errNoList = errors.New("no revocation list of this authority")

// listEvery is how long a signed list is handed out before another is made that
// says the same.
const listEvery = 24 * time.Hour

// signedList is a revocation list as it was signed.
type signedList struct {
	of   *revokedSet
	made time.Time
	der  []byte
}

// revocationList returns the signed list of an authority, by its certificate.
func (t *authorities) revocationList(issuer *x509.Certificate) ([]byte, error) {
	keyed := t.held.Load().keyed
	i := slices.IndexFunc(keyed, func(a *ca.Authority) bool { return a.Certificate().Equal(issuer) })
	if i < 0 {
		return nil, errNoList
	}
	set, id := t.revoked.Load(), ca.Fingerprint(issuer)
	t.lists.Lock()
	defer t.lists.Unlock()
	if l := t.lists.of[id]; l.of == set && t.now().Sub(l.made).Abs() < listEvery {
		return l.der, nil
	}
	var revoked []ca.Revoked
	for _, r := range set.list {
		if bytes.Equal(r.Issuer, issuer.SubjectKeyId) {
			revoked = append(revoked, ca.Revoked{Serial: r.Serial, At: r.At, Reason: ca.RevocationReason(r.Reason)})
		}
	}
	der, err := keyed[i].RevocationList(revoked, set.number, t.now())
	if err != nil {
		return nil, err
	}
	if t.lists.of == nil {
		t.lists.of = make(map[string]signedList)
	}
	t.lists.of[id] = signedList{set, t.now(), der}
	return der, nil
}
