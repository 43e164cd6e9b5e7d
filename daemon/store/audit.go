package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// maxAuditDetail bounds the detail of an audit entry, in bytes of JSON.
const maxAuditDetail = 64 << 10

// The outcomes of an audit entry.
const (
	Done    = "done"
	Refused = "refused"
	Failed  = "failed"
)

// Entry is one act in the audit log.
type Entry struct {
	ID      int64     // counts up; set by the store
	Time    time.Time // set by the store
	Who     string    // a person, a token's name, or "sluice"
	Via     string    // cli, api, console or daemon
	Action  string    // noun and verb: update.approve
	Subject string    // what it was done to, an id or a name
	Detail  any       // marshalled to JSON; nil for nothing; read back as json.RawMessage
	Outcome string    // Done where empty
}

// Audit writes an entry by itself: for acts that change nothing in the store,
// and for those that were refused.
func (s *Store) Audit(ctx context.Context, e Entry) error {
	return s.Write(ctx, "audit "+e.Action, func(tx *Tx) error { return tx.AuditInTx(e) })
}

// AuditInTx writes an entry together with the act.
func (tx *Tx) AuditInTx(e Entry) error {
	detail := []byte("{}")
	if e.Detail != nil {
		var err error
		if detail, err = json.Marshal(e.Detail); err != nil {
			return fmt.Errorf("audit %s: %w", e.Action, err)
		}
	}
	if len(detail) > maxAuditDetail {
		detail = fmt.Appendf(nil, `{"omitted_bytes":%d}`, len(detail))
	}
	_, err := tx.Exec(`INSERT INTO audit (time, who, via, action, subject, detail, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		millis(tx.Now), e.Who, e.Via, e.Action, e.Subject, string(detail), cmp.Or(e.Outcome, Done))
	return err
}

// AuditFilter chooses audit entries; zero fields choose all.
type AuditFilter struct {
	Action  string
	Subject string
	Before  int64 // entries with smaller ids only: the last id of the page before
	Limit   int   // at most 1,000; 100 where zero
}

// AuditEntries returns a page of entries, the newest first.
func (s *Store) AuditEntries(ctx context.Context, f AuditFilter) ([]Entry, error) {
	query, args := `SELECT id, time, who, via, action, subject, detail, outcome FROM audit WHERE id < ?`, []any{int64(1) << 62}
	if f.Before > 0 {
		args[0] = f.Before
	}
	if f.Action != "" {
		query, args = query+` AND action = ?`, append(args, f.Action)
	}
	if f.Subject != "" {
		query, args = query+` AND subject = ?`, append(args, f.Subject)
	}
	query += ` ORDER BY id DESC LIMIT ?`
	args = append(args, pageLimit(f.Limit))

	var entries []Entry
	err := s.read(ctx, "audit entries", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, query, args...)
		return each(rows, err, func(scan func(...any) error) error {
			var (
				e      Entry
				at     int64
				detail []byte
			)
			err := scan(&e.ID, &at, &e.Who, &e.Via, &e.Action, &e.Subject, &detail, &e.Outcome)
			e.Time, e.Detail = fromMillis(at), json.RawMessage(detail)
			entries = append(entries, e)
			return err
		})
	})
	return entries, err
}

// pageLimit bounds how many rows a page of a list has.
func pageLimit(n int) int {
	if n <= 0 {
		return 100
	}
	return min(n, 1000)
}
