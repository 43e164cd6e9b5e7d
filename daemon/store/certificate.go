package store

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"time"

	"sluice/omadm/device"
)

// Why certificates are revoked (CRLReason, RFC 5280 5.3.1).
const (
	reasonSuperseded = 4
	reasonCessation  = 5 // the device unenrolled, was retired or deleted
)

// revokedLife is how long after its end a revoked certificate stays on the list:
// until then an expired one may renew.
const revokedLife = 2 * 365 * 24 * time.Hour

// maxRenewals is how many certificates an enrollment may get within a day: a
// device needs one in years, and tries again some times where an answer is lost.
// What was issued is kept for good.
const maxRenewals = 10

// ErrRenewedOften refuses one more certificate to a device.
var ErrRenewedOften = fmt.Errorf("the device had %d certificates within a day", maxRenewals)

// addCertificate keeps a certificate of an enrollment.
func (tx *Tx) addCertificate(enrollment int64, leaf *x509.Certificate, keyHash [sha256.Size]byte) error {
	sum := sha256.Sum256(leaf.Raw)
	issuer := leaf.AuthorityKeyId
	if issuer == nil {
		issuer = []byte{}
	}
	_, err := tx.exec(`INSERT INTO device_certificate (sum, enrollment_no, key_hash, serial, issuer, issued, expires) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		sum[:], enrollment, keyHash[:], leaf.SerialNumber.Bytes(), issuer, millis(leaf.NotBefore), millis(leaf.NotAfter))
	return err
}

// RenewCertificate keeps a further certificate of an enrollment that goes on.
// The others stay good until the new one is first used: its answer may be lost.
// old is the SHA-256 of the certificate that asks. The error wraps
// [ErrReplayed] where another enrollment had the public key, [ErrRenewedOften],
// [ErrNotFound], [ErrRevoked] and [ErrEnded].
func (s *Store) RenewCertificate(ctx context.Context, id device.EnrollmentID, old [sha256.Size]byte, leaf *x509.Certificate, keyHash [sha256.Size]byte) error {
	return s.Write(ctx, fmt.Sprint("renew certificate of enrollment ", id), func(tx *Tx) error {
		e, err := tx.enrollment(id)
		if err != nil {
			return err
		}
		var owner int64
		var revoked bool
		err = tx.get([]any{&owner, &revoked}, `SELECT coalesce(enrollment_no, 0), revoked IS NOT NULL FROM device_certificate WHERE sum = ?`, old[:])
		switch {
		case err != nil:
			return fmt.Errorf("the old certificate: %w", missing(err))
		case revoked:
			return ErrRevoked
		case owner != e.no:
			return fmt.Errorf("the old certificate is of another enrollment: %w", ErrNotFound)
		case e.ended:
			return ErrEnded
		}
		var others int
		if err := tx.get([]any{&others}, `SELECT count(*) FROM device_certificate WHERE key_hash = ? AND enrollment_no IS NOT ?`, keyHash[:], e.no); err != nil {
			return err
		}
		if others > 0 {
			return ErrReplayed
		}
		var lately int
		if err := tx.get([]any{&lately}, `SELECT count(*) FROM device_certificate WHERE enrollment_no = ? AND issued > ?`,
			e.no, millis(tx.Now.Add(-24*time.Hour))); err != nil {
			return err
		}
		if lately >= maxRenewals {
			return ErrRenewedOften
		}
		if err := tx.addCertificate(e.no, leaf, keyHash); err != nil {
			return err
		}
		by := Entry{Who: e.name, Via: "mdm", Action: "device.renew", Subject: e.name}
		by.Detail = map[string]any{"enrollment": id, "expires": deadlineText(leaf.NotAfter)}
		return tx.AuditInTx(by)
	})
}

// UseCertificate notes that a device came with a certificate for the first time.
// Those that its enrollment had before are superseded by it.
func (s *Store) UseCertificate(ctx context.Context, sum [sha256.Size]byte) error {
	return s.Write(ctx, "use device certificate", func(tx *Tx) error {
		var enrollment, issued int64
		err := tx.get([]any{&enrollment, &issued}, `UPDATE device_certificate SET used = ? WHERE sum = ? AND used IS NULL AND revoked IS NULL
			RETURNING coalesce(enrollment_no, 0), issued`, millis(tx.Now), sum[:])
		if errors.Is(err, sql.ErrNoRows) {
			return nil // by another request, or it was revoked meanwhile
		}
		if err != nil {
			return err
		}
		// One issued later is on its way: that one was not superseded by this.
		return tx.revoke(reasonSuperseded, `enrollment_no = ? AND sum <> ? AND issued <= ?`, enrollment, sum[:], issued)
	})
}

// revoke revokes the certificates that a condition chooses, where they are good.
func (tx *Tx) revoke(reason int, where string, args ...any) error {
	st, err := tx.prepared(`UPDATE device_certificate SET revoked = ?, reason = ? WHERE revoked IS NULL AND ` + where)
	if err != nil {
		return err
	}
	r, err := st.Exec(append([]any{millis(tx.Now), reason}, args...)...)
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err != nil || n == 0 {
		return err
	}
	if _, err := tx.exec(`UPDATE revocation SET number = number + 1`); err != nil {
		return err
	}
	_, err = tx.Bump(RevocationChanged)
	return err
}

// RevokedCertificate is a certificate on the revocation list.
type RevokedCertificate struct {
	Serial *big.Int
	Issuer []byte // AuthorityKeyId: the list of which authority it belongs on
	At     time.Time
	Reason int // RFC 5280 5.3.1
}

// RevokedCertificates returns what was revoked and might still be shown, and the
// number of that list, which only ever grows.
func (s *Store) RevokedCertificates(ctx context.Context) (list []RevokedCertificate, number int64, _ error) {
	err := s.readFor(ctx, maxLoad, "revoked certificates", func(ctx context.Context, tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT number FROM revocation`).Scan(&number); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, revokedQuery, millis(s.now().Add(-revokedLife)))
		return each(rows, err, func(scan func(...any) error) error {
			var c RevokedCertificate
			var serial []byte
			var at int64
			err := scan(&serial, &c.Issuer, &at, &c.Reason)
			c.Serial, c.At = new(big.Int).SetBytes(serial), fromMillis(at)
			list = append(list, c)
			return err
		})
	})
	return list, number, err
}

const revokedQuery = `SELECT serial, issuer, revoked, reason FROM device_certificate WHERE revoked IS NOT NULL AND expires > ? ORDER BY expires`
