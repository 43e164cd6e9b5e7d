package signature

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"io"
	"slices"
	"time"
)

const (
	oidNested = "1.3.6.1.4.1.311.2.4.1"
	// oidLifetime is a usage of certificates whose signatures end with them,
	// time stamp or not.
	oidLifetime = "1.3.6.1.4.1.311.10.3.13"
)

// Verifier checks files against a set of roots. It may be used concurrently.
type Verifier struct {
	roots []Root
	pool  *x509.CertPool
	now   func() time.Time
}

// New returns a verifier that trusts the roots, and takes files without a time
// stamp as of the time that now returns.
func New(roots []Root, now func() time.Time) *Verifier {
	v := &Verifier{roots: slices.Clone(roots), pool: x509.NewCertPool(), now: now}
	for _, r := range v.roots {
		v.pool.AddCert(r.cert)
	}
	return v
}

// Verify checks a file of the given size. The error is only ever that the file
// could not be read or that ctx ended; whatever is wrong with the file itself is
// in the verdict. It reads the file once, and holds its signature (at most 8
// MiB) and little more in memory.
func (v *Verifier) Verify(ctx context.Context, r io.ReaderAt, size int64) (Verdict, error) {
	if err := ctx.Err(); err != nil {
		return Verdict{}, err
	}
	l, err := find(r, size)
	verdict := Verdict{Kind: l.kind}
	if f := (*fault)(nil); errors.As(err, &f) {
		verdict.Status, verdict.Reason = f.status, f.reason
		return verdict, nil
	}
	if err != nil {
		return Verdict{}, err
	}
	if len(l.messages) == 0 {
		verdict.Status, verdict.Reason = Unsigned, l.without
		return verdict, nil
	}
	found := openAll(l.messages)
	actual := map[crypto.Hash][]byte{}
	for _, c := range found {
		if c.err == nil {
			actual[c.hash] = nil
		}
	}
	if err := l.digests(ctx, r, actual); err != nil {
		return Verdict{}, err
	}
	for _, c := range found {
		verdict.Signatures = append(verdict.Signatures, v.judge(c, actual[c.hash]))
	}
	verdict.decide()
	return verdict, nil
}

// candidate is one signature of a file, opened.
type candidate struct {
	message *message
	nested  bool
	hash    crypto.Hash // of the file
	name    string      // of the hash
	digest  []byte      // that is signed
	err     error       // why it could not be opened: a fault
}

// openAll opens the signatures and those nested in them.
func openAll(messages [][]byte) []candidate {
	var all []candidate
	for _, der := range messages {
		c := openOne(der, false)
		all = append(all, c)
		if c.message == nil {
			continue
		}
		for _, n := range values(c.message.unauth, oidNested) {
			all = append(all, openOne(n.FullBytes, true))
		}
	}
	return all
}

func openOne(der []byte, nested bool) candidate {
	c := candidate{nested: nested}
	if c.message, c.err = open(der); c.err == nil {
		c.hash, c.name, c.digest, c.err = c.message.indirect()
	}
	return c
}

// judge says what a signature is worth.
func (v *Verifier) judge(c candidate, actual []byte) Signature {
	s := Signature{Status: Verified, Nested: c.nested, Algorithm: c.name, Digest: actual}
	if m := c.message; m != nil {
		s.Signer, s.Issuer = m.signer.Subject.CommonName, m.signer.Issuer.CommonName
		if o := m.signer.Subject.Organization; len(o) > 0 {
			s.Organization = o[0]
		}
	}
	err := c.err
	if err == nil && !bytes.Equal(actual, c.digest) {
		err = tampered("the file was changed after it was signed: its %s digest is %x, signed was %x", c.name, actual, c.digest)
	}
	if err == nil {
		err = v.trust(c, &s)
	}
	if f := (*fault)(nil); errors.As(err, &f) {
		s.Status, s.Reason = f.status, f.reason
	}
	return s
}

// trust fills in when it was signed and which root vouches for the signer.
func (v *Verifier) trust(c candidate, s *Signature) error {
	all, err := stamps(c.message)
	if err != nil {
		return err
	}
	stamp, weak, err := v.trusted(all)
	if err != nil {
		return err
	}
	at := v.now()
	if stamp != nil {
		s.Time, s.StampedBy = stamp.time, stamp.by.signer.Subject.CommonName
		if !lifetime(c.message.signer) {
			at = stamp.time
		}
	}
	found, err := v.chain(c.message, at, x509.ExtKeyUsageCodeSigning)
	if err != nil {
		return err
	}
	s.Root, s.Thumbprint = found.root.Name, found.root.Thumbprint
	if found.weak || c.hash == crypto.SHA1 {
		s.Status, s.Reason = Legacy, "only SHA-1 proves that it is genuine"
	} else if weak {
		s.Status, s.Reason = Legacy, "only SHA-1 proves when it was signed"
	}
	return nil
}

func lifetime(c *x509.Certificate) bool {
	for _, usage := range c.UnknownExtKeyUsage {
		if usage.String() == oidLifetime {
			return true
		}
	}
	return false
}

// decide takes the worst news first, then the best.
func (v *Verdict) decide() {
	for _, status := range []Status{Tampered, Verified, Legacy, Foreign} {
		for _, s := range v.Signatures {
			if s.Status == status {
				v.Status, v.Reason = status, s.Reason
				return
			}
		}
	}
}
