package fleet_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/daemon/fleet"
	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

func id(n byte) update.ID { return update.ID{15: n} }

func tree(t *testing.T, extra ...fleet.Group) *fleet.Tree {
	t.Helper()
	tr, err := fleet.NewTree(append(fleet.Builtin(), extra...))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestSetOf(t *testing.T) {
	t.Parallel()
	tr := tree(t,
		fleet.Group{ID: id(1), Parent: update.AllComputers, Name: "Servers"},
		fleet.Group{ID: id(2), Parent: id(1), Name: "Domain controllers"},
		fleet.Group{ID: id(3), Parent: update.AllComputers, Name: "Pilot"},
	)
	all := catalog.GroupDepth{Group: update.AllComputers}
	for _, tt := range []struct {
		name string
		in   []update.ID
		want catalog.GroupSet
	}{
		{"no group", nil, catalog.GroupSet{all, {Group: update.UnassignedComputers, Depth: 1}}},
		{"a group that is gone", []update.ID{id(9)}, catalog.GroupSet{all, {Group: update.UnassignedComputers, Depth: 1}}},
		{"nested", []update.ID{id(2)}, catalog.GroupSet{all, {Group: id(1), Depth: 1}, {Group: id(2), Depth: 2}}},
		{"two branches", []update.ID{id(3), id(2)}, catalog.GroupSet{all, {Group: id(1), Depth: 1}, {Group: id(3), Depth: 1}, {Group: id(2), Depth: 2}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, tr.SetOf(tt.in)); diff != "" {
				t.Errorf("SetOf(%v): -want +got\n%s", tt.in, diff)
			}
		})
	}
}

func TestNewTreeRefuses(t *testing.T) {
	t.Parallel()
	deep := fleet.Builtin()
	parent := update.AllComputers
	for n := byte(1); n <= fleet.MaxDepth; n++ {
		deep = append(deep, fleet.Group{ID: id(n), Parent: parent, Name: "g"})
		parent = id(n)
	}
	for _, tt := range []struct {
		name   string
		groups []fleet.Group
		want   error
	}{
		{"no root", nil, fleet.ErrNoGroup},
		{"unknown parent", append(fleet.Builtin(), fleet.Group{ID: id(1), Parent: id(2), Name: "a"}), fleet.ErrNoGroup},
		{"a ring", append(fleet.Builtin(), fleet.Group{ID: id(1), Parent: id(2), Name: "a"}, fleet.Group{ID: id(2), Parent: id(1), Name: "b"}), fleet.ErrCycle},
		{"beside a ring", append(fleet.Builtin(), fleet.Group{ID: id(3), Parent: id(1), Name: "c"}, fleet.Group{ID: id(1), Parent: id(2), Name: "a"}, fleet.Group{ID: id(2), Parent: id(1), Name: "b"}), fleet.ErrCycle},
		{"too deep", deep, fleet.ErrTooDeep},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := fleet.NewTree(tt.groups); !errors.Is(err, tt.want) {
				t.Errorf("NewTree: %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := fleet.NewTree(deep[:len(deep)-1]); err != nil {
		t.Errorf("NewTree at the depth limit: %v", err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	tr := tree(t, fleet.Group{ID: id(1), Parent: update.AllComputers, Name: "Servers"})
	for _, in := range []string{"servers", "Servers", id(1).String()} {
		if g, err := tr.Find(in); err != nil || g.ID != id(1) {
			t.Errorf("Find(%q) = %v, %v", in, g, err)
		}
	}
	if _, err := tr.Find("nobody"); !errors.Is(err, fleet.ErrNoGroup) {
		t.Errorf("Find of an unknown group: %v", err)
	}
}
