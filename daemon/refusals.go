package daemon

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"sluice/daemon/store"
	"sluice/omadm/enroll"
	"sluice/omadm/session"
)

// refusals writes into the audit log who was refused at the management door for
// a reason that matters: what comes from a device that was enrolled, or plays
// one. The same is written once an hour, so that nobody fills the log.
type refusals struct {
	store *store.Store
	log   *slog.Logger
	now   func() time.Time

	mu   sync.Mutex
	last map[refusal]time.Time
}

type refusal struct{ reason, addr string }

const (
	refusalEvery = time.Hour
	maxRefusals  = 1_000 // that are remembered
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
	f.write(refusal{string(r.Reason), r.Addr}, "device.session", string(r.Enrollment), map[string]any{"claims_to_be": r.Device}, r.Err)
}

// enrollment takes a credential that was refused.
func (f *refusals) enrollment(c enroll.Credential, why error) {
	f.write(refusal{why.Error(), c.Addr}, "device.enroll", c.Name, map[string]any{}, why)
}

func (f *refusals) write(r refusal, action, subject string, detail map[string]any, err error) {
	if !f.first(r) {
		return
	}
	detail["reason"] = r.reason
	if err != nil {
		detail["error"] = err.Error()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := f.store.Audit(ctx, store.Entry{
		Who: "device at " + r.addr, Via: "mdm", Action: action, Subject: subject, Outcome: store.Refused, Detail: detail,
	}); err != nil {
		f.log.Warn("refusal not audited", "err", err)
	}
}

// first reports whether the same was not noted within the hour.
func (f *refusals) first(r refusal) bool {
	now := f.now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if at, ok := f.last[r]; ok && now.Sub(at) < refusalEvery {
		return false
	}
	if len(f.last) >= maxRefusals {
		for k, at := range f.last {
			if now.Sub(at) >= refusalEvery {
				delete(f.last, k)
			}
		}
		if len(f.last) >= maxRefusals {
			return false
		}
	}
	f.last[r] = now
	return true
}
