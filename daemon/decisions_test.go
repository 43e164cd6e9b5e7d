package daemon_test

import (
	"slices"
	"time"

	"sluice/wsus/update"
)

// decisions is what administrators decided, and what follows from it, written
// down a second time: from the rules as people are told them, not as the catalog
// works them out.
type decisions struct {
	groups    map[string]string         // name -> the group it lies in
	approvals map[approvalKey]*decision // standing ones
	declined  map[update.ID]bool
	accepted  bool                          // the license of the update that has one
	members   map[string]map[string]bool    // client id -> groups that it was put into
	holds     map[string]map[update.ID]bool // client id -> what is held back; zero: all
}

type approvalKey struct {
	update update.ID
	group  string
}

type decision struct {
	action   string
	deadline time.Time
	paused   bool
}

const (
	allComputers = "All Computers"
	unassigned   = "Unassigned Computers"
)

func newDecisions() *decisions {
	return &decisions{
		groups:    map[string]string{allComputers: "", unassigned: allComputers},
		approvals: map[approvalKey]*decision{},
		declined:  map[update.ID]bool{},
		members:   map[string]map[string]bool{},
		holds:     map[string]map[update.ID]bool{},
	}
}

// depth is how far below All Computers a group lies.
func (d *decisions) depth(group string) int {
	n := 0
	for g := group; d.groups[g] != ""; g = d.groups[g] {
		n++
	}
	return n
}

// inside reports whether a group is another one or lies in it.
func (d *decisions) inside(group, outer string) bool {
	for g := group; g != ""; g = d.groups[g] {
		if g == outer {
			return true
		}
	}
	return false
}

func (d *decisions) deleteGroup(name string) {
	for g, parent := range d.groups {
		if parent == name {
			d.groups[g] = d.groups[name]
		}
	}
	delete(d.groups, name)
	for _, in := range d.members {
		delete(in, name)
	}
	for k := range d.approvals {
		if k.group == name {
			delete(d.approvals, k)
		}
	}
}

func (d *decisions) decline(id update.ID) {
	d.declined[id] = true
	for k := range d.approvals {
		if k.update == id {
			delete(d.approvals, k)
		}
	}
}

// reaches returns the groups whose approvals reach a computer.
func (d *decisions) reaches(client string) []string {
	var groups []string
	in := d.members[client]
	if len(in) == 0 {
		in = map[string]bool{unassigned: true}
	}
	for g := range d.groups {
		for m := range in {
			if d.inside(m, g) {
				groups = append(groups, g)
				break
			}
		}
	}
	return groups
}

// allowed returns the actions that a computer may be told for an update. There
// are two where approvals contradict each other at the same depth and differ in
// nothing but that one is paused.
func (d *decisions) allowed(client string, id update.ID, licensed bool) []update.Action {
	report := []update.Action{update.PreDeploymentCheck}
	held := d.holds[client]
	if held[id] || held[update.ID{}] || d.declined[id] {
		return report
	}
	var best []*decision
	depth := -1
	for _, g := range d.reaches(client) {
		a := d.approvals[approvalKey{id, g}]
		switch {
		case a == nil:
			continue
		case a.action == "block":
			return report
		case d.depth(g) > depth:
			best, depth = []*decision{a}, d.depth(g)
		case d.depth(g) == depth:
			best = append(best, a)
		}
	}
	if len(best) == 0 {
		return report
	}
	if slices.ContainsFunc(best, func(a *decision) bool { return a.action == "install" }) {
		best = slices.DeleteFunc(best, func(a *decision) bool { return a.action != "install" })
	}
	first := time.Time{}
	for _, a := range best {
		if !a.deadline.IsZero() && (first.IsZero() || a.deadline.Before(first)) {
			first = a.deadline
		}
	}
	var actions []update.Action
	for _, a := range best {
		if !a.deadline.Equal(first) {
			continue
		}
		action := map[string]update.Action{"install": update.Install, "uninstall": update.Uninstall}[a.action]
		if a.paused || licensed && !d.accepted && a.action == "install" {
			action = update.PreDeploymentCheck
		}
		actions = append(actions, action)
	}
	return actions
}
