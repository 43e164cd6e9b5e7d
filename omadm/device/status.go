package device

import "strconv"

// Status is the outcome of a command (OMA DM 1.2, MS-MDM 2.2.7.1). 0 is none.
type Status int

// The outcomes.
const (
	OK                     Status = 200
	Accepted               Status = 202 // will be finished later
	Authenticated          Status = 212 // for the whole session
	ChunkAccepted          Status = 213
	Cancelled              Status = 214
	NotExecuted            Status = 215
	RolledBack             Status = 216 // atomic roll back OK
	NotModified            Status = 304
	BadRequest             Status = 400
	InvalidCredentials     Status = 401
	Forbidden              Status = 403
	NotFound               Status = 404
	NotAllowed             Status = 405
	NotSupported           Status = 406
	MissingCredentials     Status = 407
	Conflict               Status = 409
	IncompleteCommand      Status = 412
	TooLarge               Status = 413
	URITooLong             Status = 414
	UnsupportedFormat      Status = 415
	SizeMismatch           Status = 424
	AlreadyExists          Status = 418
	PermissionDenied       Status = 425
	Failed                 Status = 500
	NotImplemented         Status = 501
	AtomicFailed           Status = 507
	UnsupportedDTD         Status = 505
	UnsupportedProtocol    Status = 513
	RollbackFailed         Status = 516
	AtomicResponseTooLarge Status = 517
)

// Done reports whether the command was done, or is being done.
func (s Status) Done() bool {
	return s >= 200 && s < 300 && s != Cancelled && s != NotExecuted && s != RolledBack || s == NotModified
}

// String returns the number.
func (s Status) String() string { return strconv.Itoa(int(s)) }
