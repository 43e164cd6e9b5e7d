package api

import (
	"cmp"
	"net/http"
	"strings"
	"unicode"

	"sluice/daemon/api/wire"
	"sluice/daemon/fleet"
	"sluice/wsus/update"
)

// maxName bounds the name of a group, in bytes. Clients name groups too.
const maxName = 200

func (s *server) groups(r *http.Request) (any, error) {
	if err := queryOf(r).done(); err != nil {
		return nil, err
	}
	tree, err := s.tree(r.Context())
	if err != nil {
		return nil, err
	}
	sizes, err := s.Store.GroupSizes(r.Context())
	if err != nil {
		return nil, err
	}
	out := wire.Groups{Groups: []wire.Group{}}
	all := tree.Groups()
	var walk func(parent update.ID)
	walk = func(parent update.ID) {
		for _, g := range all {
			if g.Parent == parent {
				w := groupOf(tree, g)
				w.Computers = sizes[g.ID]
				out.Groups = append(out.Groups, w)
				walk(g.ID)
			}
		}
	}
	walk(update.ID{})
	return out, nil
}

func groupOf(t *fleet.Tree, g fleet.Group) wire.Group {
	return wire.Group{ID: g.ID, Name: g.Name, Parent: idOrNull(g.Parent), Depth: t.Depth(g.ID), Builtin: g.Builtin}
}

// groupName checks a name for a group.
func groupName(name string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", badRequest("a group needs a name")
	case len(name) > maxName:
		return "", badRequest("the name of a group has at most %d bytes", maxName)
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "", badRequest("the name of a group holds no control characters")
	}
	if _, err := update.ParseID(name); err == nil {
		return "", badRequest("the name of a group cannot be a GUID")
	}
	return name, nil
}

func (s *server) createGroup(a *act) (any, error) {
	var req wire.CreateGroup
	if err := decode(a.Request, &req); err != nil {
		return nil, err
	}
	name, err := groupName(req.Name)
	if err != nil {
		return nil, err
	}
	a.by.Subject = name
	tree, err := s.tree(a.Context())
	if err != nil {
		return nil, err
	}
	parent, err := parentNamed(tree, cmp.Or(req.Parent, update.AllComputers.String()))
	if err != nil {
		return nil, err
	}
	g, err := s.Store.CreateGroup(a.Context(), a.by, name, parent.ID)
	if err != nil {
		return nil, err
	}
	out := groupOf(tree, g)
	out.Depth = tree.Depth(parent.ID) + 1
	return out, nil
}

// parentNamed returns the group that another one is to lie in.
func parentNamed(t *fleet.Tree, name string) (fleet.Group, error) {
	g, err := t.Find(name)
	if err == nil && g.ID == update.UnassignedComputers {
		err = conflict("no group lies inside %s", g.Name)
	}
	return g, err
}

// groupNamed returns the group that the route names.
func (s *server) groupNamed(a *act) (*fleet.Tree, fleet.Group, error) {
	a.by.Subject = a.PathValue("group")
	tree, err := s.tree(a.Context())
	if err != nil {
		return nil, fleet.Group{}, err
	}
	g, err := tree.Find(a.by.Subject)
	if err == nil {
		a.by.Subject = g.Name
	}
	return tree, g, err
}

func (s *server) changeGroup(a *act) (any, error) {
	var req wire.ChangeGroup
	if err := decode(a.Request, &req); err != nil {
		return nil, err
	}
	if req.Name == "" && req.Parent == "" {
		return nil, badRequest("neither name nor parent is given")
	}
	tree, g, err := s.groupNamed(a)
	if err != nil {
		return nil, err
	}
	if req.Name != "" {
		if req.Name, err = groupName(req.Name); err != nil {
			return nil, err
		}
	}
	var parent fleet.Group
	if req.Parent != "" {
		if parent, err = parentNamed(tree, req.Parent); err != nil {
			return nil, err
		}
	}
	return nil, s.Fleet.ChangeGroup(a.Context(), a.by, g.ID, req.Name, parent.ID)
}

func (s *server) deleteGroup(a *act) (any, error) {
	_, g, err := s.groupNamed(a)
	if err != nil {
		return nil, err
	}
	return nil, s.Fleet.DeleteGroup(a.Context(), a.by, g.ID)
}
