package enroll

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"

	"sluice/omadm/device"
)

// Errors of a [Desk]. Others are taken for its own failure, and the client is
// told nothing but a number to ask for.
var (
	ErrCredentials = errors.New("unknown account or wrong secret")
	ErrTooMany     = errors.New("too many attempts")
	ErrDeviceCap   = errors.New("the account has as many devices as it may have")
	ErrReplayed    = errors.New("the key is in use already")
	ErrUnknown     = errors.New("unknown certificate")
	ErrRevoked     = errors.New("certificate is revoked")
	ErrEnded       = errors.New("enrollment has ended")
)

// Desk checks credentials and keeps enrollments.
type Desk interface {
	// Check judges a credential without using it up. It returns ErrCredentials,
	// ErrTooMany or ErrDeviceCap.
	Check(ctx context.Context, c Credential) error
	// Enroll uses a credential and keeps the enrollment, its certificate and what
	// its application credentials are checked with, all or nothing. It returns the
	// errors of Check, and ErrReplayed where the key was seen before. e.User is
	// c.Name as it came; the desk knows better whose credential it was.
	Enroll(ctx context.Context, c Credential, e device.Enrollment, cert Certificate, auth Secrets) error
	// Renewing returns the enrollment of a certificate that was judged good for
	// renewal. It returns ErrUnknown, ErrRevoked or ErrEnded.
	Renewing(ctx context.Context, cert *x509.Certificate) (device.Enrollment, error)
	// Renew keeps a further certificate of an enrollment. It returns ErrReplayed
	// where the key is that of another enrollment, and ErrTooMany. The same key for
	// the same enrollment is no error: an answer was lost.
	Renew(ctx context.Context, id device.EnrollmentID, old *x509.Certificate, cert Certificate) error
}

// Credential is what a client shows to be let in: a name and a secret, or a
// token. A secret may also be a token, with any name: people type tokens, and
// provisioning packages carry them so. Telling them apart is the desk's matter.
type Credential struct {
	Name, Secret string // UsernameToken
	Token        string // BinarySecurityToken of type DeviceEnrollmentUserToken, decoded
	Addr         string // IP address of the client
}

// LogValue leaves out what is secret.
func (c Credential) LogValue() slog.Value {
	kind := "password"
	if c.Token != "" {
		kind = "token"
	}
	return slog.GroupValue(slog.String("name", c.Name), slog.String("kind", kind))
}

// Certificate is an identity certificate that was issued.
type Certificate struct {
	Leaf    *x509.Certificate
	KeyHash [32]byte // SHA-256 of its SubjectPublicKeyInfo
}

// Secrets are the application credentials of one enrollment (APPAUTH of the w7
// APPLICATION): no more than is needed to check them. A1 is the base64 of
// MD5(name ":" secret), from which syncml:auth-md5 is made.
type Secrets struct {
	ClientName, ClientA1     string // of the device, towards the server
	ServerName, ServerA1     string // of the server, towards the device
	ClientNonce, ServerNonce []byte // the first ones, as bytes
}
