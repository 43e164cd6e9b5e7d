package enroll

import (
	"crypto/md5"
	"encoding/base32"
	"encoding/base64"
)

// account is what a device gets to prove itself with below TLS, and what the
// server proves itself with to the device (APPAUTH).
type account struct {
	clientName, clientSecret, clientNonce string
	serverSecret, serverNonce             string
}

// drawAccount draws names, secrets and nonces. All are letters and digits, the
// nonces too: they are bytes, but a client that takes them for text must not stop
// at a zero.
func (h *handler) drawAccount() (account, error) {
	var a account
	for _, part := range []struct {
		into  *string
		bytes int
	}{{&a.clientName, 15}, {&a.clientSecret, 20}, {&a.clientNonce, 15}, {&a.serverSecret, 20}, {&a.serverNonce, 15}} {
		b, err := h.random(part.bytes)
		if err != nil {
			return a, err
		}
		*part.into = base32.StdEncoding.EncodeToString(b)
	}
	return a, nil
}

// secrets returns what is kept of it.
func (a account) secrets() Secrets {
	return Secrets{
		ClientName: a.clientName, ClientA1: a1(a.clientName, a.clientSecret), ClientNonce: []byte(a.clientNonce),
		ServerName: ProviderID, ServerA1: a1(ProviderID, a.serverSecret), ServerNonce: []byte(a.serverNonce),
	}
}

// a1 is the part of syncml:auth-md5 that stands for name and secret (OMA DM
// Security 1.2 5.3).
func a1(name, secret string) string {
	sum := md5.Sum([]byte(name + ":" + secret))
	return encodeBase64(sum[:])
}

func encodeBase64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
