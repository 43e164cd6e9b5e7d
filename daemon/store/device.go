package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sluice/daemon/fleet"
	"sluice/wsus/update"
)

// maxLoad is how long the reads may last that fill memory at start.
const maxLoad = 60 * time.Second

// seenEvery is how exactly the store knows when a device was last seen: often
// enough for people, seldom enough that logins seldom write.
const seenEvery = time.Hour

// maxAliases is how many names, and how many client ids, a device is known to
// have gone by: the latest ones. Anybody may claim more.
const maxAliases = 32

// ClaimDevice finds or makes the device that a login is of, by [fleet.Judge],
// and notes what changed about it. With byClient the groups that it asks for are
// the groups that it is put into. The error wraps that of [Options.Admit] where
// a new device was refused.
func (s *Store) ClaimDevice(ctx context.Context, c fleet.Claim, byClient bool) (device int64, changes *fleet.SeatChanges, err error) {
	device, same, err := s.SameClaim(ctx, &c)
	if err != nil || same {
		return device, nil, err
	}
	err = s.Write(ctx, "log in "+c.ClientID, func(tx *Tx) error {
		byID, err := tx.knownBy(`id = (SELECT id FROM device WHERE client_id = ?1 UNION ALL
			SELECT * FROM (SELECT device_id FROM device_alias WHERE kind = 'client' AND value = ?1 ORDER BY last DESC) LIMIT 1)`, c.ClientID)
		if err != nil {
			return err
		}
		byName, err := tx.knownBy(`name = ?1 ORDER BY enrolled DESC, last_seen DESC LIMIT 1`, c.Name)
		if err != nil {
			return err
		}
		v := fleet.Judge(&c, byID, byName, tx.Now)
		if device = v.Device; device == 0 {
			if err := s.admit(c.Addr); err != nil {
				return err
			}
			if device, err = tx.newDevice(&c); err != nil {
				return err
			}
		}
		enrolled := v.Device != 0 && (byID != nil && byID.Device == device && byID.Enrolled || byName != nil && byName.Device == device && byName.Enrolled)
		if err := tx.noteClaim(device, &c, v, enrolled); err != nil {
			return err
		}
		if enrolled && v.Identify {
			// Nothing proves that it is the same machine: it is to be seen who made it so.
			if err := tx.AuditInTx(Entry{Who: "sluice", Via: "daemon", Action: "device.join", Subject: c.Name, Detail: map[string]any{
				"device": device, "client_id": c.ClientID, "address": c.Addr, "why": "it goes by the name of the enrolled device",
			}}); err != nil {
				return err
			}
		}
		if byClient && !enrolled {
			if err := tx.putInto(device, &c); err != nil {
				return err
			}
		}
		changes = fleet.NewSeatChanges()
		if !enrolled {
			// The name may be what tells that it is an enrolled device.
			if err := tx.join(changes, c.Name); err != nil {
				return err
			}
			if keep, ok := changes.Clients[c.ClientID]; ok {
				device = keep
			}
		}
		// An impostor's id is not the one that the device goes by.
		var client string
		if err := tx.get([]any{&client}, `SELECT coalesce(client_id, '') FROM device WHERE id = ?`, device); err != nil {
			return err
		}
		if client != "" {
			changes.Clients[client] = device
		}
		return tx.show(changes, device)
	})
	if errors.Is(err, ErrDiskFull) {
		return s.claimUnkept(ctx, &c, err)
	}
	return device, changes, err
}

