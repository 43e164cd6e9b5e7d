package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"strings"
	"sync"
	"time"

	"sluice/daemon/store"
	"sluice/omadm/enroll"
	"sluice/omadm/session"
)

// refusals writes into the audit log who was refused at the management door for
// a reason that matters: what comes from a device that was enrolled, or plays
// one. The same is written once an hour, so that nobody fills the log; and that
// more was refused than is told apart is written too, so that nobody hides in
// it.
type refusals struct {
	store *store.Store
	log   *slog.Logger
	now   func() time.Time

	mu   sync.Mutex
	last map[refusal]time.Time
}

// refusal is what is told apart: why, by which name and from where.
type refusal struct {
	reason, name string
	from         netip.Prefix
}

const (
	refusalEvery = time.Hour
	maxRefusals  = 1_000 // that are remembered
	maxClaim     = 128   // bytes that are kept of what a device claims
)

func newRefusals(s *store.Store, log *slog.Logger, now func() time.Time) *refusals {
	return &refusals{store: s, log: log, now: now, last: make(map[refusal]time.Time)}
}

// session takes a message that was refused.
func (f *refusals) session(r session.Refusal) {
	switch r.Reason {
	case session.RevokedIdentity, session.EnrollmentOver, session.ForeignDevice, session.BadCredentials, session.BadCertificate, session.NotEnrolled:
	default:
		return
	}
	f.write(store.Entry{Action: "device.session", Subject: string(r.Enrollment)}, string(r.Reason), r.Addr, r.Err,
		map[string]any{"claims_to_be": claim(r.Device)})
}

// enrollment takes a credential that was refused.
func (f *refusals) enrollment(c enroll.Credential, why error) {
	f.write(store.Entry{Action: "device.enroll", Subject: claim(c.Name)}, why.Error(), c.Addr, nil, map[string]any{})
}

// request takes a request for a certificate that was refused for another reason
// than its credential, of which the desk tells.
func (f *refusals) request(r enroll.Refusal) {
	for _, told := range []error{enroll.ErrCredentials, enroll.ErrTooMany, enroll.ErrDeviceCap, enroll.ErrReplayed} {
		if errors.Is(r.Err, told) {
			return
		}
	}
	f.write(store.Entry{Action: "device.certificate"}, r.Reason, r.Addr, r.Err, map[string]any{})
}

// claim is what a device claims, as it is kept.
func claim(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxClaim)], "") }

func (f *refusals) write(e store.Entry, reason, addr string, err error, detail map[string]any) {
	first, over := f.first(refusal{reason, strings.ToLower(e.Subject), prefixOf(addr)})
	if !first {
		return
	}
	e.Who, e.Via, e.Outcome, e.Detail = "device at "+addr, "mdm", store.Refused, detail
	detail["reason"] = reason
	if err != nil {
		detail["error"] = err.Error()
	}
	if over {
		e.Who, e.Subject = "sluice", ""
		e.Detail = map[string]any{"reason": fmt.Sprintf("more than %d different refusals within an hour: the log has them all", maxRefusals)}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := f.store.Audit(ctx, e); err != nil {
		f.log.Warn("refusal not audited", "err", err)
	}
}

// first reports whether the same was not noted within the hour. over says that
// nothing more can be told apart: then that is what is noted.
func (f *refusals) first(r refusal) (first, over bool) {
	now := f.now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.noted(r, now) {
		return false, false
	}
	if len(f.last) >= maxRefusals {
		maps.DeleteFunc(f.last, func(r refusal, _ time.Time) bool { return !f.noted(r, now) })
	}
	if over = len(f.last) >= maxRefusals; over {
		r = refusal{}
		if f.noted(r, now) {
			return false, true
		}
	}
	f.last[r] = now
	return true, over
}

// noted reports whether r was noted within the hour. A time in the future is from
// before the clock was set back.
func (f *refusals) noted(r refusal, now time.Time) bool {
	at, ok := f.last[r]
	since := now.Sub(at)
	return ok && since >= 0 && since < refusalEvery
}
