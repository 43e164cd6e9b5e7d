package store

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"sluice/daemon/fleet"
	"sluice/omadm/device"
	"sluice/omadm/dialogue"
)

// NewEnrollment is a device that enrols.
type NewEnrollment struct {
	Credential EnrollCredential
	Enrollment device.Enrollment // State, User and Created are set by the store
	Leaf       *x509.Certificate
	KeyHash    [sha256.Size]byte // SHA-256 of its SubjectPublicKeyInfo
	Secrets    Secrets
	Addr       string
}

// Enroll uses a credential up and keeps an enrollment with its certificate, all
// or nothing. A machine that is known goes on as the device that it was:
//
//   - one with the same DeviceID;
//   - one with the same HWDevID and name, where [fleet.Former.Continues];
//   - a computer of WSUS, where [fleet.Match].
//
// Its enrollment until now is retired, and the certificates of that are revoked.
// The device keeps the groups that an administrator put it into and is put into
// those of the token; those that it only claimed it loses. The error wraps
// [ErrBadCredential], [ErrDeviceCap] or [ErrReplayed]; then nothing changes.
func (s *Store) Enroll(ctx context.Context, n NewEnrollment) (machine int64, changes *fleet.SeatChanges, err error) {
	err = s.Write(ctx, "enroll device", func(tx *Tx) error {
		var known bool
		if err := tx.get([]any{&known}, `SELECT EXISTS (SELECT 1 FROM device_certificate WHERE key_hash = ?)`, n.KeyHash[:]); err != nil {
			return err
		}
		if known {
			return ErrReplayed
		}
		g, err := tx.grant(n.Credential)
		if err != nil {
			return err
		}
		machine, err = tx.machineOf(&n.Enrollment)
		if err != nil {
			return err
		}
		if err := tx.use(&g, machine); err != nil {
			return err
		}
		again := machine != 0
		before, err := tx.replacedBy(n.Enrollment.Hardware, machine)
		if err != nil {
			return err
		}
		if changes, err = tx.enroll(&machine, &n, &g, before.why()); err != nil {
			return err
		}
		detail := map[string]any{
			"device": machine, "enrollment": n.Enrollment.ID, "device_id": n.Enrollment.Device, "context": n.Enrollment.Context,
			"known": again, "address": n.Addr,
		}
		before.tell(detail)
		return tx.AuditInTx(Entry{Who: g.user, Via: "mdm", Action: "device.enroll", Subject: machineName(&n.Enrollment), Detail: detail})
	})
	return machine, changes, err
}

// machineName is the name of a device whose DNS name is not known yet.
func machineName(e *device.Enrollment) string {
	if e.Name != "" {
		return e.Name
	}
	return string(e.Device)
}

// machineOf finds the device that a machine that enrols is; 0 for a new one.
func (tx *Tx) machineOf(e *device.Enrollment) (machine int64, _ error) {
	if e.Device != "" {
		err := tx.get([]any{&machine}, `SELECT device_id FROM enrollment WHERE dm_id = ? ORDER BY no DESC LIMIT 1`, string(e.Device))
		if !errors.Is(err, sql.ErrNoRows) {
			return machine, err
		}
	}
	if e.Hardware != "" {
		machine, err := tx.formerOf(e)
		if err != nil || machine != 0 {
			return machine, err
		}
	}
	m := fleet.Machine{Name: e.Name, Manufacturer: e.Manufacturer, Model: e.Model}
	peers, computers, err := tx.namesakes(m.Name)
	if err != nil {
		return 0, err
	}
	return fleet.Match(m, peers, computers).Computer, nil
}

// formerOf finds the device that a machine with another DeviceID was before it
// got a new image.
func (tx *Tx) formerOf(e *device.Enrollment) (machine int64, _ error) {
	rows, err := tx.query(`SELECT d.id, d.name, e.ended IS NULL, max(e.last_poll, e.created) FROM enrollment e JOIN device d ON d.id = e.device_id
		WHERE e.hardware = ? ORDER BY e.no DESC LIMIT ?`, e.Hardware, maxNamesakes)
	err = each(rows, err, func(scan func(...any) error) error {
		var d, heard int64
		var f fleet.Former
		if err := scan(&d, &f.Name, &f.Current, &heard); err != nil {
			return err
		}
		f.Heard = fromMillis(heard)
		if machine == 0 && f.Continues(e.Name, tx.Now) {
			machine = d
		}
		return nil
	})
	return machine, err
}

