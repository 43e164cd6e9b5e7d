package ca

import (
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// listLife is how long a revocation list stands. It is made anew whenever it is
// asked for; what was fetched long ago should not count for ever.
const listLife = 30 * 24 * time.Hour

// RevocationReason says why a certificate was revoked (RFC 5280 5.3.1).
type RevocationReason int

// The reasons.
const (
	Unspecified          RevocationReason = 0
	KeyCompromise        RevocationReason = 1
	Superseded           RevocationReason = 4
	CessationOfOperation RevocationReason = 5 // unenrolled
)

// Revoked is a certificate that no longer counts.
type Revoked struct {
	Serial *big.Int
	At     time.Time
	Reason RevocationReason
}

// RevocationList returns the signed list (X.509 CRL version 2, DER) of revoked
// certificates, each serial once. number must grow from list to list. A list
// may name serials of other authorities: they are drawn at random and never
// meet.
func (a *Authority) RevocationList(revoked []Revoked, number int64, now time.Time) ([]byte, error) {
	entries := make([]x509.RevocationListEntry, 0, len(revoked))
	for _, r := range revoked {
		entries = append(entries, x509.RevocationListEntry{
			SerialNumber: r.Serial, RevocationTime: r.At.UTC().Truncate(time.Second), ReasonCode: int(r.Reason),
		})
	}
	slices.SortStableFunc(entries, func(x, y x509.RevocationListEntry) int { return x.SerialNumber.Cmp(y.SerialNumber) })
	entries = slices.CompactFunc(entries, func(x, y x509.RevocationListEntry) bool { return x.SerialNumber.Cmp(y.SerialNumber) == 0 })
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		RevokedCertificateEntries: entries,
		Number:                    big.NewInt(number),
		ThisUpdate:                now.Add(-deviceBackdate).UTC(),
		NextUpdate:                now.Add(listLife).UTC(),
	}, a.cert, a.key)
	if err != nil {
		return nil, fmt.Errorf("make revocation list: %w", err)
	}
	return der, nil
}
