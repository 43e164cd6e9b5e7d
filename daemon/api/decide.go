package api

import (
	"context"

	"sluice/daemon/api/wire"
	"sluice/daemon/fleet"
	"sluice/daemon/store"
	"sluice/wsus/update"
)

// actions are what an administrator may ask for, as people and scripts spell it.
func actions() map[string]update.Action {
	return map[string]update.Action{"install": update.Install, "uninstall": update.Uninstall, "block": update.Block}
}

func actionName(a update.Action) string {
	for name, action := range actions() {
		if action == a {
			return name
		}
	}
	return string(a)
}

// updateID names the update that an act is done to.
func (a *act) updateID() (update.ID, error) {
	a.by.Subject = a.PathValue("id")
	id, err := update.ParseID(a.by.Subject)
	if err == nil {
		a.by.Subject = id.String()
	}
	return id, err
}

// tree returns all groups.
func (s *server) tree(ctx context.Context) (*fleet.Tree, error) {
	groups, err := s.Store.Groups(ctx)
	if err != nil {
		return nil, err
	}
	return fleet.NewTree(groups)
}

// approvalOf returns the update and the group that the route names.
func (s *server) approvalOf(a *act) (id update.ID, g fleet.Group, err error) {
	if id, err = a.updateID(); err != nil {
		return id, g, err
	}
	tree, err := s.tree(a.Context())
	if err != nil {
		return id, g, err
	}
	g, err = tree.Find(a.PathValue("group"))
	return id, g, err
}

func (s *server) approve(a *act) (any, error) {
	var req wire.Approve
	if err := decode(a.Request, &req); err != nil {
		return nil, err
	}
	action, ok := actions()[req.Action]
	if !ok {
		return nil, badRequest("action is install, uninstall or block, not %q", req.Action)
	}
	id, group, err := s.approvalOf(a)
	if err != nil {
		return nil, err
	}
	wanted := update.Approval{Update: id, Group: group.ID, Action: action}
	if req.Deadline != nil {
		wanted.Deadline = *req.Deadline
	}
	done, err := s.Store.Approve(a.Context(), a.by, wanted)
	if err != nil {
		return nil, err
	}
	d := decisions{groups: map[update.ID]string{group.ID: group.Name}}
	return d.approval(&done), nil
}

func (s *server) unapprove(a *act) (any, error) {
	id, group, err := s.approvalOf(a)
	if err != nil {
		return nil, err
	}
	return nil, s.Store.Unapprove(a.Context(), a.by, id, group.ID)
}

func (s *server) pause(a *act) (any, error)  { return nil, s.setPaused(a, true) }
func (s *server) resume(a *act) (any, error) { return nil, s.setPaused(a, false) }

func (s *server) setPaused(a *act, paused bool) error {
	id, group, err := s.approvalOf(a)
	if err != nil {
		return err
	}
	return s.Store.PauseApproval(a.Context(), a.by, id, group.ID, paused)
}

func (s *server) decline(a *act) (any, error)    { return s.onUpdate(a, s.Store.Decline) }
func (s *server) undecline(a *act) (any, error)  { return s.onUpdate(a, s.Store.Undecline) }
func (s *server) acceptEula(a *act) (any, error) { return s.onUpdate(a, s.Store.AcceptEula) }

// onUpdate does an act that takes nothing but the update.
func (s *server) onUpdate(a *act, do func(context.Context, store.Entry, update.ID) error) (any, error) {
	id, err := a.updateID()
	if err != nil {
		return nil, err
	}
	return nil, do(a.Context(), a.by, id)
}
