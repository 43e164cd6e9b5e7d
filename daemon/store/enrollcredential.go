package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"sluice/wsus/update"
)

// What refuses an enrollment; test with [errors.Is].
var (
	ErrBadCredential = errors.New("the account or token enrols no devices") // unknown, changed, disabled, expired, used up, revoked
	ErrDeviceCap     = errors.New("the account has enrolled all the devices that it may")
	ErrReplayed      = errors.New("the public key was enrolled before")
)

// EnrollCredential is with what a device enrols. A password was proven already:
// that takes long, and nobody else may write meanwhile.
type EnrollCredential struct {
	Account string // the account whose password was proven
	Hash    string // by which it was: the account must still have it
	// Token is the SHA-256 of a token, where no account is named.
	Token [sha256.Size]byte
}

// granted is what a credential that is good gives.
type granted struct {
	account string
	max     int // devices; 0 for no limit
	token   sql.NullInt64
	user    string
	groups  []update.ID
}

// CheckCredential judges a credential without using it up. The error wraps
// [ErrBadCredential].
func (s *Store) CheckCredential(ctx context.Context, c EnrollCredential) error {
	// A transaction that writes nothing, so that there is one judgement.
	return s.Write(ctx, "check enrollment credential", func(tx *Tx) error {
		_, err := tx.grant(c)
		return err
	})
}

// grant judges a credential as it is now.
func (tx *Tx) grant(c EnrollCredential) (g granted, _ error) {
	now := millis(tx.Now)
	if c.Account != "" {
		a, err := tx.account(c.Account)
		switch {
		case errors.Is(err, ErrNotFound):
			return g, fmt.Errorf("account %.80q: %w", c.Account, ErrBadCredential)
		case err != nil:
			return g, err
		case a.Hash != c.Hash, a.Disabled, !a.Expires.IsZero() && millis(a.Expires) <= now:
			return g, fmt.Errorf("account %q is disabled, expired or changed: %w", a.Name, ErrBadCredential)
		}
		return granted{account: a.Name, max: a.MaxDevices, user: a.Name}, nil
	}
	var left int
	var expires int64
	var revoked bool
	err := tx.get([]any{&g.token, &g.user, &left, &expires, &revoked},
		`SELECT id, label, uses_left, expires, revoked IS NOT NULL FROM enroll_token WHERE hash = ?`, c.Token[:])
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return g, fmt.Errorf("token: %w", ErrBadCredential)
	case err != nil:
		return g, err
	case revoked:
		return g, fmt.Errorf("token %q was revoked: %w", g.user, ErrBadCredential)
	case expires != 0 && expires <= now:
		return g, fmt.Errorf("token %q has expired: %w", g.user, ErrBadCredential)
	case left == 0:
		return g, fmt.Errorf("token %q is used up: %w", g.user, ErrBadCredential)
	}
	g.user = "token " + g.user
	rows, err := tx.query(`SELECT group_id FROM enroll_token_group WHERE token_id = ?`, g.token)
	g.groups, err = scanIDs(rows, err)
	return g, err
}

// use uses a credential up for a device.
func (tx *Tx) use(g *granted, device int64) error {
	if g.token.Valid {
		_, err := tx.exec(`UPDATE enroll_token SET uses_left = uses_left - 1 WHERE id = ?`, g.token)
		return err
	}
	if g.max == 0 {
		return nil
	}
	var others int
	err := tx.get([]any{&others}, `SELECT count(*) FROM enrollment WHERE account = ? AND ended IS NULL AND device_id <> ?`, g.account, device)
	if err == nil && others >= g.max {
		err = fmt.Errorf("account %q with %d devices: %w", g.account, others, ErrDeviceCap)
	}
	return err
}
