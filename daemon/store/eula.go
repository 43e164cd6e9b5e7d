package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sluice/wsus/update"
)

// Eula is license terms that updates name, by their EulaID.
type Eula struct {
	ID       update.ID
	Accepted time.Time // zero while they are not
	By       string    // who accepted them; empty where that was not kept
	Updates  int       // that name them
	Title    string    // of the newest of those
}

// EulaFilter chooses a page of license terms.
type EulaFilter struct {
	After update.ID // those after it: the last one of the page before
	Limit int       // at most 1,000; 100 where zero
}

const eulasQuery = `WITH wanted (id) AS MATERIALIZED (SELECT DISTINCT eula_id FROM variant WHERE eula_id > ?1 ORDER BY eula_id LIMIT ?2)
	SELECT n.id, coalesce(a.created, 0), coalesce(a.accepted_by, ''),
		(SELECT count(DISTINCT r.update_id) FROM variant w JOIN served r ON r.revision_id = w.revision_id AND r.id = w.id WHERE w.eula_id = n.id),
		coalesce((SELECT r.title FROM variant w JOIN served r ON r.revision_id = w.revision_id AND r.id = w.id WHERE w.eula_id = n.id ORDER BY w.created DESC, w.id DESC LIMIT 1), '')
	FROM wanted n LEFT JOIN eula a ON a.id = n.id`

// Eulas returns a page of the license terms that updates name, in order of their
// ids.
func (s *Store) Eulas(ctx context.Context, f EulaFilter) (list []Eula, _ error) {
	err := s.read(ctx, "license terms", func(ctx context.Context, tx *sql.Tx) (err error) {
		rows, err := tx.QueryContext(ctx, eulasQuery+` ORDER BY n.id`, f.After[:], pageLimit(f.Limit))
		list, err = scanEulas(rows, err)
		return err
	})
	return list, err
}

func scanEulas(rows *sql.Rows, err error) (list []Eula, _ error) {
	err = each(rows, err, func(scan func(...any) error) error {
		var e Eula
		var accepted int64
		err := scan(guid{&e.ID}, &accepted, &e.By, &e.Updates, &e.Title)
		e.Accepted = fromMillis(accepted)
		list = append(list, e)
		return err
	})
	return list, err
}

const eulaFilesQuery = `SELECT ` + fileColumns + ` FROM served v JOIN variant_file f ON f.variant_id = v.id
	WHERE v.revision_id = ? AND f.language <> '' ORDER BY f.n`

// FindEula returns license terms by their id or by that of an update that names
// them, and the files that hold their words, one a language: their content is
// the text. The error wraps [ErrNotFound].
func (s *Store) FindEula(ctx context.Context, id update.ID) (e Eula, texts []update.File, _ error) {
	err := s.read(ctx, "license terms", func(ctx context.Context, tx *sql.Tx) error {
		var revision int64
		err := tx.QueryRowContext(ctx, `SELECT r.eula_id, r.revision_id FROM (
				SELECT v.eula_id, v.revision_id, v.created FROM served v WHERE v.update_id = ?1 AND v.eula_id IS NOT NULL
				UNION ALL SELECT v.eula_id, v.revision_id, v.created FROM variant w JOIN served v ON v.revision_id = w.revision_id AND v.id = w.id WHERE w.eula_id = ?1
			) r ORDER BY r.created DESC LIMIT 1`, id[:]).Scan(guid{&e.ID}, &revision)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%v: %w", id, ErrNotFound)
		}
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `WITH wanted (id) AS (SELECT ?1)
			SELECT n.id, coalesce(a.created, 0), coalesce(a.accepted_by, ''),
				(SELECT count(DISTINCT r.update_id) FROM variant w JOIN served r ON r.revision_id = w.revision_id AND r.id = w.id WHERE w.eula_id = n.id),
				coalesce((SELECT r.title FROM served r WHERE r.revision_id = ?2), '')
			FROM wanted n LEFT JOIN eula a ON a.id = n.id`, e.ID[:], revision)
		list, err := scanEulas(rows, err)
		if err != nil {
			return err
		}
		e = list[0]
		rows, err = tx.QueryContext(ctx, eulaFilesQuery, revision)
		texts, err = scanFiles(rows, err)
		return err
	})
	return e, texts, err
}

// AcceptEulaID accepts license terms, for every update that names them. Who
// accepted them first stays on record. The error wraps [ErrNotFound] where no
// update names them.
func (s *Store) AcceptEulaID(ctx context.Context, by Entry, id update.ID) error {
	return s.Write(ctx, "accept license terms", func(tx *Tx) error {
		var named bool
		if err := tx.get([]any{&named}, `SELECT EXISTS (SELECT 1 FROM variant w JOIN served v ON v.revision_id = w.revision_id AND v.id = w.id WHERE w.eula_id = ?)`, id[:]); err != nil {
			return err
		}
		if !named {
			return fmt.Errorf("no update has the license terms %v: %w", id, ErrNotFound)
		}
		by.Action, by.Subject = "eula.accept", id.String()
		return tx.acceptEula(by, id)
	})
}

// acceptEula keeps the acceptance, and looks at the approvals again that waited
// for it.
func (tx *Tx) acceptEula(by Entry, id update.ID) error {
	if _, err := tx.exec(`INSERT OR IGNORE INTO eula (id, created, accepted_by) VALUES (?, ?, ?)`, id[:], millis(tx.Now), by.Who); err != nil {
		return err
	}
	if err := tx.AuditInTx(by); err != nil {
		return err
	}
	rows, err := tx.query(standingQuery+` AND update_id IN (SELECT v.update_id FROM variant w JOIN served v ON v.revision_id = w.revision_id AND v.id = w.id WHERE w.eula_id = ?)`, id[:])
	list, err := scanStanding(rows, err)
	if err != nil {
		return err
	}
	return tx.refresh(list)
}
