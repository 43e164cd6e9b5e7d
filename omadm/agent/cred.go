package agent

import (
	"crypto/md5" // what OMA DM authenticates with
	"crypto/subtle"
	"strings"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

const (
	authMD5   = "syncml:auth-md5"
	authBasic = "syncml:auth-basic"
)

// digest is the Data of md5 credentials: B64(H(B64(H(name:secret)):nonce)), the
// nonce as bytes (OMA-TS-DM_Security 5.3).
func digest(name, secret string, nonce []byte) string {
	inner := md5.Sum([]byte(name + ":" + secret))
	outer := md5.Sum(append([]byte(encodeBase64(inner[:])+":"), nonce...))
	return encodeBase64(outer[:])
}

// credState is where the device's own credentials stand in a session.
type credState struct {
	on      bool // go with every message
	used    bool // were sent once: the name is in Source/LocName since
	refused int  // times in a row that the server wanted other ones
}

func (c *credState) start(m *Manner) {
	if m.Credentials {
		c.on, c.used = true, true
	}
}

// make returns the Cred of the next message, or nil.
func (c *credState) make(auth *Auth) *syncml.Cred {
	if !c.on {
		return nil
	}
	if auth.Type == "BASIC" {
		return &syncml.Cred{Format: "b64", Type: authBasic, Data: encodeBase64([]byte(auth.Name + ":" + auth.Secret))}
	}
	return &syncml.Cred{Format: "b64", Type: authMD5, Data: digest(auth.Name, auth.Secret, auth.Nonce)}
}

// headerStatus reads the Status of the device's own header. again says that the
// message is to be repeated with credentials.
func (s *session) headerStatus(c *syncml.Command) (again bool, err error) {
	if c.Chal != nil && c.Chal.NextNonce != "" {
		nonce, err := decodeBase64(strings.TrimSpace(c.Chal.NextNonce))
		if err != nil {
			return false, failWith("Poll", hrInvalidData, err, "NextNonce")
		}
		s.account.Client.Nonce = nonce
	}
	switch c.Data {
	case device.OK.String():
		s.creds.refused = 0
		return false, nil
	case device.Authenticated.String():
		s.creds.refused, s.creds.on = 0, false
		return false, nil
	case device.InvalidCredentials.String(), device.MissingCredentials.String():
		return true, s.challenged(c)
	}
	return false, fail("Poll", hrHTTPStatus+500, "the server answered %s to the header", c.Data)
}

// challenged takes the server's Chal.
func (s *session) challenged(c *syncml.Command) error {
	auth := &s.account.Client
	if s.creds.refused++; s.creds.refused > 2 || c.Chal == nil {
		return fail("Poll", hrHTTPStatus+401, "the server refused the device's credentials (%s)", c.Data)
	}
	want := map[string]string{"DIGEST": authMD5, "BASIC": authBasic}[auth.Type]
	if c.Chal.Type != want {
		return fail("Poll", hrHTTPStatus+401, "the server wants %q, the account has %s", c.Chal.Type, want)
	}
	if c.Chal.Format != "b64" && c.Chal.Format != "" {
		return fail("Poll", hrInvalidData, "the format of Chal is %q", c.Chal.Format)
	}
	if auth.Type == "DIGEST" && c.Chal.NextNonce == "" {
		return fail("Poll", hrInvalidData, "Chal for %s has no NextNonce", authMD5)
	}
	s.creds.on, s.creds.used = true, true
	return nil
}

// serverState is where the server's credentials stand in a session.
type serverState struct {
	wanted bool // the device asks for them
	asked  bool
	proved bool
}

// proveServer judges the credentials in a header of the server. ok says that its
// commands are to be done; else the device's Status asks for credentials.
func (s *session) proveServer(h *syncml.Header, status *syncml.Command) (ok bool, err error) {
	if !s.server.wanted || s.server.proved {
		return true, nil
	}
	auth := &s.account.Server
	name := auth.Name
	if name == "" {
		name = s.account.Provider
	}
	if h.Cred != nil {
		want := digest(name, auth.Secret, auth.Nonce)
		good := h.Cred.Type == authMD5 && subtle.ConstantTimeCompare([]byte(strings.TrimSpace(h.Cred.Data)), []byte(want)) == 1
		s.nextServerNonce(status)
		if good {
			s.server.proved = true
			status.Data = device.Authenticated.String()
			return true, nil
		}
		if s.server.asked {
			return false, fail("Poll", hrHTTPStatus+401, "the server's credentials are wrong")
		}
		status.Data = device.InvalidCredentials.String()
		s.server.asked = true
		return false, nil
	}
	if s.server.asked {
		return false, fail("Poll", hrHTTPStatus+401, "the server sends no credentials though it was asked")
	}
	s.server.asked = true
	s.nextServerNonce(status)
	status.Data = device.MissingCredentials.String()
	return false, nil
}

// nextServerNonce draws the nonce that the server is to use next and puts it
// into the Status.
func (s *session) nextServerNonce(status *syncml.Command) {
	nonce := []byte(strings.ReplaceAll(s.agent.newID(), "-", ""))[:16]
	s.account.Server.Nonce = nonce
	status.Chal = &syncml.Meta{Format: "b64", Type: authMD5, NextNonce: encodeBase64(nonce)}
}
