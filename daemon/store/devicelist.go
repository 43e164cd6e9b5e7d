package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"sluice/daemon/fleet"
	"sluice/omadm/dialogue"
	"sluice/wsus/update"
)

// Device is one machine as lists show it.
type Device struct {
	ID         int64
	ClientID   string
	Name       string
	Enrolled   bool
	Registered bool
	// Computer is what is known of it: of an enrolled device what OMA DM tells,
	// of others what they claim.
	Computer update.Computer
	// Claimed is what its Windows Update Agent says, and when. It proves nothing.
	Claimed   update.Computer
	ClaimedAt time.Time
	// Facts are what an enrolled device says over OMA DM, and when all of it was
	// last asked for; zero until it was.
	Facts      dialogue.Facts
	FactsAt    time.Time
	Requested  []string // groups that it asked for
	Groups     []update.ID
	Holds      []Hold
	Address    string
	FirstSeen  time.Time
	LastSeen   time.Time // within the hour
	LastScan   time.Time
	LastReport time.Time
	Vouched    time.Time // since when OMA DM vouches for the name as it is; zero for never
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

const deviceColumns = `d.id, coalesce(d.client_id, ''), d.name, d.enrolled, d.registered, d.facts, d.facts_at, d.requested,
	d.address, d.first_seen, d.last_seen, d.last_scan, d.last_report, d.vouched, coalesce(r.facts, '{}'), coalesce(r.facts_at, 0)`

const deviceQuery = `SELECT ` + deviceColumns + ` FROM device d
	LEFT JOIN enrollment e ON e.device_id = d.id AND e.ended IS NULL LEFT JOIN enrollment_record r ON r.enrollment_no = e.no`

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
			if err := scanDevice(scan, &d); err != nil {
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

// scanDevice reads the columns of [deviceColumns], and more.
func scanDevice(scan func(...any) error, d *Device, more ...any) error {
	var claimed, requested, facts []byte
	var claimedAt, first, seen, scanned, reported, vouched, factsAt int64
	err := scan(append([]any{&d.ID, &d.ClientID, &d.Name, &d.Enrolled, &d.Registered, &claimed, &claimedAt, &requested,
		&d.Address, &first, &seen, &scanned, &reported, &vouched, &facts, &factsAt}, more...)...)
	if err != nil {
		return err
	}
	d.FirstSeen, d.LastSeen, d.LastScan, d.LastReport = fromMillis(first), fromMillis(seen), fromMillis(scanned), fromMillis(reported)
	d.ClaimedAt, d.Vouched, d.FactsAt = fromMillis(claimedAt), fromMillis(vouched), fromMillis(factsAt)
	err = errors.Join(json.Unmarshal(claimed, &d.Claimed), json.Unmarshal(requested, &d.Requested), json.Unmarshal(facts, &d.Facts))
	if d.Computer = d.Claimed; d.Enrolled {
		d.Computer = computerOf(&d.Facts, d.ClientID, d.Name)
	}
	return err
}

// computerOf returns the facts of an enrolled device in the words of WSUS.
func computerOf(f *dialogue.Facts, client, name string) update.Computer {
	c := update.Computer{
		ClientID: client, DNSName: name, Manufacturer: f.Manufacturer, Model: f.Model, OSLocale: f.Language,
		Architecture: f.Architecture, OSDescription: f.Platform, NewProductType: f.OSEdition, OldProductType: 1,
	}
	// 10.0.19045.4170; what is missing stays 0.
	fmt.Sscanf(f.OSVersion, "%d.%d.%d", &c.OSMajor, &c.OSMinor, &c.OSBuild)
	return c
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
	rows, err := tx.QueryContext(ctx, `SELECT kind, value, returns, last FROM device_alias WHERE device_id = ? ORDER BY last DESC`, d.ID)
	err = each(rows, err, func(scan func(...any) error) error {
		var kind, value string
		var returns int
		var last int64
		if err := scan(&kind, &value, &returns, &last); err != nil {
			return err
		}
		if d.Enrolled && kind == "name" && (last <= millis(d.Vouched) || fleet.SameHost(value, d.Name)) {
			return nil // from before OMA DM vouched for the name
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
	var twins int
	var twin string
	err = tx.QueryRowContext(ctx, `SELECT count(*), coalesce(max(client_id), '') FROM device WHERE name = ? AND id <> ? AND name <> ''`,
		d.Name, d.ID).Scan(&twins, &twin)
	switch {
	case err != nil:
		return "", err
	case d.Enrolled && len(names) > 0:
		return "unproven machines also claim its client id, as " + strings.Join(names, ", "), nil
	case returned && len(names) > 1:
		return "several machines share its client id: " + strings.Join(names, ", ") +
			"; on each, delete SusClientId below HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate and restart the Windows Update service", nil
	case returned && len(clients) > 1:
		return "client ids take turns under its name: " + strings.Join(clients, ", ") + "; give one of the machines another name", nil
	case twin != "":
		return "another machine has the same name, with client id " + twin, nil
	case twins > 0:
		return "another machine has the same name", nil
	}
	return "", nil
}
