package daemon_test

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"pgregory.net/rapid"

	"sluice/daemon/api/wire"
	"sluice/wsus/agent"
	"sluice/wsus/update"
)

// The acts of administrators, and what happens to computers and appliances.

func (s *site) approve(rt *rapid.T) {
	id, group := s.anyUpdate(rt), s.anyGroup(rt)
	d := &decision{action: rapid.SampledFrom([]string{"install", "install", "install", "uninstall", "block"}).Draw(rt, "action")}
	req := wire.Approve{Action: d.action}
	if days := rapid.IntRange(0, 3).Draw(rt, "deadline in days"); days > 0 {
		d.deadline = time.Date(2030, 1, days, 0, 0, 0, 0, time.UTC)
		req.Deadline = &d.deadline
	}
	_, err := s.client.Approve(s.ctx(), id, group, req)
	s.did(rt, "approve", err)
	s.approvals[approvalKey{id, group}] = d
}

func (s *site) unapprove(rt *rapid.T) {
	k := s.standing(rt)
	s.did(rt, "unapprove", s.client.Unapprove(s.ctx(), k.update, k.group))
	delete(s.approvals, k)
}

func (s *site) pause(rt *rapid.T) {
	k := s.standing(rt)
	a := s.approvals[k]
	act := s.client.Pause
	if a.paused {
		act = s.client.Resume
	}
	s.did(rt, "pause or resume", act(s.ctx(), k.update, k.group))
	a.paused = !a.paused
}

func (s *site) decline(rt *rapid.T) {
	id := s.anyUpdate(rt)
	s.did(rt, "decline", s.client.Decline(s.ctx(), id))
	s.decisions.decline(id)
}

func (s *site) undecline(rt *rapid.T) {
	var declined []update.ID
	for _, id := range s.updates {
		if s.declined[id] {
			declined = append(declined, id)
		}
	}
	if len(declined) == 0 {
		rt.Skip("nothing is declined")
	}
	id := rapid.SampledFrom(declined).Draw(rt, "update")
	s.did(rt, "undecline", s.client.Undecline(s.ctx(), id))
	delete(s.declined, id)
}

func (s *site) accept(rt *rapid.T) {
	s.did(rt, "accept the license", s.client.AcceptEula(s.ctx(), demoUpdate(licensedUpdate)))
	s.accepted = true
}

func (s *site) createGroup(rt *rapid.T) {
	parent := s.anyGroup(rt)
	if parent == unassigned || len(s.groups) > 8 {
		rt.Skip("no group there")
	}
	s.made++
	name := fmt.Sprintf("group %d", s.made)
	_, err := s.client.CreateGroup(s.ctx(), name, parent)
	s.did(rt, "create group", err)
	s.groups[name] = parent
}

func (s *site) moveGroup(rt *rapid.T) {
	name, parent := s.ownGroup(rt), s.anyGroup(rt)
	if parent == unassigned || s.inside(parent, name) {
		rt.Skip("not into that one")
	}
	s.did(rt, "move group", s.client.ChangeGroup(s.ctx(), name, wire.ChangeGroup{Parent: parent}))
	s.groups[name] = parent
}

func (s *site) deleteGroup(rt *rapid.T) {
	name := s.ownGroup(rt)
	s.did(rt, "delete group", s.client.DeleteGroup(s.ctx(), name))
	s.decisions.deleteGroup(name)
}

func (s *site) assign(rt *rapid.T) {
	id, device := s.anyDevice(rt)
	in, names := map[string]bool{}, []string{}
	for range rapid.IntRange(0, 3).Draw(rt, "groups") {
		if g := s.anyGroup(rt); g != allComputers && g != unassigned && !in[g] {
			in[g], names = true, append(names, g)
		}
	}
	s.did(rt, "assign", s.client.AssignComputers(s.ctx(), []int64{device}, names))
	s.members[id] = in
}

func (s *site) hold(rt *rapid.T) {
	id, device := s.anyDevice(rt)
	h := wire.SetHold{Reason: "test"}
	var held update.ID
	if rapid.IntRange(0, 4).Draw(rt, "of all") > 0 {
		held = s.anyUpdate(rt)
		h.UpdateID = &held
	}
	s.did(rt, "hold", s.client.Hold(s.ctx(), device, h))
	if s.holds[id] == nil {
		s.holds[id] = map[update.ID]bool{}
	}
	s.holds[id][held] = true
}

func (s *site) release(rt *rapid.T) {
	id, device := s.anyDevice(rt)
	var held []update.ID
	for h := range s.holds[id] {
		held = append(held, h)
	}
	if len(held) == 0 {
		rt.Skip("nothing is held")
	}
	slices.SortFunc(held, func(a, b update.ID) int { return slices.Compare(a[:], b[:]) })
	h := rapid.SampledFrom(held).Draw(rt, "hold")
	name := ""
	if !h.IsZero() {
		name = h.String()
	}
	s.did(rt, "release", s.client.Release(s.ctx(), device, name))
	delete(s.holds[id], h)
}

func (s *site) deleteComputer(rt *rapid.T) {
	id, device := s.anyDevice(rt)
	s.did(rt, "delete computer", s.client.DeleteComputer(s.ctx(), device))
	delete(s.members, id)
	delete(s.holds, id)
}

// restart stops the appliance and starts it again.
func (s *site) restart(rt *rapid.T) {
	closed := http.Handler(http.NotFoundHandler())
	s.door.Store(&closed)
	if err := s.appliance.Close(); err != nil {
		rt.Fatal(err)
	}
	s.open(rt)
}

func (s *site) rotate(rt *rapid.T) { s.did(rt, "rotate keys", s.client.RotateKeys(s.ctx())) }

// pass lets time go by: a moment, longer than a cookie is good for, or longer
// than deleted approvals are remembered.
func (s *site) pass(rt *rapid.T) {
	by := rapid.SampledFrom([]time.Duration{time.Minute, 2 * time.Hour, 91 * 24 * time.Hour}).Draw(rt, "time")
	s.now.Add(by.Milliseconds())
	s.did(rt, "purge", s.appliance.PurgeTombstones(s.ctx()))
}

func (s *site) anyMachine(rt *rapid.T) *machine {
	return s.computers[rapid.IntRange(0, len(s.computers)-1).Draw(rt, "computer")]
}

func (s *site) loseCookie(rt *rapid.T) {
	m := s.anyMachine(rt)
	state := m.agent.State().Clone()
	state.Cookie = agent.Cookie{}
	s.boot(rt, m, state)
}

// spoilCookie changes a bit of a cookie.
func (s *site) spoilCookie(rt *rapid.T) {
	m := s.anyMachine(rt)
	state := m.agent.State().Clone()
	if state.Cookie.Data == "" {
		rt.Skip("no cookie")
	}
	b := []byte(state.Cookie.Data)
	at := rapid.IntRange(0, len(b)-3).Draw(rt, "byte")
	if b[at] == 'A' {
		b[at] = 'B'
	} else {
		b[at] = 'A'
	}
	state.Cookie.Data = string(b)
	s.boot(rt, m, state)
}

// restoreImage gives a computer back what it remembered earlier.
func (s *site) restoreImage(rt *rapid.T) {
	m := s.anyMachine(rt)
	if m.image == nil {
		rt.Skip("no image")
	}
	s.boot(rt, m, m.image.Clone())
}
