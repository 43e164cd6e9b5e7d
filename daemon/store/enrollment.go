package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"sluice/omadm/device"
	"sluice/wsus/update"
)

// Why an enrollment does not count; test with [errors.Is].
var (
	ErrRevoked     = errors.New("the certificate was revoked")
	ErrEnded       = errors.New("the enrollment has ended")
	ErrNotEnrolled = errors.New("the device is not enrolled")
)

// Secrets are the application credentials of one enrollment: of names and
// secrets only what is needed to check them, A1 = base64(MD5(name:secret)).
type Secrets struct {
	ClientName, ClientA1, ServerName, ServerA1 string
	ClientNonce, ServerNonce                   []byte
}

// LogValue keeps all of it out of the log.
func (Secrets) LogValue() slog.Value { return slog.StringValue("secrets") }

// FoundEnrollment is an enrollment with the number of its device.
type FoundEnrollment struct {
	device.Enrollment
	Machine int64
	// Unused says that the certificate was never used: [Store.UseCertificate]
	// is to be told.
	Unused bool
}

const enrollmentColumns = `e.id, e.dm_id, e.hardware, e.state, e.user, e.said, e.created, e.device_id, e.ended IS NOT NULL`

func scanEnrollment(scan func(...any) error, more ...any) (f FoundEnrollment, ended bool, err error) {
	var id update.ID
	var said []byte
	var created int64
	var dmID, hardware, user string
	var state device.EnrollmentState
	dest := append([]any{guid{&id}, &dmID, &hardware, &state, &user, &said, &created, &f.Machine, &ended}, more...)
	if err = scan(dest...); err != nil {
		return f, false, err
	}
	if err = json.Unmarshal(said, &f.Enrollment); err != nil {
		return f, false, fmt.Errorf("%w: enrollment %v: %w", ErrDamaged, id, err)
	}
	f.ID, f.Device, f.Hardware, f.State = device.EnrollmentID(id.String()), device.ID(dmID), hardware, state
	f.User, f.Created = user, fromMillis(created)
	return f, ended, nil
}

const byCertificateQuery = `SELECT ` + enrollmentColumns + `, c.used IS NULL, c.revoked IS NOT NULL
	FROM device_certificate c JOIN enrollment e ON e.no = c.enrollment_no WHERE c.sum = ?`

// EnrollmentByCertificate returns whose a certificate is, by its SHA-256. The
// error wraps [ErrNotFound], also for one of a device that was deleted,
// [ErrRevoked] or [ErrEnded].
func (s *Store) EnrollmentByCertificate(ctx context.Context, sum [sha256.Size]byte) (f FoundEnrollment, _ error) {
	err := s.hotRow(ctx, "enrollment by certificate", byCertificateQuery, sum[:], func(row *sql.Row) (err error) {
		var ended, revoked, unused bool
		f, ended, err = scanEnrollment(row.Scan, &unused, &revoked)
		f.Unused = unused
		switch {
		case err != nil:
			return err
		case revoked:
			return ErrRevoked
		case ended:
			return ErrEnded
		}
		return nil
	})
	return f, err
}

const byNameQuery = `SELECT ` + enrollmentColumns + `, e.secrets FROM enrollment e WHERE e.client_name = ? AND e.client_name <> ''`

// EnrollmentByName returns the enrollment whose device names itself so in
// application credentials, and by what those are checked. The error wraps
// [ErrNotFound] or [ErrEnded].
func (s *Store) EnrollmentByName(ctx context.Context, name string) (f FoundEnrollment, secrets Secrets, _ error) {
	err := s.hotRow(ctx, "enrollment by name", byNameQuery, name, func(row *sql.Row) (err error) {
		f, secrets, err = scanSecrets(row)
		return err
	})
	return f, secrets, err
}

const secretsQuery = `SELECT ` + enrollmentColumns + `, e.secrets FROM enrollment e WHERE e.id = ?`

