package session

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// The kinds of credentials (OMA-TS-DM_Security-V1_2 5.3).
const (
	authMD5   = "syncml:auth-md5"
	authBasic = "syncml:auth-basic"
	formatB64 = "b64"
)

// digest returns the data of MD5 credentials: base64 of MD5 of a1, a colon and
// the nonce, where a1 is base64 of MD5 of name:secret
// (OMA-TS-DM_Security-V1_2 5.3.2). It is what the protocol has; the session runs
// over TLS.
func digest(a1 string, nonce []byte) string {
	sum := md5.Sum(append([]byte(a1+":"), nonce...))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// challenge returns the Chal that asks for MD5 credentials with a nonce.
func challenge(nonce []byte) *syncml.Meta {
	return &syncml.Meta{Format: formatB64, Type: authMD5, NextNonce: base64.StdEncoding.EncodeToString(nonce)}
}

// ours returns the server's credentials, for a device that asked for them with
// nonce.
func ours(s Secrets, nonce []byte) *syncml.Cred {
	return &syncml.Cred{Format: formatB64, Type: authMD5, Data: digest(s.ServerA1, nonce)}
}

// isType reports whether a type that a device wrote is want.
func isType(typ, want string) bool { return strings.EqualFold(strings.TrimSpace(typ), want) }

// loginName returns the name that a message's credentials are of. MD5
// credentials do not hold it: it is the LocName of Source, or the device's own
// name where it gives none.
func loginName(h *syncml.Header) string {
	if isType(h.Cred.Type, authBasic) {
		name, _, _ := strings.Cut(string(fromBase64(h.Cred.Data)), ":")
		return name
	}
	if n := strings.TrimSpace(h.Source.Name); n != "" {
		return n
	}
	return strings.TrimSpace(h.Source.URI)
}

// verify checks the credentials of a message. chal is what the device needs for
// its next message.
func (e *Engine) verify(r *http.Request, h *syncml.Header, c *caller, now time.Time) (chal *syncml.Meta, err error) {
	whose := strings.TrimSpace(h.Source.URI)
	switch {
	case c.secrets.ClientA1 == "": // else an empty secret would match
	case isType(h.Cred.Type, authBasic):
		if r.TLS == nil {
			return challenge(e.nonces.next(whose, now)), fmt.Errorf("basic credentials without TLS")
		}
		sum := md5.Sum(fromBase64(h.Cred.Data))
		if equal(base64.StdEncoding.EncodeToString(sum[:]), c.secrets.ClientA1) {
			return nil, nil
		}
	case isType(h.Cred.Type, authMD5):
		if e.verifyDigest(h, c, whose, now) {
			return challenge(e.nonces.next(whose, now)), nil
		}
	default:
		err = fmt.Errorf("credentials of the type %.40q", h.Cred.Type)
	}
	if err == nil {
		err = fmt.Errorf("credentials do not match, or their nonce does not count any more")
	}
	return challenge(e.nonces.next(whose, now)), err
}

// verifyDigest checks MD5 credentials and uses up their nonce. The nonce that
// the device was enrolled with counts as long as any other.
func (e *Engine) verifyDigest(h *syncml.Header, c *caller, whose string, now time.Time) bool {
	got := base64.StdEncoding.EncodeToString(fromBase64(h.Cred.Data))
	ok := false
	for _, nonce := range e.nonces.valid(whose, now) {
		ok = equal(digest(c.secrets.ClientA1, nonce), got) || ok
	}
	if ok {
		e.nonces.spend(whose, now)
		return true
	}
	first := "enrolled " + string(c.enrollment.ID)
	age := now.Sub(c.enrollment.Created)
	if len(c.secrets.ClientNonce) == 0 || age < 0 || age >= e.limits.Nonce || e.nonces.used(first) {
		return false
	}
	if !equal(digest(c.secrets.ClientA1, c.secrets.ClientNonce), got) {
		return false
	}
	e.nonces.spend(first, now)
	return true
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// fromBase64 returns what s holds, nothing where it is not base64.
func fromBase64(s string) []byte {
	s = strings.Join(strings.Fields(s), "")
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		b, err = base64.RawStdEncoding.DecodeString(s)
	}
	if err != nil {
		return nil
	}
	return b
}

// caller is who a message is of.
type caller struct {
	enrollment device.Enrollment
	secrets    *Secrets // of one that came without a certificate
}
