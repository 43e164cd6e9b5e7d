package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"testing"

	"sluice/catalogimport"
	"sluice/daemon/api/wire"
	"sluice/daemon/fleet"
	"sluice/daemon/store"
)

func TestFaultOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    error
		status int
		code   wire.Code
		hint   bool
	}{
		{errors.New("odd"), http.StatusInternalServerError, wire.Failed, false},
		{badRequest("no"), http.StatusBadRequest, wire.BadRequest, false},
		{&catalogimport.RefusedError{Source: "a", Err: catalogimport.ErrFormat}, http.StatusUnprocessableEntity, wire.Refused, false},
		{&catalogimport.RefusedError{Source: "a", Err: catalogimport.ErrUnsigned}, http.StatusUnprocessableEntity, wire.Refused, true},
		{ErrImporting, http.StatusConflict, wire.Busy, true},
		{store.ErrNotFound, http.StatusNotFound, wire.NotFound, false},
		{store.ErrExists, http.StatusConflict, wire.Conflict, false},
		{store.ErrConstraint, http.StatusConflict, wire.Conflict, false},
		{store.ErrBadName, http.StatusBadRequest, wire.BadRequest, false},
		{store.ErrNotEnrolled, http.StatusConflict, wire.Conflict, true},
		{store.ErrJoined, http.StatusConflict, wire.Conflict, false},
		{store.ErrNotJoined, http.StatusConflict, wire.Conflict, false},
		{store.ErrTooManyOrders, http.StatusConflict, wire.Conflict, true},
		{store.ErrNotDeployable, http.StatusConflict, wire.NotDeployable, true},
		{store.ErrBusy, http.StatusServiceUnavailable, wire.Busy, true},
		{store.ErrDiskFull, http.StatusInsufficientStorage, wire.DiskFull, true},
		{store.ErrDamaged, http.StatusServiceUnavailable, wire.Damaged, true},
		{fleet.ErrTooDeep, http.StatusConflict, wire.Conflict, false},
		{fs.ErrPermission, http.StatusInternalServerError, wire.Failed, true},
		{context.DeadlineExceeded, http.StatusServiceUnavailable, wire.Busy, true},
	} {
		f := faultOf(fmt.Errorf("do it: %w", tt.err))
		if f.status != tt.status || f.body.Code != tt.code || (f.body.Hint != "") != tt.hint {
			t.Errorf("faultOf(%v) = %d %+v, want %d %s, a hint: %t", tt.err, f.status, f.body, tt.status, tt.code, tt.hint)
		}
	}
}
