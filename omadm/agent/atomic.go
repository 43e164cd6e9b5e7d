package agent

import (
	"maps"
	"slices"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// runSequence does commands in order; one that fails stops none.
func (s *session) runSequence(r *reply, c *syncml.Command) bool {
	at := len(r.list)
	r.status(c, device.OK, "", "")
	done := true
	for i := range c.Commands {
		done = s.command(r, &c.Commands[i]) && done
	}
	if !done && len(r.list) > at && !c.NoResp {
		r.list[at].Data = device.Failed.String()
	}
	return done
}

// runAtomic does all commands or none: the Status of the whole first, then one
// for each (MS-MDM 3.1.5.1.2). Get and Atomic may not stand in it, nor an Add and
// a Replace of the same node.
func (s *session) runAtomic(r *reply, c *syncml.Command) bool {
	if s.atomic {
		r.status(c, device.Failed, "", "")
		return false
	}
	undo := s.snapshot()
	s.atomic = true
	inner := &reply{s: s, msgRef: r.msgRef}
	added := map[string]bool{}
	failed := false
	noted := len(s.out.Commands)
	var ends []int // of the answers to each command that was done
	for i := range c.Commands {
		sub := &c.Commands[i]
		switch {
		case failed:
			inner.status(sub, device.NotExecuted, "", "")
			continue
		case sub.Kind == syncml.Atomic, clashes(sub, added):
			inner.status(sub, device.Failed, "", "")
			failed = true
			continue
		}
		if !s.command(inner, sub) {
			failed = true
			continue
		}
		ends = append(ends, len(inner.list))
	}
	s.atomic = false
	whole := device.OK
	if failed {
		undo()
		whole = device.AtomicFailed
		if len(ends) > 0 {
			for i := range inner.list[:ends[len(ends)-1]] {
				inner.list[i].Data = device.RolledBack.String()
			}
		}
		for i := range s.out.Commands[noted:] {
			if d := &s.out.Commands[noted+i]; d.Status.Done() {
				d.Status = device.RolledBack
			}
		}
	}
	r.status(c, whole, "", "")
	r.list = append(r.list, inner.list...)
	return !failed
}

// clashes reports a Replace of what the same Atomic added.
func clashes(c *syncml.Command, added map[string]bool) bool {
	for i := range c.Items {
		uri := targetOf(&c.Items[i])
		if c.Kind == syncml.Replace && added[uri] {
			return true
		}
		if c.Kind == syncml.Add {
			added[uri] = true
		}
	}
	return false
}

// snapshot returns what brings the device back to how it is now. Nodes hold on
// to the maps of the state and to the account: these stay the same ones.
func (s *session) snapshot() (undo func()) {
	st := s.agent.state
	policies, approved, nodes, dm := maps.Clone(st.Policies), maps.Clone(st.Approved), maps.Clone(st.Nodes), maps.Clone(s.account.DMClient)
	acc := *s.account
	acc.Roots, acc.CAs = slices.Clone(acc.Roots), slices.Clone(acc.CAs)
	leaving, renew, restart := s.leaving, s.renew, s.out.Restart
	return func() {
		refill(st.Policies, policies)
		refill(st.Approved, approved)
		refill(st.Nodes, nodes)
		refill(s.account.DMClient, dm)
		*s.account = acc
		s.leaving, s.renew, s.out.Restart = leaving, renew, restart
	}
}

func refill[V any](m, from map[string]V) {
	clear(m)
	maps.Copy(m, from)
}
