package store

import (
	"context"
	"crypto/sha256"
	"time"

	"sluice/wsus/update"
)

// ServerID returns the GUID of this appliance, drawn when the store was made.
func (s *Store) ServerID() update.ID { return s.serverID }

// Lineage returns the GUID that cookies carry: it changes when a backup is put
// back, and cookies of another lineage are answered with ServerChanged.
func (s *Store) Lineage() update.ID { return s.lineage }

// LastChange returns since when the configuration that GetConfig answers has
// been as it is. The hash is of that configuration; a new one moves the time.
func (s *Store) LastChange(ctx context.Context, hash [sha256.Size]byte) (time.Time, error) {
	var changed int64
	err := s.Write(ctx, "configuration change", func(tx *Tx) error {
		return tx.QueryRow(`UPDATE appliance SET
			config_changed = CASE WHEN config_hash = ?1 THEN config_changed ELSE ?2 END,
			config_hash = ?1
			RETURNING config_changed`, hash[:], millis(tx.Now)).Scan(&changed)
	})
	return fromMillis(changed), err
}
