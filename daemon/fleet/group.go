package fleet

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

// Group is a named set of devices. Every group but All Computers lies in
// another; an approval for a group reaches the devices of those below it.
type Group struct {
	ID      update.ID
	Parent  update.ID // zero for All Computers only
	Name    string
	Builtin bool
}

// Errors that a caller acts on.
var (
	ErrNoGroup = errors.New("no such group")
	ErrBuiltin = errors.New("a built-in group cannot be changed")
	ErrCycle   = errors.New("a group cannot lie inside itself")
	ErrTooDeep = errors.New("groups nest too deeply")
)

// MaxDepth is how many groups may lie inside one another, All Computers included.
const MaxDepth = 16

// Builtin returns the groups that every appliance has.
func Builtin() []Group {
	return []Group{
		{ID: update.AllComputers, Name: "All Computers", Builtin: true},
		{ID: update.UnassignedComputers, Parent: update.AllComputers, Name: "Unassigned Computers", Builtin: true},
	}
}

// Tree is all groups, checked to be a tree below All Computers.
type Tree struct {
	groups map[update.ID]Group
	depth  map[update.ID]int
}

// NewTree checks and joins groups. The errors wrap [ErrNoGroup], [ErrCycle] or
// [ErrTooDeep] and name the group.
func NewTree(groups []Group) (*Tree, error) {
	t := &Tree{groups: make(map[update.ID]Group, len(groups)), depth: make(map[update.ID]int, len(groups))}
	for _, g := range groups {
		t.groups[g.ID] = g
	}
	if _, ok := t.groups[update.AllComputers]; !ok {
		return nil, fmt.Errorf("group All Computers: %w", ErrNoGroup)
	}
	for _, g := range groups {
		if err := t.measure(g); err != nil {
			return nil, fmt.Errorf("group %q: %w", g.Name, err)
		}
	}
	return t, nil
}

// measure walks up to All Computers, counting.
func (t *Tree) measure(g Group) error {
	steps := 0
	for at := g; at.ID != update.AllComputers; steps++ {
		parent, ok := t.groups[at.Parent]
		switch {
		case !ok:
			return fmt.Errorf("its parent %v: %w", at.Parent, ErrNoGroup)
		case parent.ID == g.ID:
			return ErrCycle
		case steps >= len(t.groups):
			return ErrCycle
		}
		at = parent
	}
	if steps >= MaxDepth {
		return ErrTooDeep
	}
	t.depth[g.ID] = steps
	return nil
}

// Groups returns all groups, parents before children, then by name.
func (t *Tree) Groups() []Group {
	out := make([]Group, 0, len(t.groups))
	for _, g := range t.groups {
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b Group) int {
		return cmp.Or(cmp.Compare(t.depth[a.ID], t.depth[b.ID]),
			cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID.String(), b.ID.String()))
	})
	return out
}

// Group returns a group by its id.
func (t *Tree) Group(id update.ID) (Group, bool) {
	g, ok := t.groups[id]
	return g, ok
}

// Find returns the group that text names, by id or by name in any letter case.
// The error wraps [ErrNoGroup].
func (t *Tree) Find(text string) (Group, error) {
	if id, err := update.ParseID(text); err == nil {
		if g, ok := t.groups[id]; ok {
			return g, nil
		}
	}
	for _, g := range t.groups {
		if strings.EqualFold(g.Name, text) {
			return g, nil
		}
	}
	return Group{}, fmt.Errorf("%q: %w", text, ErrNoGroup)
}

// Depth returns how far below All Computers a group lies.
func (t *Tree) Depth(id update.ID) int { return t.depth[id] }

// Below returns a group and every group inside it.
func (t *Tree) Below(id update.ID) []update.ID {
	var out []update.ID
	for g := range t.groups {
		for at, ok := t.groups[g]; ok; at, ok = t.groups[at.Parent] {
			if at.ID == id {
				out = append(out, g)
				break
			}
		}
	}
	slices.SortFunc(out, func(a, b update.ID) int { return cmp.Compare(a.String(), b.String()) })
	return out
}

// SetOf returns the groups of a device that was put into the given ones: those,
// the groups around them, and All Computers; Unassigned Computers where it was
// put into none that exists.
func (t *Tree) SetOf(memberships []update.ID) catalog.GroupSet {
	in := make(map[update.ID]bool)
	for _, id := range memberships {
		for at, ok := t.groups[id]; ok && !in[at.ID]; at, ok = t.groups[at.Parent] {
			in[at.ID] = true
		}
	}
	in[update.AllComputers] = true
	if len(in) == 1 {
		in[update.UnassignedComputers] = true
	}
	set := make(catalog.GroupSet, 0, len(in))
	for id := range in {
		set = append(set, catalog.GroupDepth{Group: id, Depth: t.depth[id]})
	}
	slices.SortFunc(set, func(a, b catalog.GroupDepth) int {
		return cmp.Or(cmp.Compare(a.Depth, b.Depth), cmp.Compare(a.Group.String(), b.Group.String()))
	})
	return set
}