// EnrollmentSecrets returns the application credentials of an enrollment. The
// error wraps [ErrNotFound] or [ErrEnded].
func (s *Store) EnrollmentSecrets(ctx context.Context, id device.EnrollmentID) (secrets Secrets, _ error) {
	guid, err := enrollmentGUID(id)
	if err != nil {
		return secrets, err
	}
	err = s.hotRow(ctx, "secrets of enrollment", secretsQuery, guid, func(row *sql.Row) (err error) {
		_, secrets, err = scanSecrets(row)
		return err
	})
	return secrets, err
}

func scanSecrets(row *sql.Row) (f FoundEnrollment, secrets Secrets, _ error) {
	var text []byte
	f, ended, err := scanEnrollment(row.Scan, &text)
	switch {
	case err != nil:
		return f, secrets, err
	case ended:
		return f, secrets, ErrEnded
	}
	return f, secrets, json.Unmarshal(text, &secrets)
}

// enrollmentGUID returns the id of an enrollment as the database has it. The
// error wraps [ErrNotFound]: what is no GUID names none.
func enrollmentGUID(id device.EnrollmentID) ([]byte, error) {
	guid, err := update.ParseID(string(id))
	if err != nil {
		return nil, fmt.Errorf("enrollment %.80q: %w", id, ErrNotFound)
	}
	return guid[:], nil
}

// enrollmentRow is what acts need of an enrollment.
type enrollmentRow struct {
	no     int64
	device int64
	id     update.ID
	name   string // of the device
	ended  bool
}

const enrollmentRowQuery = `SELECT e.no, e.device_id, e.id, d.name, e.ended IS NOT NULL FROM enrollment e JOIN device d ON d.id = e.device_id `

// enrollment finds an enrollment by its id.
func (tx *Tx) enrollment(id device.EnrollmentID) (e enrollmentRow, _ error) {
	guid, err := enrollmentGUID(id)
	if err != nil {
		return e, err
	}
	e, err = tx.enrollmentWhere(`WHERE e.id = ?`, guid)
	return e, missing(err)
}

// enrolled finds the enrollment of a device that goes on. The error wraps
// [ErrNotFound] or [ErrNotEnrolled].
func (tx *Tx) enrolled(machine int64) (e enrollmentRow, _ error) {
	if _, err := tx.seat(machine); err != nil {
		return e, fmt.Errorf("device %d: %w", machine, err)
	}
	e, err := tx.enrollmentWhere(`WHERE e.device_id = ? AND e.ended IS NULL`, machine)
	if errors.Is(err, sql.ErrNoRows) {
		return e, fmt.Errorf("device %d: %w", machine, ErrNotEnrolled)
	}
	return e, err
}

func (tx *Tx) enrollmentWhere(where string, arg any) (e enrollmentRow, _ error) {
	err := tx.get([]any{&e.no, &e.device, guid{&e.id}, &e.name, &e.ended}, enrollmentRowQuery+where, arg)
	return e, err
}

// end ends an enrollment: its certificates are revoked, and what waits for the
// device is given up, save an order to unenrol where the device did so.
func (tx *Tx) end(e enrollmentRow, state device.EnrollmentState, why string, reason int) error {
	if _, err := tx.exec(`UPDATE enrollment SET state = ?, ended = ?, why = ?, sync_asked = 0 WHERE no = ?`,
		string(state), millis(tx.Now), why, e.no); err != nil {
		return err
	}
	if _, err := tx.exec(`UPDATE device_order SET state = CASE WHEN ? AND kind = 'unenroll' THEN 'done' ELSE 'cancelled' END, finished = ?
		WHERE enrollment_no = ? AND state = 'queued'`,
		state == device.Unenrolled, millis(tx.Now), e.no); err != nil {
		return err
	}
	if _, err := tx.exec(`UPDATE device SET enrolled = 0 WHERE id = ?`, e.device); err != nil {
		return err
	}
	return tx.revoke(reason, `enrollment_no = ?`, e.no)
}
