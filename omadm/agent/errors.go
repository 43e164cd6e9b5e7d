package agent

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// The HRESULTs that this package reports.
const (
	hrMessageFormat     uint32 = 0x80180001
	hrAuthentication    uint32 = 0x80180002
	hrAlreadyEnrolled   uint32 = 0x8018000A
	hrNotSupported      uint32 = 0x80180015
	hrNotEligible       uint32 = 0x80180016
	hrProvisioning      uint32 = 0x80180023
	hrUnknownCSP        uint32 = 0x83750005 // a characteristic that no provider takes
	hrNotEnrolled       uint32 = 0x80180031
	hrInvalidData       uint32 = 0x8007000D
	hrInvalidArgument   uint32 = 0x80070057
	hrCancelled         uint32 = 0x800704C7
	hrCannotConnect     uint32 = 0x80072EFD
	hrConnectionAborted uint32 = 0x80072EFE
	hrTimeout           uint32 = 0x80072EE2
	hrNameNotResolved   uint32 = 0x80072EE7
	hrBadReply          uint32 = 0x80072F78
	hrUntrusted         uint32 = 0x80072F0D
	hrWrongName         uint32 = 0x80072F06
	hrSecureFailure     uint32 = 0x80072F8F
	hrHTTPStatus        uint32 = 0x80190000 // plus the status
)

// meanings says in a few words what an HRESULT tells an administrator.
var meanings = map[uint32]string{
	hrMessageFormat: "message format error", hrAuthentication: "user not recognized",
	0x80180003: "user not authorized", 0x80180004: "certificate request refused",
	0x80180005: "server error", 0x80180006: "internal service fault", 0x80180007: "invalid security header",
	hrAlreadyEnrolled: "already enrolled", 0x80180013: "too many devices", 0x80180014: "device not supported",
	hrNotSupported: "not supported", hrNotEligible: "not eligible to renew", 0x80180017: "in maintenance",
	0x80180018: "user license", 0x80180019: "invalid enrollment data", 0x80180032: "error of the server",
	hrProvisioning: "provisioning document refused", hrUnknownCSP: "unknown characteristic",
	hrNotEnrolled: "not enrolled", hrInvalidData: "invalid data", hrInvalidArgument: "invalid argument",
	hrCancelled: "cancelled", hrCannotConnect: "cannot connect", hrConnectionAborted: "connection aborted",
	hrTimeout: "timeout", hrNameNotResolved: "name not resolved", hrBadReply: "invalid reply of the server",
	hrUntrusted: "certificate authority not trusted", hrWrongName: "certificate of another name",
	hrSecureFailure: "secure channel failure",
}

// Error is a failure as a Windows device would report it.
type Error struct {
	HResult    uint32
	Op         string        // Discover, GetPolicies, Issue, Renew, Poll
	Detail     string        // what was wrong and where, for a person
	Err        error         // cause; may be nil
	RetryAfter time.Duration // what the server asked to wait (HTTP 429); 0 for nothing
}

// Error returns operation, code, its meaning and the detail.
func (e *Error) Error() string {
	meaning := meanings[e.HResult]
	if e.HResult&0xFFFF0000 == hrHTTPStatus {
		meaning = fmt.Sprintf("HTTP status %d", e.HResult&0xFFFF)
	}
	s := fmt.Sprintf("%s: 0x%08X (%s): %s", e.Op, e.HResult, meaning, e.Detail)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrStopped is the cause of a session that a [Manner] broke off.
var ErrStopped = errors.New("broken off as asked")

// Fault is a SOAP fault of the enrollment server (MS-MDE2 2.2.10).
type Fault struct {
	Subcode string // s:Authentication, without the prefix
	Reason  string
	Type    string // errortype of the detail: DeviceCapReached, ...
	Message string
	TraceID string
}

// Error returns the fault's codes and reason.
func (f *Fault) Error() string {
	s := "fault " + f.Subcode
	if f.Type != "" {
		s += " " + f.Type
	}
	return fmt.Sprintf("%s %q", s, f.Reason)
}

// subcodes and faultTypes are the tables of MS-MDE2 2.2.10.
var (
	subcodes = map[string]uint32{
		"MessageFormat": hrMessageFormat, "Authentication": hrAuthentication, "Authorization": 0x80180003,
		"CertificateRequest": 0x80180004, "EnrollmentServer": 0x80180005,
		"InternalServiceFault": 0x80180006, "InvalidSecurity": 0x80180007,
	}
	faultTypes = map[string]uint32{
		"DeviceCapReached": 0x80180013, "DeviceNotSupported": 0x80180014, "NotSupported": hrNotSupported,
		"NotEligibleToRenew": hrNotEligible, "InMaintenance": 0x80180017, "UserLicense": 0x80180018,
		"InvalidEnrollmentData": 0x80180019, "CustomServerError": 0x80180032,
	}
)

// hresult returns the code that a device shows for the fault: that of the detail
// where it is known, else that of the subcode.
func (f *Fault) hresult() uint32 {
	if hr, ok := faultTypes[f.Type]; ok {
		return hr
	}
	if hr, ok := subcodes[f.Subcode]; ok {
		return hr
	}
	return hrMessageFormat
}

// HResult returns the code of err, or 0 where it has none.
func HResult(err error) uint32 {
	var e *Error
	if errors.As(err, &e) {
		return e.HResult
	}
	return 0
}

func fail(op string, hr uint32, format string, args ...any) *Error {
	return &Error{HResult: hr, Op: op, Detail: fmt.Sprintf(format, args...)}
}

func failWith(op string, hr uint32, cause error, detail string) *Error {
	return &Error{HResult: hr, Op: op, Detail: detail, Err: cause}
}

// netHResult maps a failure below HTTP to the code of WinINet.
func netHResult(err error) uint32 {
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		dns       *net.DNSError
		record    tls.RecordHeaderError
		alert     tls.AlertError
		network   net.Error
	)
	switch {
	case errors.As(err, &authority):
		return hrUntrusted
	case errors.As(err, &name):
		return hrWrongName
	case errors.As(err, &invalid), errors.As(err, &record), errors.As(err, &alert):
		return hrSecureFailure
	case errors.As(err, &dns):
		return hrNameNotResolved
	case errors.Is(err, syscall.ECONNREFUSED):
		return hrCannotConnect
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return hrTimeout
	}
	return hrConnectionAborted
}
