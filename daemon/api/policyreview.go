package api

import (
	"context"
	"maps"
	"slices"

	"sluice/daemon/fleet"
	"sluice/omadm/updatecsp"
	"sluice/wsus/update"
)

// reviewed looks at what a change of what a group wants comes to, before any
// device sees it, for the group and for those inside it, which have values of
// their own. It refuses a change by which what one of them wants contradicts
// itself, as it did not before, and returns what the group then wants.
func (s *server) reviewed(ctx context.Context, t *fleet.Tree, g fleet.Group, change func(*updatecsp.Assignment)) (updatecsp.Desired, error) {
	list, err := s.Store.PolicyAssignments(ctx)
	if err != nil {
		return nil, err
	}
	before := make(map[update.ID]updatecsp.Assignment, len(list))
	for _, a := range list {
		before[a.Group] = a
	}
	a, ok := before[g.ID]
	if !ok {
		a = updatecsp.Assignment{Group: g.ID, Name: g.Name, Depth: t.Depth(g.ID)}
	}
	a.Values, a.Without = maps.Clone(a.Values), slices.Clone(a.Without)
	if a.Values == nil {
		a.Values = make(map[string]string)
	}
	change(&a)
	after := maps.Clone(before)
	after[g.ID] = a
	env := s.Management.Environment()
	var wants updatecsp.Desired
	for _, id := range t.Below(g.ID) {
		then := merged(t, id, after, env)
		if id == g.ID {
			wants = then
		}
		old := updatecsp.Warnings(merged(t, id, before, env), updatecsp.Version{})
		for _, w := range updatecsp.Warnings(then, updatecsp.Version{}) {
			known := slices.ContainsFunc(old, func(o updatecsp.Warning) bool { return o.Severity == w.Severity && o.Message == w.Message })
			switch in, _ := t.Group(id); {
			case w.Severity != updatecsp.Error || known:
			case id == g.ID:
				return nil, badRequest("%s: %s", w.Settings[0], w.Message)
			default:
				return nil, badRequest("in the group %s, which is inside %s: %s: %s", in.Name, g.Name, w.Settings[0], w.Message)
			}
		}
	}
	return wants, nil
}

// merged is what a device that is in one group alone would have.
func merged(t *fleet.Tree, group update.ID, of map[update.ID]updatecsp.Assignment, env updatecsp.Environment) updatecsp.Desired {
	var wants []updatecsp.Assignment
	for _, g := range t.SetOf([]update.ID{group}) {
		if a, ok := of[g.Group]; ok {
			wants = append(wants, a)
		}
	}
	return updatecsp.Merge(wants, env)
}
