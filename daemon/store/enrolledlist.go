package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/omadm/updatecsp/tree"
)

// EnrolledDevice is a device with its newest enrollment, as lists show it.
type EnrolledDevice struct {
	Device
	Enrollment     device.Enrollment
	Ended          time.Time // zero while it goes on
	Why            string    // it ended
	PollAddress    string    // from where it polled last
	LastPoll       time.Time // zero for never
	CertificateEnd time.Time // of the certificate that lasts longest; zero for none that is good
	SyncAsked      time.Time // zero where none is asked for
}

// EnrolledFilter chooses enrolled devices; zero fields choose all that are
// enrolled now.
type EnrolledFilter struct {
	DeviceFilter
	Ended bool // also those that were enrolled once
}

const enrolledQuery = `SELECT ` + deviceColumns + `, e.no, e.id, e.ended, e.why, e.address, e.last_poll, e.sync_asked,
	coalesce((SELECT max(c.expires) FROM device_certificate c WHERE c.enrollment_no = e.no AND c.revoked IS NULL), 0)
	FROM device d JOIN enrollment e ON e.no = (SELECT max(no) FROM enrollment n WHERE n.device_id = d.id)
	JOIN enrollment_record r ON r.enrollment_no = e.no`

func (f EnrolledFilter) sql() (query string, args []any) {
	query, args = enrolledQuery+` WHERE d.id > ?`, []any{f.After}
	if !f.Ended {
		query = enrolledQuery + ` WHERE d.enrolled = 1 AND d.id > ?`
	}
	if f.Text != "" {
		query += ` AND (d.name LIKE ? ESCAPE '!' OR d.client_id = ? OR e.dm_id = ?)`
		args = append(args, "%"+likeEscape.Replace(f.Text)+"%", strings.ToLower(f.Text), f.Text)
	}
	if !f.Group.IsZero() {
		query, args = query+` AND EXISTS (SELECT 1 FROM device_member m WHERE m.device_id = d.id AND m.group_id = ?)`, append(args, f.Group[:])
	}
	return query + ` ORDER BY d.id LIMIT ?`, append(args, pageLimit(f.Limit))
}

// EnrolledDevices returns a page of enrolled devices in order of their numbers.
func (s *Store) EnrolledDevices(ctx context.Context, f EnrolledFilter) ([]EnrolledDevice, error) {
	var list []EnrolledDevice
	query, args := f.sql()
	err := s.read(ctx, "enrolled devices", func(ctx context.Context, tx *sql.Tx) (err error) {
		list, _, err = enrolledDevices(ctx, tx, query, args...)
		return err
	})
	return list, err
}

