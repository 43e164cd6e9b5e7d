package api

import (
	"errors"
	"log/slog"
	"net/http"

	"sluice/daemon/api/wire"
	"sluice/daemon/store"
)

// server answers the routes of the API.
type server struct {
	Services
	log *slog.Logger
}

// New returns the API over its services.
func New(s Services, log *slog.Logger) http.Handler {
	srv := &server{Services: s, log: log.With("component", "api")}
	mux := http.NewServeMux()
	srv.routes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeFault(w, notFound("there is no %s %s", r.Method, r.URL.Path))
	})
	return identified(mux)
}

// identified turns away those that nobody knows, or that may not.
func identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := r.Context().Value(peerKey{}).(Peer)
		switch {
		case !ok:
			writeFault(w, &fault{http.StatusUnauthorized, wire.Error{Code: wire.Unauthorized, Message: "nobody knows who asks"}})
		case !p.Allowed:
			writeFault(w, &fault{http.StatusForbidden, wire.Error{Code: wire.Forbidden, Message: p.Who + " may not administer this appliance"}})
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (s *server) routes(mux *http.ServeMux) {
	get := func(path string, h func(*http.Request) (any, error)) {
		mux.HandleFunc("GET "+wire.Prefix+path, s.answer(h))
	}
	act := func(method, path, action string, h func(*act) (any, error)) {
		mux.HandleFunc(method+" "+wire.Prefix+path, s.perform(action, h))
	}
	get("/status", s.status)

	get("/updates", s.updates)
	get("/updates/{id}", s.update)
	get("/updates/{id}/files", s.files)
	act("PUT", "/updates/{id}/approvals/{group}", "update.approve", s.approve)
	act("DELETE", "/updates/{id}/approvals/{group}", "update.unapprove", s.unapprove)
	act("POST", "/updates/{id}/approvals/{group}/pause", "update.pause", s.pause)
	act("POST", "/updates/{id}/approvals/{group}/resume", "update.resume", s.resume)
	act("POST", "/updates/{id}/decline", "update.decline", s.decline)
	act("POST", "/updates/{id}/undecline", "update.undecline", s.undecline)
	act("POST", "/updates/{id}/accept-eula", "update.accept-eula", s.acceptEula)
	get("/catalog/budget", s.budget)

	get("/groups", s.groups)
	act("POST", "/groups", "group.create", s.createGroup)
	act("PATCH", "/groups/{group}", "group.change", s.changeGroup)
	act("DELETE", "/groups/{group}", "group.delete", s.deleteGroup)

	get("/computers", s.computers)
	get("/computers/{computer}", s.computer)
	act("DELETE", "/computers/{computer}", "computer.delete", s.deleteComputer)
	act("POST", "/computers/assign", "computer.assign", s.assignComputers)
	act("PUT", "/computers/{computer}/holds", "computer.hold", s.hold)
	act("DELETE", "/computers/{computer}/holds", "computer.release", s.release)
	act("DELETE", "/computers/{computer}/holds/{id}", "computer.release", s.release)

	get("/devices", s.devices)
	get("/devices/candidates", s.candidates)
	get("/devices/{device}", s.showDevice)
	act("POST", "/devices/{device}/sync", "device.sync", s.syncDevice)
	act("POST", "/devices/{device}/unenroll", "device.unenroll", s.unenrollDevice)
	act("POST", "/devices/{device}/rollback", "device.rollback", s.rollbackDevice)
	act("POST", "/devices/{device}/join", "device.join", s.joinDevice)
	act("POST", "/devices/{device}/split", "device.split", s.splitDevice)
	get("/needed", s.needed)

	get("/enroll/instructions", s.enrollInstructions)
	get("/enroll/accounts", s.enrollAccounts)
	act("POST", "/enroll/accounts/{account}", "enroll.create-account", s.createEnrollAccount)
	act("PATCH", "/enroll/accounts/{account}", "enroll.change-account", s.changeEnrollAccount)
	act("DELETE", "/enroll/accounts/{account}", "enroll.delete-account", s.deleteEnrollAccount)
	get("/enroll/tokens", s.enrollTokens)
	act("POST", "/enroll/tokens", "enroll.create-token", s.createEnrollToken)
	act("DELETE", "/enroll/tokens/{token}", "enroll.revoke-token", s.revokeEnrollToken)

	get("/policies", s.groupPolicies)
	get("/policies/settings", s.policySettings)
	get("/policies/{group}/export", s.exportPolicies)
	act("POST", "/policies/{group}", "policy.set", s.setPolicies)
	act("PUT", "/policies/{group}/preset", "policy.preset", s.setPreset)
	act("DELETE", "/policies/{group}/{setting}", "policy.unset", s.unsetPolicy)
	get("/eulas", s.eulas)
	get("/eulas/{eula}", s.eula)
	act("POST", "/eulas/{eula}/accept", "eula.accept", s.acceptEulaID)

	get("/imports", s.imports)
	get("/imports/{import}/refusals", s.refusals)
	mux.HandleFunc("POST "+wire.Prefix+"/imports", s.importMedia)
	mux.HandleFunc("POST "+wire.Prefix+"/backups", s.backup)
	get("/audit", s.audit)
	act("POST", "/keys/rotate", "key.rotate", s.rotateKeys)
	get("/ca", s.ca)
	act("POST", "/ca/rollover", "ca.rollover", s.rolloverCA)
}

// answer serves a question.
func (s *server) answer(h func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := h(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		writeJSON(w, http.StatusOK, v)
	}
}

// fail answers with an error, and logs it where it is the appliance's own.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if f := faultOf(err); f.status >= http.StatusInternalServerError && r.Context().Err() == nil {
		s.log.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	writeFault(w, err)
}

// act is one act of an administrator on its way.
type act struct {
	*http.Request
	// by is who, and what: handlers name the subject once they know it.
	by store.Entry
}

// newAct returns an act of the request's sender.
func newAct(r *http.Request, action string) *act {
	p, _ := r.Context().Value(peerKey{}).(Peer)
	return &act{r, store.Entry{Who: p.Who, Via: via(r), Action: action}}
}

// perform serves an act. Those that work are audited where they are done; those
// that do not, here.
func (s *server) perform(action string, h func(*act) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a := newAct(r, action)
		v, err := h(a)
		if err != nil {
			s.auditFailure(a, err)
			s.fail(w, r, err)
			return
		}
		if v == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		writeJSON(w, http.StatusOK, v)
	}
}

// auditFailure writes that an act was refused, or failed. A request that is
// wrong in itself asks for nothing.
func (s *server) auditFailure(a *act, err error) {
	f := faultOf(err)
	if f.status == http.StatusBadRequest || f.status == http.StatusRequestEntityTooLarge {
		return
	}
	e := a.by
	e.Outcome, e.Detail = store.Refused, map[string]any{"error": f.body.Message}
	if f.status >= http.StatusInternalServerError {
		e.Outcome = store.Failed
	}
	ctx, cancel := settling(a.Context())
	defer cancel()
	if err := s.Store.Audit(ctx, e); err != nil && !errors.Is(err, store.ErrDamaged) {
		s.log.Error("audit an act that was not done", "action", e.Action, "err", err)
	}
}