// claimUnkept answers a login that there is no room to keep. Who is known by
// the same id and name is served all the same: what is lost is when and where
// it logged in, and to which groups it wants to move.
func (s *Store) claimUnkept(ctx context.Context, c *fleet.Claim, full error) (device int64, _ *fleet.SeatChanges, _ error) {
	err := s.read(ctx, "log in "+c.ClientID, func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT id FROM device WHERE client_id = ? AND name = ?`, c.ClientID, c.Name).Scan(&device)
	})
	if err != nil {
		return 0, nil, full
	}
	s.log.Warn("login not kept", "device", device, "err", full)
	return device, nil, nil
}

// SameClaim reports whether a login says nothing new, so that [Store.ClaimDevice]
// would write nothing, and whose it then is.
func (s *Store) SameClaim(ctx context.Context, c *fleet.Claim) (device int64, same bool, err error) {
	var name, requested, address string
	var enrolled bool
	var seen int64
	err = s.read(ctx, "log in "+c.ClientID, func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT id, name, enrolled, requested, address, last_seen FROM device WHERE client_id = ?`, c.ClientID).
			Scan(&device, &name, &enrolled, &requested, &address, &seen)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	// A time in the future is from before the clock was set back.
	age := s.now().Sub(fromMillis(seen))
	fresh := -seenEvery < age && age < seenEvery
	known := name == c.Name || enrolled && fleet.SameHost(name, c.Name)
	return device, known && requested == groupNames(c.Groups) && address == c.Addr && fresh, err
}

func groupNames(names []string) string {
	if len(names) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(names) // strings always marshal
	return string(b)
}

