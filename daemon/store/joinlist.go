package store

import (
	"context"
	"database/sql"
	"slices"

	"sluice/daemon/fleet"
)

// maxCandidates is how many pairs a list of candidates has at most.
const maxCandidates = 1000

// JoinCandidate is an enrolled device and another one that may be the same
// machine, which is for an administrator to say.
type JoinCandidate struct {
	Device       int64
	DeviceName   string
	Computer     int64
	ComputerName string
	Reason       string // why it is not certain
}

// candidatesQuery finds enrolled devices that have a namesake, or one with the
// same hardware, which is not enrolled.
const candidatesQuery = `SELECT m.id, m.name FROM (
		SELECT id, name, CASE instr(name, '.') WHEN 0 THEN name ELSE substr(name, 1, instr(name, '.') - 1) END AS short
		FROM device WHERE enrolled = 1 AND id > ?
	) m
	WHERE EXISTS (SELECT 1 FROM device d WHERE d.name = m.short AND d.enrolled = 0)
		OR EXISTS (SELECT 1 FROM device d WHERE d.name >= m.short || '.' AND d.name < m.short || '/' AND d.enrolled = 0)
		OR EXISTS (SELECT 1 FROM enrollment e JOIN enrollment o ON o.hardware = e.hardware AND o.device_id <> e.device_id
			JOIN device p ON p.id = o.device_id WHERE e.device_id = m.id AND e.ended IS NULL AND e.hardware <> '' AND p.enrolled = 0)
	ORDER BY m.id LIMIT 500`

const sameHardwareQuery = `SELECT DISTINCT o.device_id, p.name FROM enrollment e JOIN enrollment o ON o.hardware = e.hardware AND o.device_id <> e.device_id
	JOIN device p ON p.id = o.device_id
	WHERE e.device_id = ? AND e.ended IS NULL AND e.hardware <> '' AND p.enrolled = 0 ORDER BY o.device_id LIMIT 64`

// JoinCandidates returns pairs of an enrolled device and a computer, or one that
// was enrolled before, that may be the same machine, at most 1,000.
func (s *Store) JoinCandidates(ctx context.Context) (list []JoinCandidate, _ error) {
	for last := int64(0); len(list) < maxCandidates; {
		n := 0
		err := s.read(ctx, "candidates to join", func(ctx context.Context, tx *sql.Tx) error {
			rows, err := tx.QueryContext(ctx, candidatesQuery, last)
			var devices []fleet.Machine
			err = each(rows, err, func(scan func(...any) error) error {
				var m fleet.Machine
				err := scan(&m.Device, &m.Name)
				devices = append(devices, m)
				return err
			})
			if err != nil {
				return err
			}
			for _, d := range devices {
				last, n = d.Device, n+1
				more, err := candidatesOf(ctx, tx, d)
				if err != nil {
					return err
				}
				list = append(list, more...)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
	}
	return list[:min(len(list), maxCandidates)], nil
}

func candidatesOf(ctx context.Context, tx *sql.Tx, d fleet.Machine) (list []JoinCandidate, _ error) {
	var peers, computers []fleet.Machine
	rows, err := tx.QueryContext(ctx, namesakesQuery, fleet.ShortName(d.Name), maxNamesakes)
	err = each(rows, err, func(scan func(...any) error) error {
		n, err := scanNamed(scan)
		switch {
		case n.Device == d.Device:
			d = n.Machine
		case n.enrolled:
			peers = append(peers, n.Machine)
		default:
			computers = append(computers, n.Machine)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	names := make(map[int64]string)
	for _, c := range computers {
		names[c.Device] = c.Name
	}
	p := fleet.Match(d, peers, computers)
	if p.Computer != 0 { // certain, and yet not joined
		p.Candidates = []fleet.Candidate{{Computer: p.Computer, Reason: "an administrator split the two"}}
	}
	for _, c := range p.Candidates {
		list = append(list, JoinCandidate{d.Device, d.Name, c.Computer, names[c.Computer], c.Reason})
	}
	rows, err = tx.QueryContext(ctx, sameHardwareQuery, d.Device)
	err = each(rows, err, func(scan func(...any) error) error {
		c := JoinCandidate{Device: d.Device, DeviceName: d.Name, Reason: "same hardware, enrolled before under another device id"}
		err := scan(&c.Computer, &c.ComputerName)
		if !slices.ContainsFunc(list, func(o JoinCandidate) bool { return o.Computer == c.Computer }) {
			list = append(list, c)
		}
		return err
	})
	return list, err
}
