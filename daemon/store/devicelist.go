package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"sluice/wsus/update"
)

// Device is one machine as lists show it.
type Device struct {
	ID         int64
	ClientID   string
	Name       string
	Enrolled   bool
	Registered bool
	Computer   update.Computer
	Requested  []string // groups that it asked for
	Groups     []update.ID
	Holds      []Hold
	Address    string
	FirstSeen  time.Time
	LastSeen   time.Time // within the hour
	LastScan   time.Time
	LastReport time.Time
	// Collision names the others that this machine is mixed up with, empty where
	// it is not: names that take turns under one client id, client ids that take
	// turns under one name, or a claim of an enrolled device's name.
	Collision string
}

// Hold is what is held back on a device, every update where Update is zero.
type Hold struct {
	Update  update.ID
	Reason  string
	Created time.Time
}

// DeviceFilter chooses devices; zero fields choose all.
type DeviceFilter struct {
	Text  string    // part of the name, or a client id
	Group update.ID // that it was put into
	After int64     // devices with larger numbers only: the last one of the page before
	Limit int       // at most 1,000; 100 where zero
}

const deviceQuery = `SELECT d.id, coalesce(d.client_id, ''), d.name, d.enrolled, d.registered, d.facts, d.requested,
	d.address, d.first_seen, d.last_seen, d.last_scan, d.last_report FROM device d`

// Devices returns a page of devices in order of their numbers.
func (s *Store) Devices(ctx context.Context, f DeviceFilter) ([]Device, error) {
	query, args := deviceQuery+` WHERE d.id > ?`, []any{f.After}
	if f.Text != "" {
		query += ` AND (d.name LIKE ? ESCAPE '!' OR d.client_id = ?)`
		args = append(args, "%"+likeEscape.Replace(f.Text)+"%", strings.ToLower(f.Text))
	}
	if !f.Group.IsZero() {
		query, args = query+` AND EXISTS (SELECT 1 FROM device_member m WHERE m.device_id = d.id AND m.group_id = ?)`, append(args, f.Group[:])
	}
	return s.devices(ctx, query+` ORDER BY d.id LIMIT ?`, append(args, pageLimit(f.Limit))...)
}

var likeEscape = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// Device returns one device by its number.
func (s *Store) Device(ctx context.Context, id int64) (Device, error) {
	list, err := s.devices(ctx, deviceQuery+` WHERE d.id = ?`, id)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("device %d: %w", id, ErrNotFound)
	}
	if err != nil {
		return Device{}, err
	}
	return list[0], nil
}

func (s *Store) devices(ctx context.Context, query string, args ...any) ([]Device, error) {
	var list []Device
	err := s.read(ctx, "devices", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, query, args...)
		err = each(rows, err, func(scan func(...any) error) error {
			var d Device
			var facts, requested []byte
			var first, seen, scanned, reported int64
			if err := scan(&d.ID, &d.ClientID, &d.Name, &d.Enrolled, &d.Registered, &facts, &requested,
				&d.Address, &first, &seen, &scanned, &reported); err != nil {
				return err
			}
			d.FirstSeen, d.LastSeen, d.LastScan, d.LastReport = fromMillis(first), fromMillis(seen), fromMillis(scanned), fromMillis(reported)
			if err := json.Unmarshal(facts, &d.Computer); err != nil {
				return err
			}
			if err := json.Unmarshal(requested, &d.Requested); err != nil {
				return err
			}
			list = append(list, d)
			return nil
		})
		if err != nil {
			return err
		}
		for i := range list {
			if err := deviceDetails(ctx, tx, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// deviceDetails reads what other tables say of a device.
func deviceDetails(ctx context.Context, tx *sql.Tx, d *Device) error {
	rows, err := tx.QueryContext(ctx, `SELECT group_id FROM device_member WHERE device_id = ? ORDER BY group_id`, d.ID)
	err = each(rows, err, func(scan func(...any) error) error {
		var id update.ID
		err := scan(guid{&id})
		d.Groups = append(d.Groups, id)
		return err
	})
	if err != nil {
		return err
	}
	rows, err = tx.QueryContext(ctx, `SELECT update_id, reason, created FROM hold WHERE device_id = ? ORDER BY update_id`, d.ID)
	err = each(rows, err, func(scan func(...any) error) error {
		var h Hold
		var created int64
		err := scan(guid{&h.Update}, &h.Reason, &created)
		h.Created = fromMillis(created)
		d.Holds = append(d.Holds, h)
		return err
	})
	if err != nil {
		return err
	}
	d.Collision, err = collision(ctx, tx, d)
	return err
}

// collision says whom a device is mixed up with.
func collision(ctx context.Context, tx *sql.Tx, d *Device) (string, error) {
	var names, clients []string
	var returned bool
	rows, err := tx.QueryContext(ctx, `SELECT kind, value, returns FROM device_alias WHERE device_id = ? ORDER BY last DESC`, d.ID)
	err = each(rows, err, func(scan func(...any) error) error {
		var kind, value string
		var returns int
		if err := scan(&kind, &value, &returns); err != nil {
			return err
		}
		returned = returned || returns > 1
		if kind == "name" {
			names = append(names, value)
		} else {
			clients = append(clients, value)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	var twin string
	err = tx.QueryRowContext(ctx, `SELECT coalesce(max(client_id), '') FROM device WHERE name = ? AND id <> ? AND name <> ''`, d.Name, d.ID).Scan(&twin)
	switch {
	case err != nil:
		return "", err
	case d.Enrolled && len(names) > 1:
		return "unproven machines also claim its client id, as " + strings.Join(names, ", "), nil
	case returned && len(names) > 1:
		return "several machines share its client id: " + strings.Join(names, ", ") +
			"; on each, delete SusClientId below HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate and restart the Windows Update service", nil
	case returned && len(clients) > 1:
		return "client ids take turns under its name: " + strings.Join(clients, ", ") + "; give one of the machines another name", nil
	case twin != "":
		return "another machine has the same name, with client id " + twin, nil
	}
	return "", nil
}
