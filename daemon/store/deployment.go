package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

// tombstoneLife is how long a deleted deployment is kept, so that a client that
// was away unlearns it by name.
const tombstoneLife = 90 * 24 * time.Hour

// ErrNotDeployable refuses a decision about what is not for an administrator to
// decide: a category, a detectoid, a bundle member; and the approval of an update
// that expired.
var ErrNotDeployable = errors.New("the update cannot be approved or declined")

// Approval is an administrator's decision with how it stands.
type Approval struct {
	update.Approval
	Origin  string
	Waiting bool
	Paused  bool
	Created time.Time
}

// Approve makes or changes the approval of an update for a group. It is always
// accepted, also while files are missing: it waits for them.
func (s *Store) Approve(ctx context.Context, by Entry, a update.Approval) (Approval, error) {
	var out Approval
	err := s.Write(ctx, "approve", func(tx *Tx) error {
		rev, err := tx.head(a.Update)
		if err != nil {
			return err
		}
		if rev.flags&(flagDeployable|flagExpired) != flagDeployable {
			return fmt.Errorf("update %v: %w", a.Update, ErrNotDeployable)
		}
		tree, err := tx.tree()
		if err != nil {
			return err
		}
		group, err := tree.Find(a.Group.String())
		if err != nil {
			return err
		}
		waiting, err := tx.waits(rev, a.Action)
		if err != nil {
			return err
		}
		seq, err := tx.Bump(DeploymentsChanged)
		if err != nil {
			return err
		}
		err = tx.get([]any{&out.ID}, `INSERT INTO deployment (update_id, group_id, action, deadline, origin, waiting, paused, created, changed, seq)
			VALUES (?1, ?2, ?3, ?4, 'hand', ?5, 0, ?6, ?6, ?7)
			ON CONFLICT (update_id, group_id) WHERE deleted IS NULL
			DO UPDATE SET action = ?3, deadline = ?4, origin = 'hand', waiting = ?5, paused = 0, changed = ?6, seq = ?7 RETURNING id`,
			a.Update[:], a.Group[:], string(a.Action), millis(a.Deadline), waiting, millis(tx.Now), seq)
		if err != nil {
			return err
		}
		a.ID, a.Changed, a.Seq = out.ID, tx.Now, seq
		out = Approval{Approval: a, Origin: "hand", Waiting: waiting, Created: tx.Now}
		by.Action, by.Subject = "update.approve", a.Update.String()
		by.Detail = map[string]any{"group": group.Name, "action": a.Action, "deadline": deadlineText(a.Deadline), "waiting": waiting}
		return tx.AuditInTx(by)
	})
	return out, err
}

func deadlineText(t time.Time) string {
	if t.IsZero() {
		return "none"
	}
	return t.UTC().Format(time.RFC3339)
}

// Unapprove deletes the approval of an update for a group.
func (s *Store) Unapprove(ctx context.Context, by Entry, id, group update.ID) error {
	return s.changeDeployment(ctx, by, "update.unapprove", id, group, `deleted = ?3`)
}

// PauseApproval keeps an approval but has clients only evaluate the update.
func (s *Store) PauseApproval(ctx context.Context, by Entry, id, group update.ID, paused bool) error {
	if paused {
		return s.changeDeployment(ctx, by, "update.pause", id, group, `paused = 1`)
	}
	return s.changeDeployment(ctx, by, "update.resume", id, group, `paused = 0`)
}

func (s *Store) changeDeployment(ctx context.Context, by Entry, action string, id, group update.ID, set string) error {
	return s.Write(ctx, action, func(tx *Tx) error {
		seq, err := tx.Bump(DeploymentsChanged)
		if err != nil {
			return err
		}
		r, err := tx.exec(`UPDATE deployment SET changed = ?3, seq = ?4, `+set+` WHERE update_id = ?1 AND group_id = ?2 AND deleted IS NULL`,
			id[:], group[:], millis(tx.Now), seq)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("no approval of update %v for that group: %w", id, ErrNotFound))
		}
		by.Action, by.Subject, by.Detail = action, id.String(), map[string]any{"group": group}
		return tx.AuditInTx(by)
	})
}

// Decline takes an update out of scope for every device. Its approvals are
// deleted, as they are on a WSUS server.
func (s *Store) Decline(ctx context.Context, by Entry, id update.ID) error {
	return s.Write(ctx, "decline", func(tx *Tx) error {
		rev, err := tx.head(id)
		if err != nil {
			return err
		}
		if rev.flags&flagDeployable == 0 {
			// Without a category nothing below it would ever apply.
			return fmt.Errorf("update %v: %w", id, ErrNotDeployable)
		}
		seq, err := tx.Bump(DeploymentsChanged)
		if err != nil {
			return err
		}
		if _, err := tx.exec(`INSERT OR IGNORE INTO decline (update_id, created) VALUES (?, ?)`, id[:], millis(tx.Now)); err != nil {
			return err
		}
		r, err := tx.exec(`UPDATE deployment SET deleted = ?1, changed = ?1, seq = ?2 WHERE update_id = ?3 AND deleted IS NULL`,
			millis(tx.Now), seq, id[:])
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if err != nil {
			return err
		}
		by.Action, by.Subject, by.Detail = "update.decline", id.String(), map[string]any{"approvals_deleted": n}
		return tx.AuditInTx(by)
	})
}

