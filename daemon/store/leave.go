package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"sluice/omadm/device"
	"sluice/wsus/update"
)

// goodbyeWithin is how long a device has to say that it leaves, after it took
// the command to. Windows does so at once; one that broke off never will.
const goodbyeWithin = 15 * time.Minute

// EndLeft ends the enrollments of devices that took the command to unenrol and
// did not come to say that they left.
func (s *Store) EndLeft(ctx context.Context) error {
	return s.WriteTurns(ctx, "end enrollments", func(tx *Tx) (bool, error) {
		var id update.ID
		err := tx.get([]any{guid{&id}}, `SELECT e.id FROM device_order o CROSS JOIN enrollment e ON e.no = o.enrollment_no
			WHERE e.ended IS NULL AND e.state = ? AND o.kind = ? AND o.state = ? AND o.finished < ? LIMIT 1`,
			string(device.Leaving), string(UnenrollOrder), string(OrderDone), millis(tx.Now.Add(-goodbyeWithin)))
		if errors.Is(err, sql.ErrNoRows) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		e, err := tx.enrollment(device.EnrollmentID(id.String()))
		if err != nil {
			return false, err
		}
		if err := tx.end(e, device.Unenrolled, "by an administrator", reasonCessation); err != nil {
			return false, err
		}
		return false, tx.AuditInTx(Entry{Who: "sluice", Via: "daemon", Action: "device.unenrolled", Subject: e.name,
			Detail: map[string]any{"device": e.device, "enrollment": id, "why": "it took the command, and did not say that it left"}})
	})
}
