package enroll

import (
	"errors"
	"strings"
)

// subcode is the kind of a fault (MS-MDE2 2.2.10), with its prefix.
type subcode string

const (
	messageFormat        subcode = "s:MessageFormat"        // 80180001
	authentication       subcode = "s:Authentication"       // 80180002
	authorization        subcode = "s:Authorization"        // 80180003
	certificateRequest   subcode = "s:CertificateRequest"   // 80180004
	internalServiceFault subcode = "a:InternalServiceFault" // 80180006
	invalidSecurity      subcode = "a:InvalidSecurity"      // 80180007
)

// errorType says more (MS-MDE2 2.2.10). Windows shows its number where there is
// one, else that of the subcode. Empty stands for the name of the subcode, as
// other servers write it.
type errorType string

const (
	deviceCapReached      errorType = "DeviceCapReached"      // 80180013
	deviceNotSupported    errorType = "DeviceNotSupported"    // 80180014
	notSupported          errorType = "NotSupported"          // 80180015
	notEligibleToRenew    errorType = "NotEligibleToRenew"    // 80180016
	inMaintenance         errorType = "InMaintenance"         // 80180017
	invalidEnrollmentData errorType = "InvalidEnrollmentData" // 80180019
)

// fault is a refusal. The cause is for the log alone: nothing that a client sent
// goes back to it.
type fault struct {
	subcode   subcode
	errorType errorType
	message   string // for the person at the device
	cause     error
}

func (f *fault) Error() string { return f.cause.Error() }
func (f *fault) Unwrap() error { return f.cause }

// kind is the error type as it is sent.
func (f *fault) kind() string {
	if f.errorType != "" {
		return string(f.errorType)
	}
	_, name, _ := strings.Cut(string(f.subcode), ":")
	return name
}

func malformed(cause error) *fault {
	return &fault{subcode: messageFormat, message: "The message is not one of device enrolment.", cause: cause}
}

func unreadSecurity(cause error) *fault {
	return &fault{subcode: invalidSecurity, message: "The security header cannot be read.", cause: cause}
}

func badRequest(cause error) *fault {
	return &fault{subcode: certificateRequest, message: "The certificate request is not acceptable.", cause: cause}
}

func badData(cause error) *fault {
	return &fault{subcode: messageFormat, errorType: invalidEnrollmentData, message: "The device does not say which one it is.", cause: cause}
}

func notRenewable(cause error) *fault {
	return &fault{subcode: authorization, errorType: notEligibleToRenew, cause: cause,
		message: "The certificate of this device cannot be renewed. Enrol the device again."}
}

// asFault returns the fault for an error, its own or that of the desk.
func asFault(err error) *fault {
	var f *fault
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, ErrCredentials):
		return &fault{subcode: authentication, message: "The account or the secret is wrong, or has expired.", cause: err}
	case errors.Is(err, ErrTooMany):
		// Of all types this one alone tells people to wait: neither a wrong password
		// nor a lack of rights, which they would ask somebody about.
		return &fault{subcode: authorization, errorType: inMaintenance, message: "Too many attempts. Try again in some minutes.", cause: err}
	case errors.Is(err, ErrDeviceCap):
		return &fault{subcode: authorization, errorType: deviceCapReached, message: "The account has as many devices as it may have.", cause: err}
	case errors.Is(err, ErrReplayed):
		return &fault{subcode: certificateRequest, errorType: invalidEnrollmentData, message: "The key of this request was used before.", cause: err}
	case errors.Is(err, ErrUnknown), errors.Is(err, ErrRevoked), errors.Is(err, ErrEnded):
		return notRenewable(err)
	}
	return &fault{subcode: internalServiceFault, message: "The server failed.", cause: err}
}
