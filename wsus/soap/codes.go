package soap

// ErrorCode is the machine-readable part of a fault: the ErrorCode element of its
// detail ([MS-WUSP] 2.2.2.4, [MS-WSUSSS] 2.2.2.4).
type ErrorCode string

// Codes of the client protocol, most of them shared with the server protocol. The
// comments say what a client does.
const (
	ConfigChanged              ErrorCode = "ConfigChanged"              // GetConfig, authorize, GetCookie
	CookieExpired              ErrorCode = "CookieExpired"              // authorize, GetCookie
	FileLocationChanged        ErrorCode = "FileLocationChanged"        // GetFileLocations
	InternalServerError        ErrorCode = "InternalServerError"        // give up, try later
	InvalidAuthorizationCookie ErrorCode = "InvalidAuthorizationCookie" // authorize
	InvalidCookie              ErrorCode = "InvalidCookie"              // start over and RefreshCache
	InvalidParameters          ErrorCode = "InvalidParameters"          // give up; Message names the parameter
	RegistrationNotRequired    ErrorCode = "RegistrationNotRequired"    // go on without
	RegistrationRequired       ErrorCode = "RegistrationRequired"       // RegisterComputer
	ServerBusy                 ErrorCode = "ServerBusy"                 // try later
	ServerChanged              ErrorCode = "ServerChanged"              // as InvalidCookie; a downstream server drops its anchors
)

// Codes of the server protocol alone.
const (
	FileDigestsMissing          ErrorCode = "FileDigestsMissing" // Message: base64 digests joined by "|"
	IncompatibleProtocolVersion ErrorCode = "IncompatibleProtocolVersion"
	TooManyIDs                  ErrorCode = "TooManyIds"
)

// server reports whether the fault is the server's rather than the client's.
func (c ErrorCode) server() bool { return c == InternalServerError || c == ServerBusy }
