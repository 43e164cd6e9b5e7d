package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sluice/daemon/fleet"
	"sluice/omadm/updatecsp"
	"sluice/wsus/update"
)

// GroupPolicy is what one group wants of its devices.
type GroupPolicy struct {
	Group  update.ID
	Name   string // of the group
	Depth  int
	Preset string        // empty for none
	Values []PolicyValue // set by hand, by name
}

// PolicyValue is a setting that was set on a group by hand.
type PolicyValue struct {
	Name    string
	Value   *string // nil where it is left out of the preset
	By      string
	Changed time.Time
}

// GroupPolicies returns what the groups want that want something, by depth and
// then by name.
func (s *Store) GroupPolicies(ctx context.Context) (list []GroupPolicy, _ error) {
	err := s.read(ctx, "policies", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, groupsQuery)
		groups, err := scanGroups(rows, err)
		if err != nil {
			return err
		}
		tree, err := fleet.NewTree(groups)
		if err != nil {
			return err
		}
		of := make(map[update.ID]*GroupPolicy)
		at := func(id update.ID) *GroupPolicy {
			if of[id] == nil {
				of[id] = &GroupPolicy{Group: id, Depth: tree.Depth(id)}
			}
			return of[id]
		}
		rows, err = tx.QueryContext(ctx, `SELECT group_id, preset FROM group_preset`)
		err = each(rows, err, func(scan func(...any) error) error {
			var id update.ID
			var preset string
			err := scan(guid{&id}, &preset)
			at(id).Preset = preset
			return err
		})
		if err != nil {
			return err
		}
		rows, err = tx.QueryContext(ctx, `SELECT group_id, name, value, set_by, changed FROM policy ORDER BY group_id, name`)
		err = each(rows, err, func(scan func(...any) error) error {
			var id update.ID
			var v PolicyValue
			var changed int64
			err := scan(guid{&id}, &v.Name, &v.Value, &v.By, &changed)
			v.Changed = fromMillis(changed)
			g := at(id)
			g.Values = append(g.Values, v)
			return err
		})
		for _, g := range tree.Groups() {
			if p := of[g.ID]; p != nil {
				p.Name = g.Name
				list = append(list, *p)
			}
		}
		return err
	})
	return list, err
}

// PolicyAssignments returns what [Store.GroupPolicies] does in the form that
// settings are merged from.
func (s *Store) PolicyAssignments(ctx context.Context) ([]updatecsp.Assignment, error) {
	groups, err := s.GroupPolicies(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]updatecsp.Assignment, 0, len(groups))
	for _, g := range groups {
		a := updatecsp.Assignment{Group: g.Group, Name: g.Name, Depth: g.Depth, Preset: g.Preset, Values: make(map[string]string)}
		for _, v := range g.Values {
			if v.Value == nil {
				a.Without = append(a.Without, v.Name)
			} else {
				a.Values[v.Name] = *v.Value
			}
		}
		list = append(list, a)
	}
	return list, nil
}

// SetPolicies sets values on a group, all or none; whoever calls it has
// validated them. The error wraps [fleet.ErrNoGroup].
func (s *Store) SetPolicies(ctx context.Context, by Entry, group update.ID, values map[string]string) error {
	return s.changePolicy(ctx, by, "policy.set", group, map[string]any{"values": values}, func(tx *Tx) error {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if err := tx.setPolicy(group, name, sql.NullString{String: values[name], Valid: true}, by.Who); err != nil {
				return err
			}
		}
		return nil
	})
}

func (tx *Tx) setPolicy(group update.ID, name string, value sql.NullString, who string) error {
	_, err := tx.exec(`INSERT INTO policy (group_id, name, value, set_by, changed) VALUES (?1, ?2, ?3, ?4, ?5)
		ON CONFLICT DO UPDATE SET value = ?3, set_by = ?4, changed = ?5`, group[:], name, value, who, millis(tx.Now))
	return err
}

// UnsetPolicy takes the value of a setting from a group. With without it is left
// out of the group's preset too. The error wraps [fleet.ErrNoGroup], and
// [ErrNotFound] where nothing was set.
func (s *Store) UnsetPolicy(ctx context.Context, by Entry, group update.ID, name string, without bool) error {
	return s.changePolicy(ctx, by, "policy.unset", group, map[string]any{"name": name, "without": without}, func(tx *Tx) error {
		if without {
			return tx.setPolicy(group, name, sql.NullString{}, by.Who)
		}
		r, err := tx.exec(`DELETE FROM policy WHERE group_id = ? AND name = ?`, group[:], name)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("setting %q on that group: %w", name, ErrNotFound))
		}
		return nil
	})
}

// SetPreset gives a group a preset, none where it is empty. The error wraps
// [fleet.ErrNoGroup].
func (s *Store) SetPreset(ctx context.Context, by Entry, group update.ID, preset string) error {
	return s.changePolicy(ctx, by, "policy.preset", group, map[string]any{"preset": preset}, func(tx *Tx) error {
		if preset == "" {
			_, err := tx.exec(`DELETE FROM group_preset WHERE group_id = ?`, group[:])
			return err
		}
		_, err := tx.exec(`INSERT INTO group_preset (group_id, preset, set_by, changed) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT DO UPDATE SET preset = ?2, set_by = ?3, changed = ?4`, group[:], preset, by.Who, millis(tx.Now))
		return err
	})
}

func (s *Store) changePolicy(ctx context.Context, by Entry, action string, group update.ID, detail map[string]any, change func(*Tx) error) error {
	return s.Write(ctx, action, func(tx *Tx) error {
		var name string
		err := tx.get([]any{&name}, `SELECT name FROM device_group WHERE id = ?`, group[:])
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%v: %w", group, fleet.ErrNoGroup)
		}
		if err != nil {
			return err
		}
		if err := change(tx); err != nil {
			return err
		}
		if _, err := tx.Bump(PolicyChanged); err != nil {
			return err
		}
		detail["group"] = group
		by.Action, by.Subject, by.Detail = action, name, detail
		return tx.AuditInTx(by)
	})
}
