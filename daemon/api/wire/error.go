package wire

// Error says what went wrong. Scripts act on the code, people read the rest.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"` // what to do next, one sentence
}

// ErrorBody is what a failed request is answered with.
type ErrorBody struct {
	Error *Error `json:"error"`
}

// Code tells errors apart.
type Code string

// The codes.
const (
	BadRequest    Code = "bad_request"    // 400: the request itself is wrong
	Unauthorized  Code = "unauthorized"   // 401: nobody knows who asks
	Forbidden     Code = "forbidden"      // 403: who asks may not
	NotFound      Code = "not_found"      // 404
	Conflict      Code = "conflict"       // 409: it contradicts what there is
	NotDeployable Code = "not_deployable" // 409: the update cannot be approved
	Busy          Code = "busy"           // 409, 503: not now
	TooLarge      Code = "too_large"      // 413
	Refused       Code = "refused"        // 422: a medium
	Failed        Code = "failed"         // 500
	Damaged       Code = "damaged"        // 503: the database
	DiskFull      Code = "disk_full"      // 507
)
