package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/wsus/update"
)

// How much hardware is kept, which anybody may make up. A large fleet has some
// ten thousand ids.
const (
	maxHardwareID     = 200   // bytes, as Windows has it
	maxDeviceHardware = 8_192 // ids of a device; the others are not kept
	maxHardware       = 1_000_000
)

// ErrHardwareFull is returned where a device has hardware that is new and there
// is no room for more.
var ErrHardwareFull = fmt.Errorf("%d hardware ids are known, which is the most", maxHardware)

// NoteHardware keeps the hardware ids that a device named in a driver scan. A
// device whose set did not change writes nothing.
func (s *Store) NoteHardware(ctx context.Context, device int64, ids []string) error {
	texts := make([]string, 0, len(ids))
	for _, id := range ids {
		if len(id) <= maxHardwareID {
			texts = append(texts, strings.ToLower(id))
		}
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	texts = texts[:min(len(texts), maxDeviceHardware)]
	sum := sha256.Sum256([]byte(strings.Join(texts, "\n")))
	var same bool
	err := s.read(ctx, "hardware", func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM device_hardware d JOIN hardware_set h ON h.id = d.set_id
			WHERE d.device_id = ? AND h.hash = ?)`, device, sum[:]).Scan(&same)
	})
	if err != nil || same {
		return err
	}
	return s.Write(ctx, "hardware", func(tx *Tx) error {
		var set int64
		err := tx.get([]any{&set}, `SELECT id FROM hardware_set WHERE hash = ?`, sum[:])
		if errors.Is(err, sql.ErrNoRows) {
			set, err = tx.newHardwareSet(sum[:], texts)
		}
		if err != nil {
			return err
		}
		_, err = tx.exec(`INSERT INTO device_hardware (device_id, set_id) VALUES (?1, ?2)
			ON CONFLICT DO UPDATE SET set_id = ?2`, device, set)
		return err
	})
}

func (tx *Tx) newHardwareSet(hash []byte, texts []string) (set int64, _ error) {
	var known, sets int64
	if err := tx.get([]any{&known, &sets}, `SELECT (SELECT coalesce(max(id), 0) FROM hardware), (SELECT coalesce(max(id), 0) FROM hardware_set)`); err != nil {
		return 0, err
	}
	if known >= maxHardware || sets >= maxHardware {
		return 0, ErrHardwareFull
	}
	numbers := make(map[int64]bool, len(texts))
	for _, t := range texts {
		var n int64
		err := tx.get([]any{&n}, `SELECT id FROM hardware WHERE text = ?`, t)
		if errors.Is(err, sql.ErrNoRows) {
			err = tx.get([]any{&n}, `INSERT INTO hardware (text) VALUES (?) RETURNING id`, t)
		}
		if err != nil {
			return 0, err
		}
		numbers[n] = true
	}
	err := tx.get([]any{&set}, `INSERT INTO hardware_set (hash, ids) VALUES (?, ?) RETURNING id`, hash, encodeSet(numbers))
	return set, err
}

// missedLife is how long it is known that a client asked for a file in vain.
const missedLife = 30 * 24 * time.Hour

// maxMissedBy bounds the addresses that are kept of a file and day: how many more
// want it no longer matters.
const maxMissedBy = 100

// NoteMissed keeps that clients asked for a file that is not held, once an
// address and day. Who calls it has made sure that an update in scope names the
// file: this list leaves the site, and nobody on the wire may write it.
func (s *Store) NoteMissed(ctx context.Context, d update.Digest, addresses ...string) error {
	return s.Write(ctx, "note missed file", func(tx *Tx) error {
		for _, address := range addresses {
			_, err := tx.exec(`INSERT OR IGNORE INTO missed (digest, day, address) SELECT ?1, ?2, ?3
				WHERE (SELECT count(*) FROM missed WHERE digest = ?1 AND day = ?2) < ?4`, d[:], day(tx.Now), address, maxMissedBy)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func day(t time.Time) int64 { return t.Unix() / (24 * 60 * 60) }

// PurgeMissed deletes what is older than 30 days.
func (s *Store) PurgeMissed(ctx context.Context) error {
	return s.Write(ctx, "purge missed files", func(tx *Tx) error {
		_, err := tx.exec(`DELETE FROM missed WHERE day < ?`, day(tx.Now.Add(-missedLife)))
		return err
	})
}

// Missed returns how many requests, by address and day, each file that is not
// held was asked for.
func (s *Store) Missed(ctx context.Context) (map[update.Digest]int, error) {
	counts := make(map[update.Digest]int)
	err := s.read(ctx, "missed files", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT digest, count(*) FROM missed m
			WHERE NOT EXISTS (SELECT 1 FROM held c WHERE c.digest = m.digest) GROUP BY digest`)
		return each(rows, err, func(scan func(...any) error) error {
			var b []byte
			var n int
			if err := scan(&b, &n); err != nil {
				return err
			}
			counts[update.Digest(b)] = n
			return nil
		})
	})
	return counts, err
}
