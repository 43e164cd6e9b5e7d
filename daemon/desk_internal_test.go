package daemon

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sluice/daemon/credential"
	"sluice/daemon/store"
	"sluice/omadm/ca"
	"sluice/omadm/enroll"
	"sluice/omadm/session"
)

// openDesk returns a desk with the account anna, whose password is "correct
// horse", and a token.
func openDesk(t *testing.T, now func() time.Time) (d *desk, s *store.Store, token string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	s, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Log: log, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	hasher := credential.NewHasher()
	hash, err := hasher.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	by := store.Entry{Who: "test"}
	if _, err := s.CreateEnrollAccount(t.Context(), by, "anna", store.AccountChange{Hash: &hash}); err != nil {
		t.Fatal(err)
	}
	token, sum := credential.NewToken()
	if _, err := s.CreateEnrollToken(t.Context(), by, store.EnrollToken{Label: "one", Uses: 1}, sum); err != nil {
		t.Fatal(err)
	}
	return newDesk(nil, s, hasher, newRefusals(s, log, now), log, now), s, token
}

func password(name, secret, addr string) enroll.Credential {
	return enroll.Credential{Name: name, Secret: secret, Addr: addr}
}

func refusedEntries(t *testing.T, s *store.Store) (n int) {
	t.Helper()
	list, err := s.AuditEntries(t.Context(), store.AuditFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Outcome == store.Refused {
			n++
		}
	}
	return n
}

// Of many wrong passwords that are sent at once no more are proven than of those
// that are sent one by one.
func TestWrongPasswordsAtOnce(t *testing.T) {
	t.Parallel()
	d, _, _ := openDesk(t, time.Now)
	var proven, refused atomic.Int64
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			err := d.Check(t.Context(), password(fmt.Sprint("nobody", i), "wrong", "10.0.0.1"))
			switch {
			case errors.Is(err, enroll.ErrCredentials):
				proven.Add(1)
			case errors.Is(err, enroll.ErrTooMany):
				refused.Add(1)
			default:
				t.Errorf("Check: %v", err)
			}
		})
	}
	all.Wait()
	if n := proven.Load(); n < wrongBurst || n > wrongBurst+provenAtOnce || n+refused.Load() != 200 {
		t.Errorf("%d were proven and %d refused; %d may be wrong", n, refused.Load(), wrongBurst)
	}
	if err := d.Check(t.Context(), password("anna", "correct horse", "10.0.0.2")); err != nil {
		t.Errorf("from another address: %v", err)
	}
}

// Who is wrong with a name keeps nobody out who has a token, by whatever name it
// comes.
func TestNamesDoNotLockTokensOut(t *testing.T) {
	t.Parallel()
	d, _, token := openDesk(t, time.Now)
	for i := range wrongBurstName + 4 {
		addr := fmt.Sprintf("10.0.%d.1", i/10)
		d.attempts.wrong(addr, "anna")
		if err := d.Check(t.Context(), enroll.Credential{Token: strings.Repeat("x", 28), Addr: addr}); !errors.Is(err, enroll.ErrCredentials) {
			t.Fatalf("a wrong token: %v", err)
		}
	}
	if err := d.Check(t.Context(), password("anna", "correct horse", "10.1.0.1")); !errors.Is(err, enroll.ErrTooMany) {
		t.Errorf("the password of a name that many were wrong with: %v", err)
	}
	for _, c := range []enroll.Credential{{Token: token}, {Name: "anna", Secret: token}} {
		c.Addr = "10.1.0.1"
		if err := d.Check(t.Context(), c); err != nil {
			t.Errorf("a token by the name %q: %v", c.Name, err)
		}
	}
}

