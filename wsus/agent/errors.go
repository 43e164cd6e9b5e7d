package agent

import (
	"errors"
	"fmt"
	"net/http"
)

// The HRESULTs of Windows Update that this package reports.
const (
	hrInvalidArgument   uint32 = 0x80070057
	hrUnexpected        uint32 = 0x8024FFFF
	hrDuplicate         uint32 = 0x80240013
	hrNotApplicable     uint32 = 0x80240017
	hrEulaDeclined      uint32 = 0x80240023
	hrNoCategoryScan    uint32 = 0x80240436
	hrConnect           uint32 = 0x80244004
	hrSend              uint32 = 0x80244005
	hrSoapFault         uint32 = 0x80244007
	hrParseFault        uint32 = 0x80244008
	hrRead              uint32 = 0x80244009
	hrParse             uint32 = 0x8024400A
	hrTooManyTrips      uint32 = 0x80244010
	hrRefreshCache      uint32 = 0x80244015
	hrNoAuthPlugin      uint32 = 0x80244027
	hrNoAuthCookie      uint32 = 0x80244028
	hrBadProperty       uint32 = 0x80244029
	hrMissingProperty   uint32 = 0x8024402A
	hrUnmappedStatus    uint32 = 0x8024402B
	hrURLNotAvailable   uint32 = 0x80246001
	hrBadHash           uint32 = 0x80246002
	hrNotDownloaded     uint32 = 0x80246007
	hrInstallFailed     uint32 = 0x80070643
	hrRestartRequired   uint32 = 0x00240005
	hrHTTPStatus        uint32 = 0x80190000 // plus the status: how Delivery Optimization reports it
	hrContentIncomplete uint32 = 0x80D02005
)

// Error is a failure of the protocol as a native agent would report it.
type Error struct {
	HResult uint32
	Op      string // operation of the protocol, or Download, Install
	Detail  string // what was wrong and where, for a person
	Err     error  // cause; may be nil
}

// Error returns operation, code, its meaning and the detail.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s: 0x%08X (%s): %s", e.Op, e.HResult, meaning(e.HResult), e.Detail)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Fault is a SOAP fault that the server answered (MS-WUSP 2.2.2.4).
type Fault struct {
	Code    string // ErrorCode: InvalidCookie, ServerChanged, ...
	Message string
	Method  string
	Text    string // faultcode and faultstring
}

// Error returns the fault's code and message.
func (f *Fault) Error() string {
	s := "fault " + f.Code
	if f.Message != "" {
		s += fmt.Sprintf(" %q", f.Message)
	}
	if f.Text != "" {
		s += " (" + f.Text + ")"
	}
	return s
}

// FaultCode returns the ErrorCode of the SOAP fault in err, or nothing.
func FaultCode(err error) string {
	var f *Fault
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

func fail(op string, hr uint32, format string, args ...any) *Error {
	return &Error{HResult: hr, Op: op, Detail: fmt.Sprintf(format, args...)}
}

func failWith(op string, hr uint32, cause error, format string, args ...any) *Error {
	e := fail(op, hr, format, args...)
	e.Err = cause
	return e
}

// hresult returns the code of err for an event.
func hresult(err error) uint32 {
	var e *Error
	if errors.As(err, &e) {
		return e.HResult
	}
	return hrUnexpected
}

// statusHResult maps an HTTP status to the code of the native agent.
func statusHResult(status int) uint32 {
	switch status {
	case http.StatusBadRequest:
		return 0x80244016
	case http.StatusUnauthorized:
		return 0x80244017
	case http.StatusForbidden:
		return 0x80244018
	case http.StatusNotFound:
		return 0x80244019
	case http.StatusMethodNotAllowed:
		return 0x8024401A
	case http.StatusProxyAuthRequired:
		return 0x8024401B
	case http.StatusRequestTimeout:
		return 0x8024401C
	case http.StatusConflict:
		return 0x8024401D
	case http.StatusGone:
		return 0x8024401E
	case http.StatusInternalServerError:
		return 0x8024401F
	case http.StatusNotImplemented:
		return 0x80244020
	case http.StatusBadGateway:
		return 0x80244021
	case http.StatusServiceUnavailable:
		return 0x80244022
	case http.StatusGatewayTimeout:
		return 0x80244023
	case http.StatusHTTPVersionNotSupported:
		return 0x80244024
	}
	return hrUnmappedStatus
}

// meaning says in words what a code stands for.
func meaning(hr uint32) string {
	switch hr {
	case hrInvalidArgument:
		return "invalid argument"
	case hrDuplicate:
		return "duplicate item"
	case hrNotApplicable:
		return "not applicable"
	case hrEulaDeclined:
		return "license terms not accepted"
	case hrNoCategoryScan:
		return "the server does not do category scans"
	case hrConnect:
		return "cannot connect to the server"
	case hrSend:
		return "cannot send the request"
	case hrSoapFault:
		return "the server answered a fault"
	case hrParseFault:
		return "cannot understand the fault"
	case hrRead:
		return "cannot read the answer"
	case hrParse:
		return "cannot understand the answer"
	case hrTooManyTrips:
		return "too many round trips"
	case hrRefreshCache:
		return "the cache does not match the server"
	case hrNoAuthPlugin:
		return "no authorization plug-in that this client knows"
	case hrNoAuthCookie:
		return "no authorization cookie"
	case hrBadProperty:
		return "bad configuration property"
	case hrMissingProperty:
		return "missing configuration property"
	case hrURLNotAvailable:
		return "no location for the file"
	case hrBadHash:
		return "the file's digest does not match"
	case hrNotDownloaded:
		return "not downloaded"
	case hrInstallFailed:
		return "installation failed"
	case hrRestartRequired:
		return "restart required"
	case hrContentIncomplete:
		return "the server's answer for a range is not what was asked"
	case 0x80244022:
		return "the service is unavailable"
	}
	switch {
	case hr&0xFFFF0000 == hrHTTPStatus:
		return fmt.Sprintf("HTTP status %d", hr&0xFFFF)
	case hr >= 0x80244016 && hr <= hrUnmappedStatus:
		return "HTTP error"
	}
	return "unexpected error"
}
