package daemon

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"sluice/omadm/ca"
)

// pkiPrefix is where the plain door hands out what everybody may know of the
// authorities, each under the SHA-256 of its certificate and the current one
// under the name that follows:
//
//	/pki/root.cer   the root that devices must trust, DER
//	/pki/ca.cer     the issuing certificate, DER
//	/pki/ca.crl     its revocation list, DER
//
// No certificate names these addresses: a device that cannot reach them must not
// wait for them. Who fetches a root over plain HTTP compares its fingerprint.
const pkiPrefix = "/pki/"

// pki answers below [pkiPrefix].
type pki struct {
	trust func() *ca.Trust
	list  func(issuer *x509.Certificate) ([]byte, error)
	log   *slog.Logger
}

// pki returns what answers below [pkiPrefix]. The authorities were loaded.
func (a *Appliance) pki() *pki {
	return &pki{trust: a.trusted.Trust, list: a.trusted.revocationList, log: a.log.With("component", "pki")}
}

// ServeHTTP answers GET and HEAD.
func (p *pki) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	name, kind, _ := strings.Cut(strings.ToLower(r.URL.Path[len(pkiPrefix):]), ".")
	cert := p.find(name)
	switch {
	case cert != nil && kind == "cer":
		p.send(w, r, "application/pkix-cert", cert.Raw)
	case cert != nil && kind == "crl" && name != "root":
		list, err := p.list(cert)
		switch {
		case errors.Is(err, errNoList):
			http.NotFound(w, r)
		case err != nil:
			p.log.Error("no revocation list", "authority", cert.Subject.CommonName, "err", err)
			http.Error(w, "no revocation list", http.StatusInternalServerError)
		default:
			p.send(w, r, "application/pkix-crl", list)
		}
	default:
		http.NotFound(w, r)
	}
}

// find returns the certificate that a name is of, nil for none.
func (p *pki) find(name string) *x509.Certificate {
	trust := p.trust()
	switch name {
	case "root":
		if roots := trust.Roots(); len(roots) > 0 {
			return roots[0]
		}
		return nil
	case "ca":
		return trust.Current().Certificate()
	}
	for _, c := range append(trust.Issuing(), trust.Roots()...) {
		if sum := sha256.Sum256(c.Raw); hex.EncodeToString(sum[:]) == name {
			return c
		}
	}
	return nil
}

func (p *pki) send(w http.ResponseWriter, r *http.Request, kind string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "max-age=3600")
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // a client that went away is nobody's concern
	}
}
