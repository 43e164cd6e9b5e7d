package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"sluice/daemon/fleet"
	"sluice/omadm/device"
	"sluice/omadm/dialogue"
)

// OrderKind says what an order is for.
type OrderKind string

// The kinds of orders.
const (
	UnenrollOrder        OrderKind = "unenroll"
	RollbackQualityOrder OrderKind = "rollback-quality"
	RollbackFeatureOrder OrderKind = "rollback-feature"
)

// OrderState says where an order stands.
type OrderState string

// The states of orders. Unknown is one that was sent and not answered: it may
// have been done, and is not sent again.
const (
	OrderQueued    OrderState = "queued"
	OrderSent      OrderState = "sent"
	OrderDone      OrderState = "done"
	OrderFailed    OrderState = "failed"
	OrderUnknown   OrderState = "unknown"
	OrderCancelled OrderState = "cancelled" // the enrollment ended first
)

// answerWithin is how long after an order was sent its answer may still come: a
// session does not last longer.
const answerWithin = 15 * time.Minute

// maxQueued is how many orders may wait for a device.
const maxQueued = 100

// ErrTooManyOrders refuses an order to a device for which many wait already.
var ErrTooManyOrders = fmt.Errorf("%d orders wait for the device already", maxQueued)

// OrderRecord is an order with what became of it.
type OrderRecord struct {
	ID       int64
	Kind     OrderKind
	State    OrderState
	By       string
	Created  time.Time
	Sent     time.Time // zero where it was not, or is one that may be sent again
	Finished time.Time
	Status   device.Status
	Detail   string
}

// Order has a device do something at its next poll. once says that it must not
// be sent twice. An order of the same kind that still waits stands for this one.
// The error wraps [ErrNotFound], [ErrNotEnrolled] or [ErrTooManyOrders].
func (s *Store) Order(ctx context.Context, by Entry, machine int64, kind OrderKind, cmd device.Command, once bool) (id int64, _ error) {
	err := s.Write(ctx, "order device", func(tx *Tx) error {
		e, err := tx.enrolled(machine)
		if err != nil {
			return err
		}
		if id, err = tx.order(e, by.Who, kind, cmd, once); err != nil {
			return err
		}
		by.Action, by.Subject = "device."+string(kind), e.name
		by.Detail = map[string]any{"device": machine, "order": id}
		return tx.AuditInTx(by)
	})
	return id, err
}

func (tx *Tx) order(e enrollmentRow, who string, kind OrderKind, cmd device.Command, once bool) (id int64, _ error) {
	var waiting int
	err := tx.get([]any{&waiting, &id}, `SELECT count(*), coalesce(max(CASE WHEN kind = ? THEN id END), 0) FROM device_order
		WHERE enrollment_no = ? AND state = 'queued'`, string(kind), e.no)
	switch {
	case err != nil || id != 0:
		return id, err
	case waiting >= maxQueued:
		return 0, ErrTooManyOrders
	}
	text, err := json.Marshal(cmd)
	if err != nil {
		return 0, err
	}
	err = tx.get([]any{&id}, `INSERT INTO device_order (enrollment_no, kind, command, once, state, made_by, created)
		VALUES (?, ?, ?, ?, 'queued', ?, ?) RETURNING id`, e.no, string(kind), string(text), once, who, millis(tx.Now))
	return id, err
}

// learnOrders keeps what became of orders. One that is told again keeps what was
// told first.
func (tx *Tx) learnOrders(e enrollmentRow, results []dialogue.OrderResult) error {
	for _, r := range results {
		state := OrderFailed
		if r.Status.Done() {
			state = OrderDone
		}
		if _, err := tx.exec(`UPDATE device_order SET state = ?, finished = ?, status = ?, detail = ?
			WHERE id = ? AND enrollment_no = ? AND state IN ('queued', 'sent')`,
			string(state), millis(tx.Now), int(r.Status), r.Detail, r.ID, e.no); err != nil {
			return err
		}
	}
	return nil
}

