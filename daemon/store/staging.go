package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"sluice/catalogimport"
	"sluice/wsus/update"
)

// errTakenOver stops an import that another one pushed aside.
var errTakenOver = errors.New("another import took its place")

// staging is an import in progress. Apart from Prepare its methods are for one
// goroutine.
type staging struct {
	s       *Store
	id      int64
	attempt int64
	trust   int // of the provenance
	// refusals wait to be written with what comes next, so that a medium of a
	// million bad items does not make a million commits.
	refusals []catalogimport.Refusal
	written  int // refusals in the database
}

// Refusals are written at the latest when so many wait; a text of one is cut at
// so many bytes.
const (
	refusalBatch = 500
	refusalText  = 2000
)

func (g *staging) ID() int64 { return g.id }

// Prepare compresses and hashes a revision and brings it into wire form.
func (g *staging) Prepare(rev *update.Revision, it *update.Item, f *update.Fragments) (catalogimport.Prepared, error) {
	return g.s.codec.prepare(rev, it, f), nil
}

// Refuse records one refused item.
func (g *staging) Refuse(ctx context.Context, item, reason string) error {
	g.refusals = append(g.refusals, catalogimport.Refusal{Item: item, Reason: reason})
	if len(g.refusals) < refusalBatch {
		return nil
	}
	return g.s.Write(ctx, "record refusals", g.flush)
}

// flush writes the refusals that wait.
func (g *staging) flush(tx *Tx) error {
	if err := g.check(tx); err != nil {
		return err
	}
	for i, r := range g.refusals {
		if _, err := tx.exec(`INSERT INTO import_refusal (import_id, n, item, reason) VALUES (?, ?, ?, ?)`,
			g.id, g.written+i, cut(r.Item, refusalText), cut(r.Reason, refusalText)); err != nil {
			return err
		}
	}
	g.written += len(g.refusals)
	g.refusals = nil
	return nil
}

func cut(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// check makes sure that the import is still the one that stages.
func (g *staging) check(tx *Tx) error {
	var mine bool
	err := tx.get([]any{&mine}, `SELECT state = 'staging' AND attempt = ? FROM import WHERE id = ?`, g.attempt, g.id)
	if err == nil && !mine {
		return errTakenOver
	}
	return err
}

const namesQuery = `SELECT ` + fileColumns + `
			FROM variant_file f JOIN variant v ON v.id = f.variant_id JOIN import i ON i.id = v.import_id
			WHERE f.digest = ? AND (i.state = 'applied' OR i.id = ?)
			ORDER BY f.sha256 IS NULL, i.state = 'applied' DESC, v.is_document DESC, i.id DESC LIMIT 1`

// Names returns what metadata says of a file: that of this import or of one
// that is applied, and such that knows its SHA-256 before others.
func (g *staging) Names(ctx context.Context, d update.Digest) (f update.File, ok bool, err error) {
	err = g.s.read(ctx, "look up file "+d.String(), func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, namesQuery, d[:], g.id)
		return each(rows, err, func(scan func(...any) error) (err error) {
			f, err = scanFile(scan)
			ok = true
			return err
		})
	})
	return f, ok, err
}

// Apply makes everything that was staged visible, in one commit.
func (g *staging) Apply(ctx context.Context, r *catalogimport.Report) error {
	if err := g.dropStale(ctx); err != nil {
		return err
	}
	return g.s.Write(ctx, fmt.Sprintf("apply import %d", g.id), func(tx *Tx) error {
		if err := g.flush(tx); err != nil {
			return err
		}
		var something bool
		if err := tx.get([]any{&something}, `SELECT EXISTS (SELECT 1 FROM variant WHERE import_id = ?)`, g.id); err != nil {
			return err
		}
		seq := g.s.Seq()
		if something {
			var err error
			if seq, err = tx.Bump(CatalogChanged); err != nil {
				return err
			}
		}
		return g.finish(tx, "applied", seq, r, nil)
	})
}

// dropStale removes what only an earlier attempt found on the medium: a folder
// may have been changed before it was imported again.
func (g *staging) dropStale(ctx context.Context) error {
	if g.attempt == 1 {
		return nil
	}
	w := sweeper{id: g.id}
	return g.s.WriteTurns(ctx, fmt.Sprintf("tidy import %d", g.id), func(tx *Tx) (done bool, err error) {
		if len(w.variants) == 0 {
			rows, err := tx.query(`SELECT id FROM variant WHERE import_id = ? AND attempt < ? LIMIT ?`, g.id, g.attempt, sweepVariants)
			if w.variants, err = scanAll[int64](rows, err); err != nil {
				return false, err
			}
		}
		if len(w.variants) == 0 {
			return true, nil
		}
		return w.step(tx)
	})
}

// Abandon records why the medium was refused and removes what was staged.
func (g *staging) Abandon(ctx context.Context, r *catalogimport.Report, cause error) error {
	err := g.s.Write(ctx, fmt.Sprintf("refuse import %d", g.id), func(tx *Tx) error {
		if err := g.flush(tx); err != nil {
			return err
		}
		return g.finish(tx, "refused", 0, r, cause)
	})
	if err != nil {
		return err
	}
	return g.s.SweepImports(ctx)
}

func (g *staging) finish(tx *Tx, state string, seq int64, r *catalogimport.Report, cause error) error {
	reason := ""
	if cause != nil {
		reason = cut(cause.Error(), refusalText)
	}
	_, err := tx.exec(`UPDATE import SET state = ?, finished = ?, applied_seq = ?, error = ?,
		revisions = ?, new = ?, unchanged = ?, files = ?, files_held = ?, bytes = ? WHERE id = ?`,
		state, millis(tx.Now), seq, reason,
		r.Revisions, r.New, r.Unchanged, r.Files, r.FilesHeld, r.Bytes, g.id)
	return err
}