// enroll makes a device, new or known, an enrolled one. again is why the
// enrollment ends that it had.
func (tx *Tx) enroll(machine *int64, n *NewEnrollment, g *granted, again string) (*fleet.SeatChanges, error) {
	facts := factsOf(&n.Enrollment)
	if *machine != 0 {
		if err := tx.retireFor(*machine, &facts, again); err != nil {
			return nil, err
		}
	} else {
		id, err := tx.newDevice(&fleet.Claim{Name: machineName(&n.Enrollment), Addr: n.Addr})
		if err != nil {
			return nil, err
		}
		*machine = id
	}
	if err := tx.addEnrollment(*machine, n, g, &facts); err != nil {
		return nil, err
	}
	if _, err := tx.exec(`UPDATE device SET enrolled = 1, name = ?, vouched = ?2, last_seen = ?2 WHERE id = ?`,
		nameOf(&facts, n.Enrollment.Device), millis(tx.Now), *machine); err != nil {
		return nil, err
	}
	if _, err := tx.exec(`DELETE FROM device_member WHERE device_id = ? AND claimed`, *machine); err != nil {
		return nil, err
	}
	for _, group := range g.groups {
		if _, err := tx.exec(`INSERT OR IGNORE INTO device_member (device_id, group_id) VALUES (?, ?)`, *machine, group[:]); err != nil {
			return nil, err
		}
	}
	changes := fleet.NewSeatChanges()
	if err := tx.join(changes, nameOf(&facts, n.Enrollment.Device)); err != nil {
		return nil, err
	}
	return changes, tx.show(changes, *machine)
}

// retireFor ends the enrollment that a device had. What that taught of the name
// still holds.
func (tx *Tx) retireFor(machine int64, facts *dialogue.Facts, why string) error {
	var text []byte
	err := tx.get([]any{&text}, `SELECT r.facts FROM enrollment e JOIN enrollment_record r ON r.enrollment_no = e.no
		WHERE e.device_id = ? ORDER BY e.no DESC LIMIT 1`, machine)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	var old dialogue.Facts
	if err := json.Unmarshal(text, &old); err != nil {
		return err
	}
	if fleet.SameHost(old.DNSName, facts.DeviceName) {
		facts.DNSName = old.DNSName
	}
	e, err := tx.enrolled(machine)
	if errors.Is(err, ErrNotEnrolled) {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.end(e, device.Retired, why, reasonSuperseded)
}

// factsOf returns what a device says of itself when it enrols.
func factsOf(e *device.Enrollment) dialogue.Facts {
	return dialogue.Facts{
		DeviceID: string(e.Device), DeviceName: e.Name, Manufacturer: e.Manufacturer, Model: e.Model, Serial: e.Serial,
		Language: e.Locale, OSVersion: e.OSVersion, OSEdition: e.OSEdition,
	}
}

// nameOf returns the name that OMA DM vouches for.
func nameOf(f *dialogue.Facts, id device.ID) string {
	switch {
	case f.DNSName != "":
		return f.DNSName
	case f.DeviceName != "":
		return f.DeviceName
	}
	return string(id)
}

func (tx *Tx) addEnrollment(machine int64, n *NewEnrollment, g *granted, facts *dialogue.Facts) error {
	id, err := enrollmentGUID(n.Enrollment.ID)
	if err != nil {
		return err
	}
	said := n.Enrollment
	said.ID, said.Device, said.Hardware, said.User, said.State = "", "", "", "", "" // in columns of their own
	said.Created = tx.Now
	saidText, err := json.Marshal(said)
	if err != nil {
		return err
	}
	secrets, err := json.Marshal(n.Secrets)
	if err != nil {
		return err
	}
	factsText, err := json.Marshal(facts)
	if err != nil {
		return err
	}
	var no int64
	err = tx.get([]any{&no}, `INSERT INTO enrollment (id, device_id, dm_id, hardware, state, account, token_id, user, said, client_name, secrets, created, address)
		VALUES (?, ?, ?, ?, 'active', ?, ?, ?, ?, ?, ?, ?, ?) RETURNING no`, id, machine, string(n.Enrollment.Device), n.Enrollment.Hardware,
		g.account, g.token, g.user, string(saidText), n.Secrets.ClientName, string(secrets), millis(tx.Now), n.Addr)
	if err != nil {
		return err
	}
	if _, err := tx.exec(`INSERT INTO enrollment_record (enrollment_no, facts, facts_at, settings, reported_at) VALUES (?, ?, 0, x'', 0)`, no, string(factsText)); err != nil {
		return err
	}
	return tx.addCertificate(no, n.Leaf, n.KeyHash)
}

// show adds the seat of a device to the changes as it is now.
func (tx *Tx) show(changes *fleet.SeatChanges, machine int64) error {
	tree, err := tx.tree()
	if err != nil {
		return err
	}
	more, err := tx.reseatDevices(tree, []int64{machine})
	if err != nil {
		return err
	}
	changes.Add(more)
	seat, err := tx.seat(machine)
	if err != nil {
		return fmt.Errorf("device %d: %w", machine, err)
	}
	changes.Seats[machine] = seat
	return nil
}
