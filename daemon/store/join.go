package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"sluice/daemon/fleet"
	"sluice/omadm/dialogue"
	"sluice/wsus/update"
)

// maxNamesakes is how many devices with one short name are looked at to find
// two that are one. Where more have it the name tells nothing.
const maxNamesakes = 64

// What an administrator cannot join or split; test with [errors.Is].
var (
	ErrJoined    = errors.New("the computer is an enrolled device of its own")
	ErrNotJoined = errors.New("the device has no computer that could be split from it")
)

// named is a device with what tells whether it is the same machine as another.
type named struct {
	fleet.Machine
	enrolled bool
}

const namesakesQuery = `SELECT d.id, d.name, d.enrolled, d.client_id IS NOT NULL, d.facts, coalesce(r.facts, '{}')
	FROM device d LEFT JOIN enrollment e ON e.device_id = d.id AND e.ended IS NULL
	LEFT JOIN enrollment_record r ON r.enrollment_no = e.no
	WHERE d.name = ?1 OR d.name >= ?1 || '.' AND d.name < ?1 || '/' LIMIT ?2`

// namesakes returns the enrolled devices, and the computers that only WSUS
// knows, with the short name of a name; none where there are too many.
func (tx *Tx) namesakes(name string) (peers, computers []fleet.Machine, _ error) {
	short := fleet.ShortName(name)
	if short == "" {
		return nil, nil, nil
	}
	rows, err := tx.query(namesakesQuery, short, maxNamesakes+1)
	err = each(rows, err, func(scan func(...any) error) error {
		n, err := scanNamed(scan)
		if n.enrolled {
			peers = append(peers, n.Machine)
		} else {
			computers = append(computers, n.Machine)
		}
		return err
	})
	if len(peers)+len(computers) > maxNamesakes {
		return nil, nil, err
	}
	return peers, computers, err
}

func scanNamed(scan func(...any) error) (n named, _ error) {
	var client bool
	var claimed, vouched []byte
	if err := scan(&n.Device, &n.Name, &n.enrolled, &client, &claimed, &vouched); err != nil {
		return n, err
	}
	if n.enrolled {
		var f dialogue.Facts
		err := json.Unmarshal(vouched, &f)
		n.Manufacturer, n.Model, n.Joined = f.Manufacturer, f.Model, client
		return n, err
	}
	var c update.Computer
	err := json.Unmarshal(claimed, &c)
	n.Manufacturer, n.Model = c.Manufacturer, c.Model
	return n, err
}

// join joins enrolled devices with a short name to their computers, where those
// are certain. It is called when something that decides about it changed: a name,
// an enrollment, what a computer says of itself.
func (tx *Tx) join(changes *fleet.SeatChanges, name string) error {
	peers, computers, err := tx.namesakes(name)
	if err != nil || len(peers) == 0 || len(computers) == 0 {
		return err
	}
	for _, p := range peers {
		free, err := tx.notApart(p.Device, computers)
		if err != nil {
			return err
		}
		found := fleet.Match(p, peers, free).Computer
		if found == 0 {
			continue
		}
		by := Entry{Who: "sluice", Via: "daemon"}
		if err := tx.merge(changes, by, p.Device, found, false); err != nil {
			return err
		}
		computers = slices.DeleteFunc(computers, func(c fleet.Machine) bool { return c.Device == found })
	}
	return nil
}

// notApart leaves out the computers that an administrator split from a device.
func (tx *Tx) notApart(machine int64, computers []fleet.Machine) ([]fleet.Machine, error) {
	rows, err := tx.query(`SELECT other_id FROM device_apart WHERE device_id = ?`, machine)
	apart, err := scanAll[int64](rows, err)
	if err != nil || len(apart) == 0 {
		return computers, err
	}
	return slices.DeleteFunc(slices.Clone(computers), func(c fleet.Machine) bool { return slices.Contains(apart, c.Device) }), nil
}

// JoinDevices makes an enrolled device and a computer that only WSUS knows one
// machine. The enrolled device stays, with the groups, holds, states and events
// of both. The error wraps [ErrNotFound], [ErrNotEnrolled] or [ErrJoined].
func (s *Store) JoinDevices(ctx context.Context, by Entry, enrolled, computer int64) (*fleet.SeatChanges, error) {
	changes := fleet.NewSeatChanges()
	err := s.Write(ctx, "join devices", func(tx *Tx) error {
		if _, err := tx.enrolled(enrolled); err != nil {
			return err
		}
		var other bool
		if err := tx.get([]any{&other}, `SELECT enrolled FROM device WHERE id = ?`, computer); err != nil {
			return fmt.Errorf("device %d: %w", computer, missing(err))
		}
		if other || enrolled == computer {
			return fmt.Errorf("device %d: %w", computer, ErrJoined)
		}
		return tx.merge(changes, by, enrolled, computer, true)
	})
	return changes, err
}

// SplitDevice takes the computer of WSUS away from an enrolled device and makes
// it a device of its own, with what it reported. Both keep the groups. They are
// not joined again but by an administrator. The error wraps [ErrNotFound],
// [ErrNotEnrolled] or [ErrNotJoined].
func (s *Store) SplitDevice(ctx context.Context, by Entry, machine int64) (computer int64, changes *fleet.SeatChanges, err error) {
	err = s.Write(ctx, "split device", func(tx *Tx) error {
		e, err := tx.enrolled(machine)
		if err != nil {
			return err
		}
		var client sql.NullString
		if err := tx.get([]any{&client}, `SELECT client_id FROM device WHERE id = ?`, machine); err != nil {
			return err
		}
		if !client.Valid {
			return fmt.Errorf("device %d: %w", machine, ErrNotJoined)
		}
		if computer, err = tx.split(machine, client.String); err != nil {
			return err
		}
		changes = fleet.NewSeatChanges()
		changes.Clients[client.String] = computer
		if err := tx.show(changes, machine); err != nil {
			return err
		}
		if err := tx.show(changes, computer); err != nil {
			return err
		}
		by.Action, by.Subject = "device.split", e.name
		by.Detail = map[string]any{"device": machine, "computer": computer, "client_id": client.String}
		return tx.AuditInTx(by)
	})
	return computer, changes, err
}
