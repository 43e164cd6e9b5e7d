package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sluice/daemon/fleet"
	"sluice/wsus/update"
)

// EnrollToken is a secret that enrols a number of devices.
type EnrollToken struct {
	ID      int64
	Label   string // unique
	Uses    int    // in all
	Left    int
	Groups  []update.ID // that its devices are put into
	Expires time.Time   // zero for never
	Revoked time.Time   // zero while it is good
	Created time.Time
	By      string
}

// EnrollTokens returns all tokens, the newest first.
func (s *Store) EnrollTokens(ctx context.Context) (list []EnrollToken, _ error) {
	err := s.read(ctx, "enrollment tokens", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id, label, uses, uses_left, expires, coalesce(revoked, 0), created, made_by
			FROM enroll_token ORDER BY id DESC`)
		err = each(rows, err, func(scan func(...any) error) error {
			var t EnrollToken
			var expires, revoked, created int64
			err := scan(&t.ID, &t.Label, &t.Uses, &t.Left, &expires, &revoked, &created, &t.By)
			t.Expires, t.Revoked, t.Created = fromMillis(expires), fromMillis(revoked), fromMillis(created)
			list = append(list, t)
			return err
		})
		if err != nil {
			return err
		}
		for i := range list {
			rows, err := tx.QueryContext(ctx, `SELECT group_id FROM enroll_token_group WHERE token_id = ? ORDER BY group_id`, list[i].ID)
			if list[i].Groups, err = scanIDs(rows, err); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

func scanIDs(rows *sql.Rows, err error) (ids []update.ID, _ error) {
	err = each(rows, err, func(scan func(...any) error) error {
		var id update.ID
		err := scan(guid{&id})
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// CreateEnrollToken keeps a token of which it is told the SHA-256: its Label,
// Uses, Expires and Groups. The error wraps [ErrExists] where the label is taken
// and [fleet.ErrNoGroup].
func (s *Store) CreateEnrollToken(ctx context.Context, by Entry, t EnrollToken, hash [sha256.Size]byte) (EnrollToken, error) {
	err := s.Write(ctx, "create enrollment token", func(tx *Tx) error {
		t.Uses = max(1, t.Uses)
		t.Left, t.Created, t.Revoked, t.By = t.Uses, tx.Now, time.Time{}, by.Who
		err := tx.get([]any{&t.ID}, `INSERT INTO enroll_token (label, hash, uses, uses_left, expires, created, made_by)
			VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6) RETURNING id`, t.Label, hash[:], t.Uses, millis(t.Expires), millis(tx.Now), by.Who)
		if err != nil {
			return err
		}
		for _, g := range t.Groups {
			if _, err := tx.exec(`INSERT OR IGNORE INTO enroll_token_group (token_id, group_id) VALUES (?, ?)`, t.ID, g[:]); err != nil {
				if errors.Is(classify(err), ErrConstraint) {
					return fmt.Errorf("%v: %w", g, fleet.ErrNoGroup)
				}
				return err
			}
		}
		by.Action, by.Subject = "enroll.create-token", t.Label
		by.Detail = map[string]any{"uses": t.Uses, "expires": deadlineText(t.Expires), "groups": t.Groups}
		return tx.AuditInTx(by)
	})
	return t, err
}

// RevokeEnrollToken ends a token. The devices that it enrolled stay. The error
// wraps [ErrNotFound] where there is none that is good.
func (s *Store) RevokeEnrollToken(ctx context.Context, by Entry, id int64) error {
	return s.Write(ctx, "revoke enrollment token", func(tx *Tx) error {
		var label string
		err := tx.get([]any{&label}, `UPDATE enroll_token SET revoked = ? WHERE id = ? AND revoked IS NULL RETURNING label`, millis(tx.Now), id)
		if err != nil {
			return fmt.Errorf("token %d: %w", id, missing(err))
		}
		by.Action, by.Subject = "enroll.revoke-token", label
		return tx.AuditInTx(by)
	})
}
