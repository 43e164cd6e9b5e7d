package enroll

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"unicode"
)

// Types of BinarySecurityToken.
const (
	typeUserToken = "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentUserToken"
	typeJWT       = "urn:ietf:params:oauth:token-type:jwt"
	typeX509      = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
	typeDigest    = "#PasswordDigest"
)

// Bounds of credentials, in bytes.
const (
	maxName   = 320 // an e-mail address
	maxSecret = 1024
	maxToken  = 4096
)

// readCredential reads the WS-Security header: a UsernameToken of a person in
// Settings or of a provisioning package, or the BinarySecurityToken that
// RegisterDeviceWithManagement sends. The error is a *fault.
func readCredential(m *message, r *http.Request) (Credential, error) {
	c := Credential{Addr: clientAddr(r)}
	if m.security == nil {
		return c, unreadSecurity(errors.New("no Security header"))
	}
	user, err := m.security.optional(spaceSecurity, "UsernameToken")
	if err != nil {
		return c, unreadSecurity(err)
	}
	binary, err := m.security.optional(spaceSecurity, "BinarySecurityToken")
	if err != nil {
		return c, unreadSecurity(err)
	}
	switch {
	case user != nil && binary != nil:
		return c, unreadSecurity(errors.New("two credentials"))
	case user != nil:
		err = c.readUser(user)
	case binary != nil:
		switch binary.attr("ValueType") {
		case typeJWT:
			return c, &fault{subcode: authentication, errorType: notSupported, cause: errors.New("a token of a cloud directory"),
				message: "This server does not know cloud accounts. Enrol with an account or a token of this server."}
		case typeX509:
			return c, &fault{subcode: authentication, errorType: notSupported, cause: errors.New("a certificate as credential"),
				message: "This server does not enrol by certificate. Enrol with an account or a token of this server."}
		}
		err = c.readToken(binary)
	default:
		err = errors.New("no credentials in the Security header")
	}
	if err != nil {
		return c, unreadSecurity(err)
	}
	return c, nil
}

func (c *Credential) readUser(e *element) error {
	name, err := e.one(spaceSecurity, "Username")
	if err != nil {
		return err
	}
	password, err := e.optional(spaceSecurity, "Password")
	if err != nil {
		return err
	}
	c.Name = name.value()
	if password != nil {
		if strings.HasSuffix(password.attr("Type"), typeDigest) {
			return errors.New("a password digest")
		}
		// Blanks belong to a password, line breaks to how the XML is laid out.
		c.Secret = strings.Trim(string(password.text), "\r\n")
	}
	if len(c.Name) > maxName || len(c.Secret) > maxSecret {
		return fmt.Errorf("a name of more than %d or a password of more than %d bytes", maxName, maxSecret)
	}
	if strings.ContainsFunc(c.Name, unicode.IsControl) {
		return errors.New("a name with control characters")
	}
	return nil
}

func (c *Credential) readToken(e *element) error {
	if t := e.attr("ValueType"); t != typeUserToken {
		return errors.New("a token of an unknown type")
	}
	b, err := decodeBase64(string(e.text), maxToken)
	if err != nil {
		return err
	}
	c.Token = strings.TrimSpace(strings.TrimRight(string(b), "\x00"))
	if c.Token == "" {
		return errors.New("an empty token")
	}
	return nil
}

// decodeBase64 decodes base64 with line breaks in it, up to a number of bytes.
func decodeBase64(s string, limit int) ([]byte, error) {
	s = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\r', '\n':
			return -1
		}
		return r
	}, s)
	b, err := base64.StdEncoding.DecodeString(s)
	switch {
	case err != nil:
		return nil, errors.New("bad base64")
	case len(b) > limit:
		return nil, fmt.Errorf("%d bytes in base64, more than %d", len(b), limit)
	}
	return b, nil
}

// clientAddr returns the IP address of the client.
func clientAddr(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
