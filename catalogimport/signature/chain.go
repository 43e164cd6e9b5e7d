package signature

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/x509"
	"errors"
	"slices"
	"time"
)

const (
	// maxChain bounds the certificates from signer to root.
	maxChain = 8
	// maxLinks bounds how many links one walk tries.
	maxLinks = 100
)

// chain is how a signer leads to a root.
type chain struct {
	root Root
	// weak tells that a digest on the way, or that of the signature, is SHA-1.
	weak bool
}

// chain finds a way from the signer of m to a pinned root at a time. The error
// is a fault: tampered where a certificate is not what its issuer signed,
// foreign otherwise.
func (v *Verifier) chain(m *message, at time.Time, usage x509.ExtKeyUsage) (chain, error) {
	// crypto/x509 takes a certificate without usages for one with all.
	fit := slices.Contains(m.signer.ExtKeyUsage, usage)
	weak := m.hash == crypto.SHA1
	between := x509.NewCertPool()
	for _, c := range m.certs {
		between.AddCert(c)
	}
	chains, err := m.signer.Verify(x509.VerifyOptions{
		Roots: v.pool, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{usage},
	})
	var root Root
	if err == nil {
		last := chains[0][len(chains[0])-1]
		root = v.roots[slices.IndexFunc(v.roots, func(r Root) bool { return r.cert.Equal(last) })]
	} else {
		w := walk{roots: v.roots, certs: m.certs, at: at, usage: usage}
		refusal := err
		if root, err = w.up(m.signer, nil); err != nil {
			return chain{}, err
		}
		if fit && !w.sha1 {
			return chain{}, foreign("its chain to %s is not in order: %s", quoted(root.Name), oneLine(refusal))
		}
		weak = true
	}
	if !fit {
		return chain{}, foreign("the certificate of %s is not for this use", quoted(m.signer.Subject.CommonName))
	}
	if o := root.Organization; o != "" && !slices.Contains(m.signer.Subject.Organization, o) {
		return chain{}, foreign("%s is not of %s, whom alone %s vouches for", quoted(m.signer.Subject.CommonName), quoted(o), quoted(root.Name))
	}
	return chain{root, weak}, nil
}

// walk is the way to a root that takes SHA-1, which crypto/x509 does not. It
// refuses what it does not know rather than to interpret it.
type walk struct {
	roots []Root
	certs []*x509.Certificate
	at    time.Time
	usage x509.ExtKeyUsage
	links int  // tried so far
	sha1  bool // one of those that held is SHA-1
}

// up goes from c, below which lies the path, to a root.
func (w *walk) up(c *x509.Certificate, path []*x509.Certificate) (Root, error) {
	name, unfit := quoted(c.Subject.CommonName), w.usable(c, len(path))
	if len(path) == maxChain {
		return Root{}, foreign("its chain has more than %d certificates", maxChain)
	}
	path = append(path, c)
	named := false
	for _, r := range w.roots {
		if !claims(c, r.cert) {
			continue
		}
		if w.issued(r.cert, c) {
			return r, cmp.Or(unfit, w.current(r.cert))
		}
		// A stranger may give a root of its own the same name.
		named = named || len(c.AuthorityKeyId) == 0 || bytes.Equal(c.AuthorityKeyId, r.cert.SubjectKeyId)
	}
	if bytes.Equal(c.RawSubject, c.RawIssuer) && w.issued(c, c) {
		return Root{}, foreign("its chain ends at %s, which is not a pinned root", name)
	}
	var beyond error
	for _, parent := range w.certs {
		if !claims(c, parent) || slices.ContainsFunc(path, parent.Equal) {
			continue
		}
		named = true
		if !w.issued(parent, c) {
			continue
		}
		// Only now: damage may be what makes it unfit.
		if unfit != nil {
			return Root{}, unfit
		}
		root, err := w.up(parent, path)
		if err == nil {
			return root, nil
		}
		beyond = err
	}
	switch {
	case beyond != nil:
		return Root{}, beyond
	case w.links > maxLinks:
		return Root{}, foreign("its chain takes more than %d checks", maxLinks)
	case named:
		return Root{}, tampered("the certificate of %s is not what %s signed", name, quoted(c.Issuer.CommonName))
	}
	return Root{}, foreign("its chain ends at %s, whose issuer %s is not a pinned root", name, quoted(c.Issuer.CommonName))
}

// claims tells whether child says that parent issued it, by name or by key.
// Either will do, so that damage to one is noticed by the other.
func claims(child, parent *x509.Certificate) bool {
	return bytes.Equal(child.RawIssuer, parent.RawSubject) ||
		len(child.AuthorityKeyId) > 0 && bytes.Equal(child.AuthorityKeyId, parent.SubjectKeyId)
}

// issued tells whether parent issued child. CheckSignature, unlike
// CheckSignatureFrom, takes SHA-1; neither takes MD5.
func (w *walk) issued(parent, child *x509.Certificate) bool {
	w.links++
	if w.links > maxLinks || !bytes.Equal(child.RawIssuer, parent.RawSubject) ||
		parent.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature) != nil {
		return false
	}
	w.sha1 = w.sha1 || child.SignatureAlgorithm == x509.SHA1WithRSA || child.SignatureAlgorithm == x509.ECDSAWithSHA1
	return true
}

// usable tells whether a certificate may stand where it does, below of it.
func (w *walk) usable(c *x509.Certificate, below int) error {
	name := quoted(c.Subject.CommonName)
	if err := w.current(c); err != nil {
		return err
	}
	if len(c.UnhandledCriticalExtensions) > 0 || constrained(c) {
		return foreign("the certificate of %s has conditions that are not understood", name)
	}
	if below == 0 {
		return nil
	}
	longer := c.MaxPathLen > 0 || c.MaxPathLenZero
	switch {
	case !c.BasicConstraintsValid, !c.IsCA, c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0,
		longer && below-1 > c.MaxPathLen:
		return foreign("the certificate of %s may not issue others", name)
	case len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) > 0 &&
		!slices.Contains(c.ExtKeyUsage, w.usage) && !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny):
		return foreign("the certificate of %s is not for this use", name)
	}
	return nil
}

func constrained(c *x509.Certificate) bool {
	return len(c.PermittedDNSDomains)+len(c.ExcludedDNSDomains)+len(c.PermittedIPRanges)+len(c.ExcludedIPRanges)+
		len(c.PermittedEmailAddresses)+len(c.ExcludedEmailAddresses)+len(c.PermittedURIDomains)+len(c.ExcludedURIDomains) > 0
}

func (w *walk) current(c *x509.Certificate) error {
	if w.at.Before(c.NotBefore) || w.at.After(c.NotAfter) {
		return foreign("the certificate of %s was valid from %s to %s, not at %s; no time stamp proves that the signature is older",
			quoted(c.Subject.CommonName), c.NotBefore.Format(time.DateOnly), c.NotAfter.Format(time.DateOnly), w.at.UTC().Format(time.DateOnly))
	}
	return nil
}

func isTampered(err error) bool {
	var f *fault
	return errors.As(err, &f) && f.status == Tampered
}