// An account that may not enrol says no more to the right password than to a
// wrong one, and counts as often.
func TestDisabledAccountCounts(t *testing.T) {
	t.Parallel()
	d, s, _ := openDesk(t, time.Now)
	yes := true
	if _, err := s.ChangeEnrollAccount(t.Context(), store.Entry{Who: "test"}, "anna", store.AccountChange{Disabled: &yes}); err != nil {
		t.Fatal(err)
	}
	for i := range wrongBurst + 1 {
		want := enroll.ErrCredentials
		if i == wrongBurst {
			want = enroll.ErrTooMany
		}
		if err := d.Check(t.Context(), password("anna", "correct horse", "10.0.0.1")); !errors.Is(err, want) {
			t.Fatalf("time %d: %v, want %v", i, err, want)
		}
	}
}

// Nobody hides among refusals, and nobody fills the log with them.
func TestRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	clock := time.Now()
	d, s, _ := openDesk(t, func() time.Time { return clock })
	flood := func() {
		for i := range 3 * maxRefusals {
			d.refusals.session(session.Refusal{
				Reason: session.BadCredentials, Addr: fmt.Sprintf("10.%d.%d.1", i/200, i%200), Device: strings.Repeat("x", 1<<20),
			})
		}
	}
	flood()
	if n := refusedEntries(t, s); n != maxRefusals { // a page
		t.Errorf("%d entries, want the page full", n)
	}
	last, err := s.AuditEntries(t.Context(), store.AuditFilter{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	if detail := fmt.Sprintf("%s", last[0].Detail); !strings.Contains(detail, "the log has them all") {
		t.Errorf("the last entry says %s", detail)
	}
	if detail := fmt.Sprintf("%s", last[1].Detail); len(detail) > 400 {
		t.Errorf("an entry of %d bytes", len(detail))
	}
	before := last[0].ID
	flood()
	if last, _ = s.AuditEntries(t.Context(), store.AuditFilter{Limit: 1}); last[0].ID != before {
		t.Error("the same again is written within the hour")
	}
	clock = clock.AddDate(-5, 0, 0) // set back
	d.refusals.session(session.Refusal{Reason: session.RevokedIdentity, Addr: "10.9.9.9"})
	if last, _ = s.AuditEntries(t.Context(), store.AuditFilter{Limit: 1}); last[0].ID == before {
		t.Error("nothing is written after the clock was set back")
	}
}

// What is wrong with a request itself is written, and of credentials only what
// the desk writes.
func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	d, s, _ := openDesk(t, time.Now)
	d.refusals.request(enroll.Refusal{Reason: "wrong", Addr: "10.0.0.1", Err: fmt.Errorf("x: %w", enroll.ErrCredentials)})
	if n := refusedEntries(t, s); n != 0 {
		t.Errorf("%d entries of what the desk tells of", n)
	}
	for range 3 {
		d.refusals.request(enroll.Refusal{Reason: "not acceptable", Addr: "10.0.0.1", Err: fmt.Errorf("x: %w", ca.ErrWeakKey)})
		d.refusals.request(enroll.Refusal{Reason: "cannot be renewed", Addr: "10.0.0.1", Err: &ca.Refusal{Reason: ca.ErrRevoked}})
	}
	list, err := s.AuditEntries(t.Context(), store.AuditFilter{Action: "device.certificate"})
	if err != nil || len(list) != 2 || list[0].Outcome != store.Refused || !strings.Contains(fmt.Sprintf("%s", list[0].Detail), "revoked") {
		t.Errorf("entries %+v, %v", list, err)
	}
}

// One IPv6 host, which has any address of its network, is one.
func TestRefusalsOfOneHost(t *testing.T) {
	t.Parallel()
	d, s, _ := openDesk(t, time.Now)
	for i := range 50 {
		d.refusals.session(session.Refusal{Reason: session.NotEnrolled, Addr: fmt.Sprintf("fd00::%x", i+1)})
		d.refusals.session(session.Refusal{Reason: session.Malformed, Addr: "10.0.0.1"})
	}
	if n := refusedEntries(t, s); n != 1 {
		t.Errorf("%d entries, want 1", n)
	}
}
