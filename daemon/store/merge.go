package store

import (
	"sluice/daemon/fleet"
)

// merge makes a computer the one of an enrolled device and deletes its own row.
// groups says whether those that it only claimed to be in go with it: what
// proves nothing must not move an enrolled device.
func (tx *Tx) merge(changes *fleet.SeatChanges, by Entry, keep, from int64, groups bool) error {
	var client, name string
	if err := tx.get([]any{&client, &name}, `SELECT coalesce(client_id, ''), name FROM device WHERE id = ?`, from); err != nil {
		return missing(err)
	}
	// A computer that the device had before is one of its client ids from now on.
	if _, err := tx.exec(`INSERT INTO device_alias (device_id, kind, value, first, last, returns)
		SELECT id, 'client', client_id, last_seen, last_seen, 0 FROM device WHERE id = ? AND client_id IS NOT NULL
		ON CONFLICT DO NOTHING`, keep); err != nil {
		return err
	}
	if err := tx.mergeStates(keep, from); err != nil {
		return err
	}
	for _, query := range []string{
		`UPDATE OR IGNORE event SET device_id = ?1 WHERE device_id = ?2`,
		`INSERT INTO last_event SELECT ?1, event_id, time, instance, source, result, app, texts, misc FROM last_event WHERE device_id = ?2
			ON CONFLICT DO UPDATE SET time = excluded.time, instance = excluded.instance, source = excluded.source,
				result = excluded.result, app = excluded.app, texts = excluded.texts, misc = excluded.misc WHERE excluded.time > time`,
		`INSERT INTO device_hardware SELECT ?1, set_id FROM device_hardware WHERE device_id = ?2 ON CONFLICT DO UPDATE SET set_id = excluded.set_id`,
		`INSERT OR IGNORE INTO hold SELECT ?1, update_id, reason, created FROM hold WHERE device_id = ?2`,
		`INSERT INTO device_alias SELECT ?1, kind, value, first, last, returns FROM device_alias WHERE device_id = ?2
			ON CONFLICT DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last), returns = returns + excluded.returns`,
		`UPDATE enrollment SET device_id = ?1 WHERE device_id = ?2`,
		`UPDATE device SET client_id = NULL WHERE id IN (?1, ?2)`,
	} {
		if _, err := tx.exec(query, keep, from); err != nil {
			return err
		}
	}
	if err := tx.boundEvents(keep); err != nil {
		return err
	}
	if _, err := tx.exec(`INSERT OR IGNORE INTO device_member (device_id, group_id) SELECT ?1, group_id FROM device_member
		WHERE device_id = ?2 AND (?3 OR NOT claimed)`, keep, from, groups); err != nil {
		return err
	}
	// last_seen of a device that never polled is when it enrolled.
	if _, err := tx.exec(`UPDATE device SET client_id = nullif(?3, ''), vouched = ?4,
		registered = o.registered, facts = o.facts, facts_at = o.facts_at, requested = o.requested, address = o.address,
		first_seen = min(device.first_seen, o.first_seen), last_seen = max(device.last_seen, o.last_seen),
		last_scan = max(device.last_scan, o.last_scan), last_report = max(device.last_report, o.last_report)
		FROM device o WHERE device.id = ?1 AND o.id = ?2`, keep, from, client, millis(tx.Now)); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM device WHERE id = ?`, from); err != nil {
		return err
	}
	merged := fleet.NewSeatChanges()
	merged.Removed = []int64{from}
	if client != "" {
		merged.Clients[client] = keep
	}
	changes.Add(merged)
	if err := tx.show(changes, keep); err != nil {
		return err
	}
	by.Action, by.Subject = "device.join", name
	by.Detail = map[string]any{"device": keep, "computer": from, "client_id": client}
	return tx.AuditInTx(by)
}

// split makes the computer of an enrolled device one of its own.
func (tx *Tx) split(machine int64, client string) (computer int64, _ error) {
	if _, err := tx.exec(`UPDATE device SET client_id = NULL WHERE id = ?`, machine); err != nil {
		return 0, err
	}
	// It goes by the name that it claimed last.
	err := tx.get([]any{&computer}, `INSERT INTO device (client_id, name, registered, server, facts, facts_at, requested, group_set, hold_set,
			address, first_seen, last_seen, last_scan, last_report)
		SELECT ?2, coalesce((SELECT value FROM device_alias WHERE device_id = ?1 AND kind = 'name' ORDER BY last DESC LIMIT 1), name),
			registered, server, facts, facts_at, requested, group_set, hold_set, address, first_seen, last_seen, last_scan, last_report
		FROM device WHERE id = ?1 RETURNING id`, machine, client)
	if err != nil {
		return 0, err
	}
	for _, query := range []string{
		`INSERT INTO device_member (device_id, group_id) SELECT ?2, group_id FROM device_member WHERE device_id = ?1`,
		`INSERT INTO hold SELECT ?2, update_id, reason, created FROM hold WHERE device_id = ?1`,
		`UPDATE event SET device_id = ?2 WHERE device_id = ?1`,
		`UPDATE last_event SET device_id = ?2 WHERE device_id = ?1`,
		`UPDATE device_hardware SET device_id = ?2 WHERE device_id = ?1`,
		`UPDATE device_alias SET device_id = ?2 WHERE device_id = ?1`,
		`INSERT INTO device_apart (device_id, other_id) VALUES (?1, ?2)`,
	} {
		if _, err := tx.exec(query, machine, computer); err != nil {
			return 0, err
		}
	}
	if _, err := tx.exec(`UPDATE device SET registered = 0, facts = '{}', facts_at = 0, requested = '[]', vouched = ?, last_scan = 0, last_report = 0
		WHERE id = ?`, millis(tx.Now), machine); err != nil {
		return 0, err
	}
	return computer, tx.splitStates(machine, computer)
}