// enrolledDevices reads devices with the numbers of their enrollments.
func enrolledDevices(ctx context.Context, tx *sql.Tx, query string, args ...any) (list []EnrolledDevice, numbers []int64, _ error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	err = each(rows, err, func(scan func(...any) error) error {
		var d EnrolledDevice
		var no, polled, asked, expires int64
		var ended sql.NullInt64
		var id []byte
		if err := scanDevice(scan, &d.Device, &no, &id, &ended, &d.Why, &d.PollAddress, &polled, &asked, &expires); err != nil {
			return err
		}
		d.Ended, d.LastPoll, d.SyncAsked, d.CertificateEnd = fromMillis(ended.Int64), fromMillis(polled), fromMillis(asked), fromMillis(expires)
		list, numbers = append(list, d), append(numbers, no)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for i := range list {
		f, _, err := scanEnrollment(tx.QueryRowContext(ctx, `SELECT `+enrollmentColumns+` FROM enrollment e WHERE e.no = ?`, numbers[i]).Scan)
		if err != nil {
			return nil, nil, err
		}
		list[i].Enrollment = f.Enrollment
		if err := deviceDetails(ctx, tx, &list[i].Device); err != nil {
			return nil, nil, err
		}
	}
	return list, numbers, nil
}

// EnrolledDetail is an enrolled device with everything that is kept of it but
// its states.
type EnrolledDetail struct {
	EnrolledDevice
	Settings   map[string]dialogue.Setting // what became of those that it was told, by name
	Report     *tree.Report                // nil for never
	ReportedAt time.Time
	Orders     []OrderRecord     // of this enrollment, the newest first, at most 100
	History    []PastEnrollment  // this one too, the newest first
	Certs      []CertificateInfo // of this enrollment, the newest first
}

// PastEnrollment is one enrollment in the history of a device.
type PastEnrollment struct {
	ID      device.EnrollmentID
	State   device.EnrollmentState
	User    string
	Created time.Time
	Ended   time.Time // zero while it goes on
	Why     string    // it ended
}

// CertificateInfo is one certificate of an enrollment.
type CertificateInfo struct {
	Sum             [32]byte // SHA-256
	Issued, Expires time.Time
	Used            time.Time // first; zero for never
	Revoked         time.Time // zero while it is good
}

// EnrolledDevice returns one device that is enrolled or was, by its number. The
// error wraps [ErrNotFound].
func (s *Store) EnrolledDevice(ctx context.Context, machine int64) (d EnrolledDetail, _ error) {
	err := s.read(ctx, fmt.Sprint("enrolled device ", machine), func(ctx context.Context, tx *sql.Tx) error {
		list, numbers, err := enrolledDevices(ctx, tx, enrolledQuery+` WHERE d.id = ?`, machine)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return ErrNotFound
		}
		d.EnrolledDevice = list[0]
		var settings, report []byte
		var reportedAt int64
		err = tx.QueryRowContext(ctx, `SELECT settings, report, reported_at FROM enrollment_record WHERE enrollment_no = ?`, numbers[0]).
			Scan(&settings, &report, &reportedAt)
		if err != nil {
			return err
		}
		d.ReportedAt = fromMillis(reportedAt)
		if d.Settings, err = readSettings(settings); err != nil {
			return err
		}
		if d.Report, err = readReport(report); err != nil {
			return err
		}
		if d.Orders, err = orders(ctx, tx, numbers[0], s.now()); err != nil {
			return err
		}
		if d.Certs, err = certificates(ctx, tx, numbers[0]); err != nil {
			return err
		}
		d.History, err = history(ctx, tx, machine)
		return err
	})
	return d, err
}

func orders(ctx context.Context, tx *sql.Tx, enrollment int64, now time.Time) (list []OrderRecord, _ error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, kind, state, made_by, created, coalesce(sent, 0), coalesce(finished, 0), status, detail
		FROM device_order WHERE enrollment_no = ? ORDER BY id DESC LIMIT 100`, enrollment)
	err = each(rows, err, func(scan func(...any) error) error {
		var o OrderRecord
		var created, sent, finished int64
		err := scan(&o.ID, &o.Kind, &o.State, &o.By, &created, &sent, &finished, &o.Status, &o.Detail)
		o.Created, o.Sent, o.Finished = fromMillis(created), fromMillis(sent), fromMillis(finished)
		if o.State == OrderSent && now.Sub(o.Sent) > answerWithin {
			o.State = OrderUnknown
		}
		list = append(list, o)
		return err
	})
	return list, err
}

func certificates(ctx context.Context, tx *sql.Tx, enrollment int64) (list []CertificateInfo, _ error) {
	rows, err := tx.QueryContext(ctx, `SELECT sum, issued, expires, coalesce(used, 0), coalesce(revoked, 0)
		FROM device_certificate WHERE enrollment_no = ? ORDER BY issued DESC, sum LIMIT 100`, enrollment)
	err = each(rows, err, func(scan func(...any) error) error {
		var c CertificateInfo
		var sum []byte
		var issued, expires, used, revoked int64
		err := scan(&sum, &issued, &expires, &used, &revoked)
		copy(c.Sum[:], sum)
		c.Issued, c.Expires, c.Used, c.Revoked = fromMillis(issued), fromMillis(expires), fromMillis(used), fromMillis(revoked)
		list = append(list, c)
		return err
	})
	return list, err
}

func history(ctx context.Context, tx *sql.Tx, machine int64) (list []PastEnrollment, _ error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+enrollmentColumns+`, coalesce(e.ended, 0), e.why
		FROM enrollment e WHERE e.device_id = ? ORDER BY e.no DESC LIMIT 100`, machine)
	err = each(rows, err, func(scan func(...any) error) error {
		var p PastEnrollment
		var ended int64
		f, _, err := scanEnrollment(scan, &ended, &p.Why)
		p.ID, p.State, p.User, p.Created, p.Ended = f.ID, f.State, f.User, f.Created, fromMillis(ended)
		list = append(list, p)
		return err
	})
	return list, err
}