func (tx *Tx) knownBy(where, value string) (*fleet.Known, error) {
	if value == "" {
		return nil, nil
	}
	var k fleet.Known
	var seen int64
	err := tx.get([]any{&k.Device, &k.ClientID, &k.Name, &k.Enrolled, &k.Shared, &seen},
		`SELECT id, coalesce(client_id, ''), name, enrolled,
			enrolled AND EXISTS (SELECT 1 FROM device t WHERE t.name = device.name AND t.enrolled AND t.id <> device.id), last_seen
		FROM device WHERE `+where, value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	k.LastSeen = fromMillis(seen)
	return &k, err
}

func (tx *Tx) newDevice(c *fleet.Claim) (id int64, err error) {
	tree, err := tx.tree()
	if err != nil {
		return 0, err
	}
	set, err := tx.internGroups(fleet.NewSeatChanges(), tree.SetOf(nil))
	if err != nil {
		return 0, err
	}
	err = tx.get([]any{&id}, `INSERT INTO device (client_id, name, group_set, hold_set, address, first_seen, last_seen)
		VALUES (nullif(?, ''), ?, ?, 0, ?, ?, ?) RETURNING id`, c.ClientID, c.Name, set, c.Addr, millis(tx.Now), millis(tx.Now))
	return id, err
}

// noteClaim writes what the claim says, and keeps what went before it. The name
// of an enrolled device stays, and names of it are kept of impostors only.
func (tx *Tx) noteClaim(device int64, c *fleet.Claim, v fleet.Verdict, enrolled bool) error {
	if err := tx.alias(device, "client", c.ClientID, v.Identify); err != nil {
		return err
	}
	if !enrolled || v.Impostor {
		if err := tx.alias(device, "name", c.Name, v.Rename || v.Impostor); err != nil {
			return err
		}
	}
	if v.Impostor && v.Device != 0 {
		_, err := tx.exec(`UPDATE device SET last_seen = ? WHERE id = ?`, millis(tx.Now), device)
		return err
	}
	if v.Identify {
		// The id may be a younger device's, made before the two were known to be one.
		if _, err := tx.exec(`UPDATE device SET client_id = NULL WHERE client_id = ? AND id <> ?`, c.ClientID, device); err != nil {
			return err
		}
	}
	_, err := tx.exec(`UPDATE device SET client_id = ?1, name = CASE WHEN ?2 = '' OR enrolled THEN name ELSE ?2 END,
		requested = ?3, address = ?4, last_seen = ?5 WHERE id = ?6`,
		c.ClientID, c.Name, groupNames(c.Groups), c.Addr, millis(tx.Now), device)
	return err
}

// alias notes that a device goes by a value now. changed says that it went by
// another one last: where this one was there before, it has returned.
func (tx *Tx) alias(device int64, kind, value string, changed bool) error {
	if value == "" {
		return nil
	}
	_, err := tx.exec(`INSERT INTO device_alias (device_id, kind, value, first, last, returns) VALUES (?1, ?2, ?3, ?4, ?4, 0)
		ON CONFLICT DO UPDATE SET last = ?4, returns = returns + ?5`, device, kind, value, millis(tx.Now), changed)
	if err != nil || !changed {
		return err
	}
	_, err = tx.exec(`DELETE FROM device_alias WHERE device_id = ?1 AND kind = ?2 AND value <> ?3 AND value IN (
		SELECT value FROM device_alias WHERE device_id = ?1 AND kind = ?2 ORDER BY last DESC, value LIMIT -1 OFFSET ?4)`,
		device, kind, value, maxAliases)
	return err
}

// putInto makes the groups that a device claims the ones that it is in. Names of
// no group are left out.
func (tx *Tx) putInto(device int64, c *fleet.Claim) error {
	tree, err := tx.tree()
	if err != nil {
		return err
	}
	var groups []update.ID
	for _, n := range c.Groups {
		if g, err := tree.Find(n); err == nil {
			groups = append(groups, g.ID)
		}
	}
	return tx.setMembers(device, groups, true)
}

func (tx *Tx) setMembers(device int64, groups []update.ID, claimed bool) error {
	if _, err := tx.exec(`DELETE FROM device_member WHERE device_id = ?`, device); err != nil {
		return err
	}
	for _, g := range groups {
		if g == update.AllComputers || g == update.UnassignedComputers {
			continue // every device is in the one, and in the other for want of a group
		}
		if _, err := tx.exec(`INSERT OR IGNORE INTO device_member (device_id, group_id, claimed) VALUES (?, ?, ?)`, device, g[:], claimed); err != nil {
			return groupError(err)
		}
	}
	return nil
}

func (tx *Tx) seat(device int64) (seat fleet.Seat, err error) {
	err = tx.get([]any{&seat.Registered, &seat.Plan.GroupSet, &seat.Plan.HoldSet},
		`SELECT registered, group_set, hold_set FROM device WHERE id = ?`, device)
	return seat, missing(err)
}

// RegisterDevice keeps what a device says of itself through its Windows Update
// Agent. Of one that is enrolled it changes nothing else: what counts there OMA
// DM tells, and anybody can claim to be it here.
func (s *Store) RegisterDevice(ctx context.Context, device int64, c update.Computer) (*fleet.SeatChanges, error) {
	facts, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("register device %d: %w", device, err)
	}
	changes := fleet.NewSeatChanges()
	err = s.Write(ctx, "register device", func(tx *Tx) error {
		var name string
		var enrolled bool
		err := tx.get([]any{&name, &enrolled}, `UPDATE device SET registered = 1, last_seen = ?3, facts_at = ?3, facts = ?1,
			server = CASE WHEN enrolled THEN server ELSE ?2 END WHERE id = ?4 RETURNING name, enrolled`,
			string(facts), c.IsServer(), millis(tx.Now), device)
		if err != nil {
			return fmt.Errorf("device %d: %w", device, missing(err))
		}
		if changes.Seats[device], err = tx.seat(device); err != nil || enrolled {
			return err
		}
		// Manufacturer and model may be what tells that it is an enrolled device.
		return tx.join(changes, name)
	})
	return changes, err
}

// AssignDevices puts devices into exactly the given groups.
func (s *Store) AssignDevices(ctx context.Context, by Entry, devices []int64, groups []update.ID) (*fleet.SeatChanges, error) {
	var changes *fleet.SeatChanges
	err := s.Write(ctx, "assign devices", func(tx *Tx) error {
		tree, err := tx.tree()
		if err != nil {
			return err
		}
		for _, d := range devices {
			if err := tx.setMembers(d, groups, false); err != nil {
				return err
			}
		}
		if changes, err = tx.reseatDevices(tree, devices); err != nil {
			return err
		}
		by.Action, by.Subject, by.Detail = "computer.assign", fmt.Sprint(len(devices), " computers"), map[string]any{"computers": devices, "groups": groups}
		return tx.AuditInTx(by)
	})
	return changes, err
}

