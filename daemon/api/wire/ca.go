package wire

import "time"

// CA says who issues the certificates of devices, and what devices must trust.
type CA struct {
	// TLSMode says who issued the certificate of the doors: "own", the current
	// authority, or "files", the site.
	TLSMode string `json:"tls_mode"`
	// Authorities are those whose device certificates count, the current one first.
	Authorities []Authority `json:"authorities"`
	// Roots are those that devices must trust, the newest first: of before, too,
	// while they overlap. Empty where the site did not give its root.
	Roots      []Certificate `json:"roots"`
	DeviceLife string        `json:"device_life"` // of a device certificate, as in the configuration
	RenewGrace string        `json:"renew_grace"`
	Warnings   []string      `json:"warnings"` // what an administrator should do something about
}

// Authority is one whose device certificates count.
type Authority struct {
	Certificate
	Current      bool      `json:"current"`       // it issues
	Origin       string    `json:"origin"`        // own, site
	TrustedUntil time.Time `json:"trusted_until"` // when the last that it issued can no longer be renewed
}

// Certificate is a certificate as administrators compare it.
type Certificate struct {
	Name      string    `json:"name"`
	SHA256    string    `json:"sha256"` // fingerprint, upper-case hexadecimal
	SHA1      string    `json:"sha1"`   // likewise; the thumbprint that Windows shows
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	PEM       string    `json:"pem"`
}
