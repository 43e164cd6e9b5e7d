package store

import (
	"database/sql"
	"errors"
	"strings"
	"time"

	"sluice/wsus/update"
)

// replaced is the enrollment of a device that goes on when the device enrols
// again. Whoever holds a credential and knows the DeviceID of another machine can
// take its place: the machine's own certificate is revoked by that, so that it is
// seen to knock in vain. A machine whose disk was wiped enrols in the same way,
// so it is not refused, but told.
type replaced struct {
	id    update.ID
	heard time.Time // last
	// otherHardware says that its HWDevID is not that of the machine which enrols.
	otherHardware bool
}

// replacedBy returns the enrollment that ends when a machine with a hardware id
// enrols as a device, nil for none.
func (tx *Tx) replacedBy(hardware string, machine int64) (*replaced, error) {
	var r replaced
	var before string
	var heard int64
	err := tx.get([]any{guid{&r.id}, &before, &heard},
		`SELECT id, hardware, max(last_poll, created) FROM enrollment WHERE device_id = ? AND ended IS NULL`, machine)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r.heard, r.otherHardware = fromMillis(heard), before != "" && !strings.EqualFold(before, hardware)
	return &r, nil
}

// why is why the enrollment ended.
func (r *replaced) why() string {
	if r != nil && r.otherHardware {
		return "it enrolled again, with the id of other hardware"
	}
	return "it enrolled again"
}

// tell adds r to the detail of an audit entry.
func (r *replaced) tell(detail map[string]any) {
	if r == nil {
		return
	}
	detail["replaces"], detail["last_heard"] = r.id, r.heard
	if r.otherHardware {
		detail["other_hardware"] = true
	}
}
