package session

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"time"

	"sluice/omadm/device"
)

// What [Enrollments] fail with. Other errors are faults of the appliance: the
// device is told Status 500 and comes again.
var (
	ErrUnknown = errors.New("not enrolled")
	ErrRevoked = errors.New("certificate revoked")
	ErrEnded   = errors.New("enrollment ended")
)

// Enrollments finds whose a session is. Its methods fail with [ErrUnknown],
// [ErrRevoked] or [ErrEnded], or else.
type Enrollments interface {
	// ByCertificate returns the enrollment that a judged certificate is of.
	ByCertificate(ctx context.Context, cert *x509.Certificate) (device.Enrollment, error)
	// ByName returns the enrollment whose device logs in by name (AAUTHNAME).
	ByName(ctx context.Context, name string) (device.Enrollment, Secrets, error)
	// Secrets returns what is kept of an enrollment's credentials.
	Secrets(ctx context.Context, id device.EnrollmentID) (Secrets, error)
}

// Secrets is what is kept of the application credentials of an enrollment: what
// is needed to check the device's and to answer with the server's.
type Secrets struct {
	ClientName  string
	ClientA1    string // base64 of MD5 of name:secret
	ServerName  string
	ServerA1    string // likewise
	ClientNonce []byte // the device's first nonce (AAUTHDATA of AAUTHLEVEL APPSRV)
	ServerNonce []byte // the server's (AAUTHLEVEL CLIENT)
}

// Dialogues opens what is said to a device.
type Dialogues interface {
	// Open begins a dialogue. An opening without items, closed at once as
	// incomplete, carries the alerts of a session that is not known.
	Open(ctx context.Context, e device.Enrollment, o Opening) (Dialogue, error)
}

// Opening is what a device says with package 1.
type Opening struct {
	Items  []device.Item  // of Replace: DevInfo
	Alerts []device.Alert // without those that steer a session
	Addr   string         // network address, without a port
}

// Dialogue is what is said in one session. Its methods are called one at a time.
// An error of any but Close ends the session; Close is called once and last.
//
// It may have a method LargeObjects() bool that reports whether the device takes
// values in chunks (./DevDetail/LrgObj). Where it has none, or says no, a command
// that no message can hold is not sent: its answer is [device.TooLarge].
type Dialogue interface {
	// Next takes the answers to all that it said last, in order, nil at first, and
	// returns what to say now; nothing ends the session.
	Next(ctx context.Context, answers []device.Answer) ([]device.Command, error)
	// Heard takes alerts that come later in the session.
	Heard(ctx context.Context, a device.Alert) error
	// Sending is called before a message leaves that holds commands with Once set.
	Sending(ctx context.Context, once []int64) error
	// Close ends it. complete is false where the device broke off or was not heard
	// again, or where an error ended it; answers are then those to what was said
	// last, with Status 0 for what did not go out or was not answered.
	Close(ctx context.Context, complete bool, answers []device.Answer) error
}

// Config is what an [Engine] needs.
type Config struct {
	Enrollments Enrollments
	Dialogues   Dialogues
	// Judge returns the certificate that a request came with, nil for none. It
	// fails where there is one that does not count.
	Judge   func(r *http.Request) (*x509.Certificate, error)
	Limits  Limits
	Now     func() time.Time // time.Now where nil
	Ended   func(Summary)    // is told of every session that ended; may be nil
	Refused func(Refusal)    // is told of every message that was refused; may be nil
}

// Limits bounds what a device may send and a session may weigh. Zero fields take
// the default.
type Limits struct {
	Body     int64 // bytes of a message from a device
	Reading  int64 // bytes of all large ones together that are being handled
	Commands int   // commands in a message from a device, Status and Results aside
	Object   int64 // bytes of a value that a device sends in chunks
	Answers  int64 // bytes of the answers to what was said last
	Messages int   // of a device in one session
	Message  int64 // bytes of a message of ours; a device may ask for less
	Sessions int   // that are held, those included that ended a moment ago
	Memory   int64 // bytes of all that is held of sessions

	Idle  time.Duration // after which a session that is not heard is given up
	Retry time.Duration // for which an ended session's last answer is kept
	Nonce time.Duration // for which a nonce counts at most
}

func (l Limits) withDefaults() Limits {
	l.Body = orElse(l.Body, 1<<20)
	l.Reading = orElse(l.Reading, 64<<20)
	l.Commands = orElse(l.Commands, 1_000)
	l.Object = orElse(l.Object, 4<<20)
	l.Answers = orElse(l.Answers, 8<<20)
	l.Messages = orElse(l.Messages, 1_000)
	l.Message = orElse(l.Message, 100_000)
	l.Sessions = orElse(l.Sessions, 10_000)
	l.Memory = orElse(l.Memory, 48<<20)
	l.Idle = orElse(l.Idle, 10*time.Minute)
	l.Retry = orElse(l.Retry, 2*time.Minute)
	l.Nonce = orElse(l.Nonce, 5*time.Minute)
	return l
}

func orElse[T int | int64 | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// Summary is one session, after it ended.
type Summary struct {
	Enrollment device.EnrollmentID
	Device     device.ID
	Began      time.Time
	Duration   time.Duration
	Messages   int   // of the device, each with its answer
	Commands   int   // that were sent, those of Atomic and Sequence included
	Received   int64 // bytes
	Sent       int64 // bytes
	Complete   bool
}

// Reason says why a message was refused.
type Reason string

// The reasons.
const (
	TooLong         Reason = "message too large"
	Malformed       Reason = "malformed"
	OutOfOrder      Reason = "out of order"
	WrongVersion    Reason = "protocol version"
	BadCertificate  Reason = "certificate refused"
	NotEnrolled     Reason = "not enrolled"
	RevokedIdentity Reason = "certificate revoked"
	EnrollmentOver  Reason = "enrollment ended"
	BadCredentials  Reason = "wrong credentials"
	ForeignDevice   Reason = "for another device"
)

// Refusal is one message that was refused. Enrollment is empty where it is not
// known whose it was. Device is what the message claims.
type Refusal struct {
	Reason     Reason
	Enrollment device.EnrollmentID
	Device     string
	Addr       string
	Err        error // may be nil
}
