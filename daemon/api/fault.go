package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"

	"sluice/catalogimport"
	"sluice/daemon/api/wire"
	"sluice/daemon/fleet"
	"sluice/daemon/store"
	"sluice/wsus/update"
)

// fault is an error with the status and code that it is answered with.
type fault struct {
	status int
	body   wire.Error
}

func (f *fault) Error() string { return f.body.Message }

// badRequest refuses a request that is wrong in itself.
func badRequest(format string, args ...any) error {
	return &fault{http.StatusBadRequest, wire.Error{Code: wire.BadRequest, Message: fmt.Sprintf(format, args...)}}
}

func notFound(format string, args ...any) error {
	return &fault{http.StatusNotFound, wire.Error{Code: wire.NotFound, Message: fmt.Sprintf(format, args...)}}
}

func conflict(format string, args ...any) error {
	return &fault{http.StatusConflict, wire.Error{Code: wire.Conflict, Message: fmt.Sprintf(format, args...)}}
}

// faultOf is the one place where an error becomes a status and a code. Only
// administrators of the appliance get here, so they are told the whole of it.
func faultOf(err error) *fault {
	var f *fault
	if errors.As(err, &f) {
		return f
	}
	var tooLarge *http.MaxBytesError
	var refused *catalogimport.RefusedError
	for _, k := range []struct {
		is     bool
		status int
		code   wire.Code
		hint   string
	}{
		{errors.As(err, &tooLarge), http.StatusRequestEntityTooLarge, wire.TooLarge, ""},
		{errors.Is(err, catalogimport.ErrUnsigned), http.StatusUnprocessableEntity, wire.Refused,
			"unsigned metadata can run programs as SYSTEM on every computer; if you trust where it came from, import it with --accept-unsigned"},
		{errors.As(err, &refused), http.StatusUnprocessableEntity, wire.Refused, ""},
		{errors.Is(err, ErrImporting), http.StatusConflict, wire.Busy, "wait until it is through"},
		{errors.Is(err, store.ErrNotDeployable), http.StatusConflict, wire.NotDeployable,
			"categories, detectoids, members of bundles and expired updates are never approved"},
		{errors.Is(err, update.ErrBadID), http.StatusBadRequest, wire.BadRequest, ""},
		{errors.Is(err, store.ErrBadCursor), http.StatusBadRequest, wire.BadRequest, ""},
		{errors.Is(err, store.ErrNotFound), http.StatusNotFound, wire.NotFound, ""},
		{errors.Is(err, fleet.ErrNoGroup), http.StatusNotFound, wire.NotFound, `"sluice groups list" shows the groups`},
		{errors.Is(err, store.ErrExists), http.StatusConflict, wire.Conflict, ""},
		{errors.Is(err, store.ErrBadName), http.StatusBadRequest, wire.BadRequest, ""},
		{errors.Is(err, store.ErrNotEnrolled), http.StatusConflict, wire.Conflict, `"sluice devices list" shows what is enrolled`},
		{errors.Is(err, store.ErrJoined), http.StatusConflict, wire.Conflict, ""},
		{errors.Is(err, store.ErrNotJoined), http.StatusConflict, wire.Conflict, ""},
		{errors.Is(err, store.ErrTooManyOrders), http.StatusConflict, wire.Conflict, "wait until the device has come"},
		{errors.Is(err, fleet.ErrBuiltin), http.StatusConflict, wire.Conflict, ""},
		{errors.Is(err, fleet.ErrCycle), http.StatusConflict, wire.Conflict, ""},
		{errors.Is(err, fleet.ErrTooDeep), http.StatusConflict, wire.Conflict, ""},
		{errors.Is(err, store.ErrConstraint), http.StatusConflict, wire.Conflict, ""},
		{errors.Is(err, store.ErrBusy), http.StatusServiceUnavailable, wire.Busy, "try again"},
		{errors.Is(err, store.ErrDiskFull), http.StatusInsufficientStorage, wire.DiskFull, "make room, then do the same again"},
		{errors.Is(err, store.ErrDamaged), http.StatusServiceUnavailable, wire.Damaged, "stop sluice and put a backup back"},
		{errors.Is(err, fs.ErrPermission), http.StatusInternalServerError, wire.Failed, "the account of the appliance may not read or write there"},
		{errors.Is(err, context.DeadlineExceeded), http.StatusServiceUnavailable, wire.Busy, "try again, or ask for less"},
	} {
		if k.is {
			return &fault{k.status, wire.Error{Code: k.code, Message: err.Error(), Hint: k.hint}}
		}
	}
	return &fault{http.StatusInternalServerError, wire.Error{Code: wire.Failed, Message: err.Error()}}
}

func writeFault(w http.ResponseWriter, err error) {
	f := faultOf(err)
	writeJSON(w, f.status, wire.ErrorBody{Error: &f.body})
}

// writeJSON answers with one document. A client that went away is nobody's
// concern.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
}