// HoldDevice holds an update back on a device, or every update where id is zero.
func (s *Store) HoldDevice(ctx context.Context, by Entry, device int64, id update.ID, reason string) (*fleet.SeatChanges, error) {
	return s.changeHold(ctx, by, "computer.hold", device, id, func(tx *Tx) error {
		_, err := tx.exec(`INSERT INTO hold (device_id, update_id, reason, created) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT DO UPDATE SET reason = ?3, created = ?4`, device, id[:], reason, millis(tx.Now))
		return err
	})
}

// ReleaseDevice ends a hold.
func (s *Store) ReleaseDevice(ctx context.Context, by Entry, device int64, id update.ID) (*fleet.SeatChanges, error) {
	return s.changeHold(ctx, by, "computer.release", device, id, func(tx *Tx) error {
		_, err := tx.exec(`DELETE FROM hold WHERE device_id = ? AND update_id = ?`, device, id[:])
		return err
	})
}

func (s *Store) changeHold(ctx context.Context, by Entry, action string, device int64, id update.ID, change func(*Tx) error) (*fleet.SeatChanges, error) {
	var changes *fleet.SeatChanges
	err := s.Write(ctx, action, func(tx *Tx) error {
		tree, err := tx.tree()
		if err != nil {
			return err
		}
		if _, err := tx.seat(device); err != nil {
			return fmt.Errorf("device %d: %w", device, err)
		}
		if err := change(tx); err != nil {
			return err
		}
		if changes, err = tx.reseatDevices(tree, []int64{device}); err != nil {
			return err
		}
		by.Action, by.Subject, by.Detail = action, fmt.Sprint("computer ", device), map[string]any{"update": id}
		return tx.AuditInTx(by)
	})
	return changes, err
}

// DeleteDevice forgets a device and everything reported of it. It comes back as
// a new one when it logs in again.
func (s *Store) DeleteDevice(ctx context.Context, by Entry, device int64) error {
	return s.Write(ctx, "delete device", func(tx *Tx) error {
		var name string
		if err := tx.get([]any{&name}, `SELECT name FROM device WHERE id = ?`, device); err != nil {
			return fmt.Errorf("device %d: %w", device, missing(err))
		}
		// Its states go with it; the counters must not keep them.
		w, err := tx.deviceStates(device)
		if err != nil {
			return err
		}
		w.forget()
		if err := w.save(); err != nil {
			return err
		}
		// Its certificates stay on the revocation list.
		if err := tx.revoke(reasonCessation, `enrollment_no IN (SELECT no FROM enrollment WHERE device_id = ?)`, device); err != nil {
			return err
		}
		if _, err := tx.exec(`DELETE FROM device WHERE id = ?`, device); err != nil {
			return err
		}
		by.Action, by.Subject = "computer.delete", name
		return tx.AuditInTx(by)
	})
}

// Scanned notes when devices last scanned, by their numbers.
func (s *Store) Scanned(ctx context.Context, scans map[int64]time.Time) error {
	type scan struct {
		device int64
		at     time.Time
	}
	list := make([]scan, 0, len(scans))
	for d, at := range scans {
		list = append(list, scan{d, at})
	}
	return s.WriteTurns(ctx, "note scans", func(tx *Tx) (bool, error) {
		n := min(len(list), 50)
		for _, e := range list[:n] {
			if _, err := tx.exec(`UPDATE device SET last_scan = ?1, last_seen = max(last_seen, ?1) WHERE id = ?2`, millis(e.at), e.device); err != nil {
				return false, err
			}
		}
		list = list[n:]
		return len(list) == 0, nil
	})
}
