package store

import (
	"context"
	"database/sql"
	"log/slog"
	"time"
)

// Key is a secret with a number.
type Key struct {
	ID      int64 // never used again
	Purpose string
	Created time.Time
	Retired time.Time // zero while it is in use
	Secret  []byte
}

// LogValue keeps the secret out of the log.
func (k Key) LogValue() slog.Value {
	return slog.GroupValue(slog.Int64("id", k.ID), slog.String("purpose", k.Purpose))
}

// Keys returns the keys of a purpose, the newest first: that one is in use
// unless it is retired, the others open what they sealed.
func (s *Store) Keys(ctx context.Context, purpose string) ([]Key, error) {
	var keys []Key
	err := s.read(ctx, "keys of "+purpose, func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT id, purpose, created, retired, secret
			FROM key WHERE purpose = ? ORDER BY id DESC`, purpose)
		return each(rows, err, func(scan func(...any) error) error {
			k, err := scanKey(scan)
			keys = append(keys, k)
			return err
		})
	})
	return keys, err
}

// EnsureKey returns the key of a purpose that is in use, and makes one with the
// secret that draw returns where there is none.
func (s *Store) EnsureKey(ctx context.Context, purpose string, draw func() ([]byte, error)) (Key, error) {
	var k Key
	err := s.Write(ctx, "key of "+purpose, func(tx *Tx) error {
		rows, err := tx.Query(`SELECT id, purpose, created, retired, secret
			FROM key WHERE purpose = ? AND retired IS NULL ORDER BY id DESC LIMIT 1`, purpose)
		if err := each(rows, err, func(scan func(...any) error) (err error) {
			k, err = scanKey(scan)
			return err
		}); err != nil || k.ID != 0 {
			return err
		}
		secret, err := draw()
		if err != nil {
			return err
		}
		k, err = tx.addKey(purpose, secret)
		return err
	})
	return k, err
}

// RotateKey retires the keys of a purpose and adds one with the given secret.
func (s *Store) RotateKey(ctx context.Context, purpose string, secret []byte) (Key, error) {
	var k Key
	err := s.Write(ctx, "rotate key of "+purpose, func(tx *Tx) (err error) {
		k, err = tx.rotateKey(purpose, secret)
		return err
	})
	return k, err
}

// RotateKeyBy is [Store.RotateKey] as an act that is audited with it.
func (s *Store) RotateKeyBy(ctx context.Context, by Entry, purpose string, secret []byte) (Key, error) {
	var k Key
	err := s.Write(ctx, "rotate key of "+purpose, func(tx *Tx) (err error) {
		if k, err = tx.rotateKey(purpose, secret); err != nil {
			return err
		}
		return tx.AuditInTx(by)
	})
	return k, err
}

func (tx *Tx) rotateKey(purpose string, secret []byte) (Key, error) {
	if _, err := tx.Exec(`UPDATE key SET retired = ? WHERE purpose = ? AND retired IS NULL`, millis(tx.Now), purpose); err != nil {
		return Key{}, err
	}
	return tx.addKey(purpose, secret)
}

func (tx *Tx) addKey(purpose string, secret []byte) (Key, error) {
	k := Key{Purpose: purpose, Created: tx.Now, Secret: secret}
	err := tx.QueryRow(`INSERT INTO key (purpose, created, secret) VALUES (?, ?, ?) RETURNING id`,
		purpose, millis(tx.Now), secret).Scan(&k.ID)
	return k, err
}

func scanKey(scan func(...any) error) (Key, error) {
	var (
		k       Key
		created int64
		retired sql.NullInt64
	)
	err := scan(&k.ID, &k.Purpose, &created, &retired, &k.Secret)
	k.Created, k.Retired = fromMillis(created), fromMillis(retired.Int64)
	return k, err
}