// Undecline offers a declined update again. The approvals that it had stay
// deleted.
func (s *Store) Undecline(ctx context.Context, by Entry, id update.ID) error {
	return s.Write(ctx, "undecline", func(tx *Tx) error {
		r, err := tx.exec(`DELETE FROM decline WHERE update_id = ?`, id[:])
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("update %v is not declined: %w", id, ErrNotFound))
		}
		if _, err := tx.Bump(DeploymentsChanged); err != nil {
			return err
		}
		by.Action, by.Subject = "update.undecline", id.String()
		return tx.AuditInTx(by)
	})
}

// AcceptEula accepts the license terms of an update, and with them those of
// every update that has the same.
func (s *Store) AcceptEula(ctx context.Context, by Entry, id update.ID) error {
	return s.Write(ctx, "accept license terms", func(tx *Tx) error {
		rev, err := tx.head(id)
		if err != nil {
			return err
		}
		if rev.eula.IsZero() {
			return fmt.Errorf("update %v has no license terms: %w", id, ErrNotFound)
		}
		by.Action, by.Subject, by.Detail = "update.accept-eula", id.String(), map[string]any{"eula": rev.eula}
		return tx.acceptEula(by, rev.eula)
	})
}

// Approvals returns the standing approvals of an update, or of all where id is
// zero.
func (s *Store) Approvals(ctx context.Context, id update.ID) (list []Approval, _ error) {
	query, args := `SELECT id, update_id, group_id, action, deadline, origin, waiting, paused, created, changed, seq
		FROM deployment WHERE deleted IS NULL`, []any(nil)
	if !id.IsZero() {
		query, args = query+` AND update_id = ?`, []any{id[:]}
	}
	err := s.read(ctx, "approvals", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, query+` ORDER BY id`, args...)
		return each(rows, err, func(scan func(...any) error) error {
			var a Approval
			var deadline, created, changed int64
			err := scan(&a.ID, guid{&a.Update}, guid{&a.Group}, &a.Action, &deadline, &a.Origin, &a.Waiting, &a.Paused, &created, &changed, &a.Seq)
			a.Deadline, a.Created, a.Changed = fromMillis(deadline), fromMillis(created), fromMillis(changed)
			list = append(list, a)
			return err
		})
	})
	return list, err
}

// Declined returns the declined updates.
func (s *Store) Declined(ctx context.Context) (ids []update.ID, _ error) {
	err := s.read(ctx, "declined", func(ctx context.Context, tx *sql.Tx) (err error) {
		ids, err = declined(ctx, tx)
		return err
	})
	return ids, err
}

func declined(ctx context.Context, tx *sql.Tx) (ids []update.ID, _ error) {
	rows, err := tx.QueryContext(ctx, `SELECT update_id FROM decline`)
	err = each(rows, err, func(scan func(...any) error) error {
		var id update.ID
		err := scan(guid{&id})
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// EulaAccepted reports whether license terms were accepted.
func (s *Store) EulaAccepted(ctx context.Context, id update.ID) (ok bool, _ error) {
	err := s.read(ctx, "license terms", func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM eula WHERE id = ?)`, id[:]).Scan(&ok)
	})
	return ok, err
}

// Rules returns what plans are made of, and the seq up to which it shows
// everything.
func (s *Store) Rules(ctx context.Context) (rules *catalog.Rules, seq int64, _ error) {
	rules = &catalog.Rules{Needed: make(map[update.ID]bool)}
	err := s.readFor(ctx, maxLoad, "rules", func(ctx context.Context, tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT a.seq, h.seq FROM appliance a, tombstone_horizon h`).Scan(&seq, &rules.OldestTombstone)
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `SELECT id, update_id, group_id, action, deadline, waiting, paused, changed, seq, deleted IS NOT NULL
			FROM deployment ORDER BY id`)
		err = each(rows, err, func(scan func(...any) error) error {
			var a catalog.Approval
			var deadline, changed int64
			err := scan(&a.ID, guid{&a.Update}, guid{&a.Group}, &a.Action, &deadline, &a.Waiting, &a.Paused, &changed, &a.Seq, &a.Deleted)
			a.Deadline, a.Changed = fromMillis(deadline), fromMillis(changed)
			rules.Approvals = append(rules.Approvals, a)
			return err
		})
		if err != nil {
			return err
		}
		if rules.Declined, err = declined(ctx, tx); err != nil {
			return err
		}
		rows, err = tx.QueryContext(ctx, `SELECT update_id FROM update_count WHERE not_installed + downloaded + failed > 0`)
		return each(rows, err, func(scan func(...any) error) error {
			var id update.ID
			err := scan(guid{&id})
			rules.Needed[id] = true
			return err
		})
	})
	return rules, seq, err
}

// PurgeTombstones deletes what was deleted more than 90 days ago for good.
func (s *Store) PurgeTombstones(ctx context.Context) error {
	return s.WriteTurns(ctx, "purge tombstones", func(tx *Tx) (bool, error) {
		before := millis(tx.Now.Add(-tombstoneLife))
		_, err := tx.exec(`UPDATE tombstone_horizon SET seq = max(seq, coalesce((SELECT max(seq) FROM
			(SELECT seq FROM deployment WHERE deleted < ? ORDER BY deleted LIMIT 200)), 0))`, before)
		if err != nil {
			return false, err
		}
		r, err := tx.exec(`DELETE FROM deployment WHERE id IN (SELECT id FROM deployment WHERE deleted < ? ORDER BY deleted LIMIT 200)`, before)
		if err != nil {
			return false, err
		}
		n, err := r.RowsAffected()
		return n < 200, err
	})
}