// Unenroll has a device unenrol at its next poll: until then it is leaving. The
// error wraps [ErrNotFound] or [ErrNotEnrolled].
func (s *Store) Unenroll(ctx context.Context, by Entry, machine int64, cmd device.Command) error {
	return s.Write(ctx, "unenroll device", func(tx *Tx) error {
		e, err := tx.enrolled(machine)
		if err != nil {
			return err
		}
		if _, err := tx.order(e, by.Who, UnenrollOrder, cmd, false); err != nil {
			return err
		}
		if _, err := tx.exec(`UPDATE enrollment SET state = 'leaving' WHERE no = ?`, e.no); err != nil {
			return err
		}
		by.Action, by.Subject, by.Detail = "device.unenroll", e.name, map[string]any{"device": machine, "enrollment": e.id}
		return tx.AuditInTx(by)
	})
}

// Retire ends an enrollment without the device, which finds its certificate
// revoked when it comes next. The error wraps [ErrNotFound] or [ErrNotEnrolled].
func (s *Store) Retire(ctx context.Context, by Entry, machine int64) (*fleet.SeatChanges, error) {
	changes := fleet.NewSeatChanges()
	err := s.Write(ctx, "retire device", func(tx *Tx) error {
		e, err := tx.enrolled(machine)
		if err != nil {
			return err
		}
		if err := tx.end(e, device.Retired, "ended by "+by.Who, reasonCessation); err != nil {
			return err
		}
		by.Action, by.Subject, by.Detail = "device.retire", e.name, map[string]any{"device": machine, "enrollment": e.id}
		if err := tx.AuditInTx(by); err != nil {
			return err
		}
		return tx.show(changes, machine)
	})
	return changes, err
}

// AskSync asks for a whole sync at the next poll of a device, and returns when
// it polled last; zero for never. The error wraps [ErrNotFound] or
// [ErrNotEnrolled].
func (s *Store) AskSync(ctx context.Context, by Entry, machine int64) (lastPoll time.Time, _ error) {
	err := s.Write(ctx, "ask for sync", func(tx *Tx) error {
		e, err := tx.enrolled(machine)
		if err != nil {
			return err
		}
		var polled int64
		if err := tx.get([]any{&polled}, `UPDATE enrollment SET sync_asked = ? WHERE no = ? RETURNING last_poll`, millis(tx.Now), e.no); err != nil {
			return err
		}
		lastPoll = fromMillis(polled)
		by.Action, by.Subject, by.Detail = "device.sync", e.name, map[string]any{"device": machine}
		return tx.AuditInTx(by)
	})
	return lastPoll, err
}

// Poll is when a device was heard last, and from where.
type Poll struct {
	At   time.Time
	Addr string
}

// Polled notes when devices polled.
func (s *Store) Polled(ctx context.Context, polls map[device.EnrollmentID]Poll) error {
	ids := make([]device.EnrollmentID, 0, len(polls))
	for id := range polls {
		ids = append(ids, id)
	}
	return s.WriteTurns(ctx, "note polls", func(tx *Tx) (bool, error) {
		n := min(len(ids), 50)
		for _, id := range ids[:n] {
			key, err := enrollmentGUID(id)
			if err != nil {
				return false, err
			}
			p := polls[id]
			r, err := tx.exec(`UPDATE enrollment SET last_poll = ?1, address = ?2 WHERE id = ?3`, millis(p.At), p.Addr, key)
			if err != nil {
				return false, err
			}
			if changed, err := r.RowsAffected(); err != nil || changed == 0 {
				continue // of a device that was deleted
			}
			if _, err := tx.exec(`UPDATE device SET last_seen = max(last_seen, ?) WHERE id = (SELECT device_id FROM enrollment WHERE id = ?)`,
				millis(p.At), key); err != nil {
				return false, err
			}
		}
		ids = ids[n:]
		return len(ids) == 0, nil
	})
}
