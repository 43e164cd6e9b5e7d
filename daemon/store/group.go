package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"sluice/daemon/fleet"
	"sluice/wsus/update"
)

// Groups returns all groups.
func (s *Store) Groups(ctx context.Context) ([]fleet.Group, error) {
	var groups []fleet.Group
	err := s.read(ctx, "groups", func(ctx context.Context, tx *sql.Tx) (err error) {
		rows, err := tx.QueryContext(ctx, groupsQuery)
		groups, err = scanGroups(rows, err)
		return err
	})
	return groups, err
}

const groupsQuery = `SELECT id, parent, name, builtin FROM device_group`

func scanGroups(rows *sql.Rows, err error) (groups []fleet.Group, _ error) {
	err = each(rows, err, func(scan func(...any) error) error {
		var g fleet.Group
		err := scan(guid{&g.ID}, guid{&g.Parent}, &g.Name, &g.Builtin)
		groups = append(groups, g)
		return err
	})
	return groups, err
}

// tree reads the groups as the transaction left them.
func (tx *Tx) tree() (*fleet.Tree, error) {
	rows, err := tx.query(groupsQuery)
	groups, err := scanGroups(rows, err)
	if err != nil {
		return nil, err
	}
	return fleet.NewTree(groups)
}

// CreateGroup makes a group inside another. The error wraps [ErrExists] where
// the name is taken and [fleet.ErrNoGroup] where the parent does not exist.
func (s *Store) CreateGroup(ctx context.Context, by Entry, name string, parent update.ID) (fleet.Group, error) {
	g := fleet.Group{ID: newGUID(), Parent: parent, Name: name}
	err := s.Write(ctx, "create group "+name, func(tx *Tx) error {
		_, err := tx.exec(`INSERT INTO device_group (id, parent, name, builtin, created) VALUES (?, ?, ?, 0, ?)`,
			g.ID[:], parent[:], name, millis(tx.Now))
		if err != nil {
			return groupError(err)
		}
		if _, err := tx.tree(); err != nil {
			return err
		}
		by.Action, by.Subject, by.Detail = "group.create", name, map[string]any{"id": g.ID, "parent": parent}
		return tx.AuditInTx(by)
	})
	return g, err
}

// groupError tells a name that is taken and a parent that is missing apart.
func groupError(err error) error {
	switch err = classify(err); {
	case errors.Is(err, ErrExists):
		return fmt.Errorf("the name is taken: %w", err)
	case errors.Is(err, ErrConstraint):
		return fmt.Errorf("the parent: %w", fleet.ErrNoGroup)
	}
	return err
}

// ChangeGroup renames a group or moves it into another one; empty and zero leave
// as it is. It returns the seats of the devices whose groups changed by it.
func (s *Store) ChangeGroup(ctx context.Context, by Entry, id update.ID, name string, parent update.ID) (*fleet.SeatChanges, error) {
	var changes *fleet.SeatChanges
	err := s.Write(ctx, "change group", func(tx *Tx) error {
		g, err := tx.ownGroup(id)
		if err != nil {
			return err
		}
		before := g
		if name != "" {
			g.Name = name
		}
		if !parent.IsZero() {
			g.Parent = parent
		}
		if _, err := tx.exec(`UPDATE device_group SET name = ?, parent = ? WHERE id = ?`, g.Name, g.Parent[:], id[:]); err != nil {
			return groupError(err)
		}
		tree, err := tx.tree()
		if err != nil {
			return err
		}
		if g.Parent != before.Parent {
			if changes, err = tx.reseat(tree, tree.Below(id)); err != nil {
				return err
			}
		}
		if _, err := tx.Bump(PolicyChanged); err != nil { // policies show names, and merge by depth
			return err
		}
		by.Action, by.Subject, by.Detail = "group.change", before.Name, map[string]any{"id": id, "name": g.Name, "parent": g.Parent}
		return tx.AuditInTx(by)
	})
	return changes, err
}

// ownGroup returns a group that may be changed.
func (tx *Tx) ownGroup(id update.ID) (fleet.Group, error) {
	tree, err := tx.tree()
	if err != nil {
		return fleet.Group{}, err
	}
	g, ok := tree.Group(id)
	switch {
	case !ok:
		return g, fmt.Errorf("%v: %w", id, fleet.ErrNoGroup)
	case g.Builtin:
		return g, fmt.Errorf("%q: %w", g.Name, fleet.ErrBuiltin)
	}
	return g, nil
}

// DeleteGroup deletes a group. The groups inside it move up to its parent, its
// devices stay in whatever other groups they were put into, and its approvals
// are deleted as one by one.
func (s *Store) DeleteGroup(ctx context.Context, by Entry, id update.ID) (*fleet.SeatChanges, error) {
	var changes *fleet.SeatChanges
	err := s.Write(ctx, "delete group", func(tx *Tx) error {
		g, err := tx.ownGroup(id)
		if err != nil {
			return err
		}
		tree, err := tx.tree()
		if err != nil {
			return err
		}
		devices, err := tx.membersOf(tree.Below(id))
		if err != nil {
			return err
		}
		seq, err := tx.Bump(FleetChanged | DeploymentsChanged | PolicyChanged)
		if err != nil {
			return err
		}
		for _, st := range []struct {
			query string
			args  []any
		}{
			{`UPDATE device_group SET parent = ? WHERE parent = ?`, []any{g.Parent[:], id[:]}},
			{`DELETE FROM device_member WHERE group_id = ?`, []any{id[:]}},
			{`UPDATE deployment SET deleted = ?, changed = ?, seq = ? WHERE group_id = ? AND deleted IS NULL`, []any{millis(tx.Now), millis(tx.Now), seq, id[:]}},
			{`DELETE FROM device_group WHERE id = ?`, []any{id[:]}},
		} {
			if _, err := tx.exec(st.query, st.args...); err != nil {
				return err
			}
		}
		if tree, err = tx.tree(); err != nil {
			return err
		}
		if changes, err = tx.reseatDevices(tree, devices); err != nil {
			return err
		}
		by.Action, by.Subject, by.Detail = "group.delete", g.Name, map[string]any{"id": id, "devices": len(devices)}
		return tx.AuditInTx(by)
	})
	return changes, err
}
