package ca

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"
)

// Reasons for which a device certificate does not count.
var (
	ErrNoCertificate = errors.New("no client certificate")
	ErrUnknownIssuer = errors.New("certificate of another authority")
	ErrUsage         = errors.New("not a device certificate")
	ErrRevoked       = errors.New("certificate is revoked")
	ErrNotYet        = errors.New("certificate is not valid yet")
	ErrExpired       = errors.New("certificate has ended")
	ErrGraceOver     = errors.New("certificate ended too long ago to renew it")
)

// Refusal is a certificate that does not count. It unwraps to its reason.
type Refusal struct {
	Reason  error // one of the Err values above
	Purpose Purpose
	Leaf    *x509.Certificate // nil where none was shown
}

// Error says why, and of which certificate.
func (r *Refusal) Error() string {
	if r.Leaf == nil {
		return r.Reason.Error()
	}
	return fmt.Sprintf("%v (subject %s, SHA-256 %s, %s to %s)", r.Reason, r.subject(), Fingerprint(r.Leaf),
		r.Leaf.NotBefore.UTC().Format(time.DateOnly), r.Leaf.NotAfter.UTC().Format(time.DateOnly))
}

// Unwrap returns the reason.
func (r *Refusal) Unwrap() error { return r.Reason }

// LogValue gives the facts for the log.
func (r *Refusal) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("reason", r.Reason.Error()), slog.String("purpose", r.Purpose.String())}
	if r.Leaf != nil {
		attrs = append(attrs, slog.String("subject", r.subject()), slog.String("fingerprint", Fingerprint(r.Leaf)),
			slog.Time("not_before", r.Leaf.NotBefore.UTC()), slog.Time("not_after", r.Leaf.NotAfter.UTC()))
	}
	return slog.GroupValue(attrs...)
}

// subject returns the common name as it may stand in a log: whoever showed the
// certificate may have chosen it.
func (r *Refusal) subject() string {
	return strconv.QuoteToASCII(clip(r.Leaf.Subject.CommonName, maxCommonName))
}
