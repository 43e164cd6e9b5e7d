package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"sluice/daemon/fleet"
	"sluice/omadm/device"
	"sluice/omadm/dialogue"
)

// DeviceRecord is what is known of an enrollment, with the number of its device.
// Its Desired and Approve are empty: they follow from the groups of the device
// in the roster.
type DeviceRecord struct {
	dialogue.Record
	Machine int64
}

const recordQuery = `SELECT ` + enrollmentColumns + `, e.no, e.sync_asked > 0, r.facts, r.facts_at, r.settings, r.report, r.reported_at,
	EXISTS (SELECT 1 FROM device_order o WHERE o.enrollment_no = e.no AND o.state = 'queued')
	FROM enrollment e JOIN enrollment_record r ON r.enrollment_no = e.no WHERE e.id = ?`

const queuedQuery = `SELECT id, command, once FROM device_order WHERE enrollment_no = ? AND state = 'queued' ORDER BY id`

// OpenRecord returns the record of an enrollment. The error wraps [ErrNotFound]
// or [ErrEnded].
func (s *Store) OpenRecord(ctx context.Context, id device.EnrollmentID) (*DeviceRecord, error) {
	key, err := enrollmentGUID(id)
	if err != nil {
		return nil, err
	}
	var rec DeviceRecord
	var no int64
	var queued bool
	name := fmt.Sprint("record of enrollment ", id)
	err = s.hotRow(ctx, name, recordQuery, key, func(row *sql.Row) error {
		var factsAt, reportedAt int64
		var facts, settings, report []byte
		f, ended, err := scanEnrollment(row.Scan, &no, &rec.SyncAsked, &facts, &factsAt, &settings, &report, &reportedAt, &queued)
		switch {
		case err != nil:
			return err
		case ended:
			return ErrEnded
		}
		rec.Enrollment, rec.Machine = f.Enrollment, f.Machine
		rec.FactsAt, rec.ReportedAt = fromMillis(factsAt), fromMillis(reportedAt)
		if err := json.Unmarshal(facts, &rec.Facts); err != nil {
			return fmt.Errorf("%w: facts: %w", ErrDamaged, err)
		}
		if rec.Settings, err = readSettings(settings); err != nil {
			return err
		}
		rec.Report, err = readReport(report)
		return err
	})
	if err == nil && queued {
		err = s.read(ctx, name, func(ctx context.Context, tx *sql.Tx) error {
			rec.Orders, err = queuedOrders(ctx, tx, no)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	return &rec, nil
}

// queuedOrders reads the orders that wait for a device, in order.
func queuedOrders(ctx context.Context, tx *sql.Tx, enrollment int64) (list []dialogue.Order, _ error) {
	rows, err := tx.QueryContext(ctx, queuedQuery, enrollment)
	err = each(rows, err, func(scan func(...any) error) error {
		var o dialogue.Order
		var command []byte
		var once bool
		if err := scan(&o.ID, &command, &once); err != nil {
			return err
		}
		if err := json.Unmarshal(command, &o.Command); err != nil {
			return fmt.Errorf("%w: order %d: %w", ErrDamaged, o.ID, err)
		}
		if once {
			o.Command.Once = o.ID
		}
		list = append(list, o)
		return nil
	})
	return list, err
}

// Learn keeps what a session taught, see [dialogue.Records]. Told again it
// changes nothing. A DNS name that is new may join the device to its computer.
func (s *Store) Learn(ctx context.Context, id device.EnrollmentID, l *dialogue.Lesson) (*fleet.SeatChanges, error) {
	changes := fleet.NewSeatChanges()
	err := s.Write(ctx, fmt.Sprint("learn of enrollment ", id), func(tx *Tx) error {
		e, err := tx.enrollment(id)
		if err != nil {
			return err
		}
		if err := tx.learnOrders(e, l.Orders); err != nil {
			return err
		}
		if err := tx.learnSettings(e, l.Settings); err != nil {
			return err
		}
		if l.Report != nil {
			if err := tx.learnReport(e, l); err != nil {
				return err
			}
		}
		if l.SyncDone {
			if _, err := tx.exec(`UPDATE enrollment SET sync_asked = 0 WHERE no = ?`, e.no); err != nil {
				return err
			}
		}
		if e.ended {
			return nil // what an earlier enrollment tells late changes nothing of the device
		}
		if l.Facts != nil {
			if err := tx.learnFacts(changes, e, l); err != nil {
				return err
			}
		}
		if l.Unenrolled == "" {
			return nil
		}
		if err := tx.end(e, device.Unenrolled, l.Unenrolled, reasonCessation); err != nil {
			return err
		}
		return tx.AuditInTx(Entry{Who: e.name, Via: "mdm", Action: "device.unenrolled", Subject: e.name,
			Detail: map[string]any{"device": e.device, "enrollment": id, "why": l.Unenrolled}})
	})
	return changes, err
}

func (tx *Tx) learnFacts(changes *fleet.SeatChanges, e enrollmentRow, l *dialogue.Lesson) error {
	text, err := json.Marshal(l.Facts)
	if err != nil {
		return err
	}
	var before []byte
	if err := tx.get([]any{&before}, `SELECT facts FROM enrollment_record WHERE enrollment_no = ?`, e.no); err != nil {
		return err
	}
	if _, err := tx.exec(`UPDATE enrollment_record SET facts = ?, facts_at = CASE WHEN ?2 = 0 THEN facts_at ELSE ?2 END WHERE enrollment_no = ?`,
		string(text), millis(l.FactsAt), e.no); err != nil {
		return err
	}
	if string(before) == string(text) {
		return nil
	}
	name := nameOf(l.Facts, device.ID(l.Facts.DeviceID))
	if name == "" {
		name = e.name
	}
	if name != e.name {
		if _, err := tx.exec(`UPDATE device SET name = ?, vouched = ? WHERE id = ?`, name, millis(tx.Now), e.device); err != nil {
			return err
		}
	}
	return tx.join(changes, name)
}

func (tx *Tx) learnSettings(e enrollmentRow, changed map[string]*dialogue.Setting) error {
	if len(changed) == 0 {
		return nil
	}
	var b []byte
	if err := tx.get([]any{&b}, `SELECT settings FROM enrollment_record WHERE enrollment_no = ?`, e.no); err != nil {
		return err
	}
	settings, err := readSettings(b)
	if err != nil {
		return err
	}
	for name, s := range changed {
		if s == nil {
			delete(settings, name)
		} else {
			settings[name] = *s
		}
	}
	_, err = tx.exec(`UPDATE enrollment_record SET settings = ? WHERE enrollment_no = ?`, appendSettings(nil, settings), e.no)
	return err
}

// learnReport keeps a report, and works it into the states of the device.
func (tx *Tx) learnReport(e enrollmentRow, l *dialogue.Lesson) error {
	// reported_at is when the whole report was asked for, which is for the caller to
	// say; it may say an earlier time, to have it asked for again sooner.
	if _, err := tx.exec(`UPDATE enrollment_record SET report = ?, reported_at = CASE WHEN ?2 = 0 THEN reported_at ELSE ?2 END WHERE enrollment_no = ?`,
		appendReport(nil, l.Report), millis(l.ReportedAt), e.no); err != nil {
		return err
	}
	if e.ended {
		return nil
	}
	w, err := tx.deviceStates(e.device)
	if err != nil {
		return err
	}
	if err := w.mdm(l.Report, millis(tx.Now)); err != nil {
		return err
	}
	if err := w.save(); err != nil {
		return err
	}
	return tx.need(l.Report)
}

// Sending notes that orders which must not be sent twice go out now, see
// [dialogue.Records].
func (s *Store) Sending(ctx context.Context, id device.EnrollmentID, orders []int64) error {
	return s.Write(ctx, fmt.Sprint("send orders to enrollment ", id), func(tx *Tx) error {
		e, err := tx.enrollment(id)
		if err != nil {
			return err
		}
		for _, o := range orders {
			r, err := tx.exec(`UPDATE device_order SET state = 'sent', sent = ? WHERE id = ? AND enrollment_no = ? AND state = 'queued'`,
				millis(tx.Now), o, e.no)
			if err != nil {
				return err
			}
			if n, err := r.RowsAffected(); err != nil || n == 0 {
				return errors.Join(err, fmt.Errorf("order %d does not wait: %w", o, ErrNotFound))
			}
		}
		return nil
	})
}
