package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"sluice/wsus/update"
)

// headRow is what is decided by of an update's highest served revision.
type headRow struct {
	id    update.RevisionID
	flags variantFlags
	eula  update.ID
}

// head returns the highest served revision of an update.
func (tx *Tx) head(id update.ID) (h headRow, _ error) {
	err := tx.get([]any{&h.id, &h.flags, guid{&h.eula}},
		`SELECT revision_id, flags, eula_id FROM served WHERE update_id = ? ORDER BY number DESC LIMIT 1`, id[:])
	if errors.Is(err, sql.ErrNoRows) {
		return h, fmt.Errorf("update %v: %w", id, ErrNotFound)
	}
	return h, err
}

// filesMissing counts the payload files of revision ?1 and of everything that it
// bundles that are not held.
const filesMissing = `SELECT count(DISTINCT f.digest) FROM (
		SELECT ?1 AS id UNION ALL
		SELECT c.member FROM closure c JOIN import i ON i.id = c.import_id WHERE c.root = ?1 AND i.state = 'applied'
	) r JOIN served v ON v.revision_id = r.id JOIN variant_file f ON f.variant_id = v.id
	WHERE f.language = '' AND NOT EXISTS (SELECT 1 FROM held h WHERE h.digest = f.digest)`

// waits reports whether a client must not be told to act on an approval yet.
// Only an installation needs files and the acceptance of license terms.
func (tx *Tx) waits(h headRow, action update.Action) (bool, error) {
	if action != update.Install {
		return false, nil
	}
	if !h.eula.IsZero() {
		var accepted bool
		if err := tx.get([]any{&accepted}, `SELECT EXISTS (SELECT 1 FROM eula WHERE id = ?)`, h.eula[:]); err != nil || !accepted {
			return true, err
		}
	}
	var missing int
	err := tx.get([]any{&missing}, filesMissing, h.id)
	return missing > 0, err
}

// standing is an approval whose readiness is looked at.
type standing struct {
	id      int32
	update  update.ID
	action  update.Action
	waiting bool
}

const standingQuery = `SELECT id, update_id, action, waiting FROM deployment WHERE deleted IS NULL AND action = 'Install'`

func scanStanding(rows *sql.Rows, err error) (list []standing, _ error) {
	err = each(rows, err, func(scan func(...any) error) error {
		var d standing
		err := scan(&d.id, guid{&d.update}, &d.action, &d.waiting)
		list = append(list, d)
		return err
	})
	return list, err
}

// refresh writes which of the approvals wait. One that no longer does, or does
// again, is a change for clients.
func (tx *Tx) refresh(list []standing) error {
	for _, d := range list {
		h, err := tx.head(d.update)
		waiting := true // for metadata that is gone
		if err == nil {
			waiting, err = tx.waits(h, d.action)
		} else if errors.Is(err, ErrNotFound) {
			err = nil
		}
		if err != nil {
			return err
		}
		if waiting == d.waiting {
			continue
		}
		seq, err := tx.Bump(DeploymentsChanged)
		if err != nil {
			return err
		}
		if _, err := tx.exec(`UPDATE deployment SET waiting = ?, seq = ? WHERE id = ?`, waiting, seq, d.id); err != nil {
			return err
		}
	}
	return nil
}

// RefreshReadiness looks at every standing approval again: after files came or
// went, and after an import.
func (s *Store) RefreshReadiness(ctx context.Context) error {
	last := int32(0)
	return s.WriteTurns(ctx, "refresh readiness", func(tx *Tx) (bool, error) {
		rows, err := tx.query(standingQuery+` AND id > ? ORDER BY id LIMIT 20`, last)
		list, err := scanStanding(rows, err)
		if err != nil || len(list) == 0 {
			return true, err
		}
		last = list[len(list)-1].id
		return false, tx.refresh(list)
	})
}
