package agent

import (
	"maps"
	"slices"
	"strings"

	"sluice/omadm/device"
)

// policy is Policy: Config is what the server set, Result what holds. With one
// management authority they are the same.
func (s *session) policy(t *branch) {
	t.add(vendor+"Policy/Config", s.areas(true))
	t.add(vendor+"Policy/Result", s.areas(false))
}

// areas lists the areas that have a policy set; the others are there to be set.
func (s *session) areas(config bool) *node {
	set := s.agent.state.Policies
	names := func() []string {
		var list []string
		for _, key := range slices.Sorted(maps.Keys(set)) {
			area, _, _ := strings.Cut(key, "/")
			if !slices.Contains(list, area) {
				list = append(list, area)
			}
		}
		return list
	}
	return list(names, func(area string) *node {
		table := policyTable()[area]
		if table == nil {
			return nil
		}
		return s.area(area, table, config)
	})
}

func (s *session) area(area string, table map[string]*policy, config bool) *node {
	m := &s.agent.cfg.Machine
	set := s.agent.state.Policies
	names := func() []string {
		var list []string
		for _, key := range slices.Sorted(maps.Keys(set)) {
			if name, ok := strings.CutPrefix(key, area+"/"); ok {
				list = append(list, name)
			}
		}
		return list
	}
	child := func(name string) *node {
		p := table[name]
		if p == nil || !p.known(m.Version) {
			return nil
		}
		if !slices.Contains(p.editions, m.Edition) {
			return &node{format: p.format} // nothing may be done to it
		}
		n := s.setting(p)
		if !config {
			n.access = canGet
		}
		return n
	}
	n := list(names, child)
	if len(names()) == 0 {
		n.format = "" // an area comes with its first policy
	}
	return n
}

// setting is one policy, as the device's build takes it.
func (s *session) setting(p *policy) *node {
	a := s.agent
	key := p.area + "/" + p.name
	set := a.state.Policies
	return &node{
		format: p.format, access: all,
		read: func() (string, device.Status) {
			v, ok := set[key]
			if !ok {
				return "", device.NotFound
			}
			return v, device.OK
		},
		write: func(v device.Verb, x value) device.Status {
			_, have := set[key]
			switch {
			case v == device.Add && have:
				return device.AlreadyExists
			case x.format != p.format:
				return device.UnsupportedFormat
			case !p.valid(a.cfg.Machine.Version, x.data):
				s.cause = "0x80070057"
				return device.Failed
			}
			set[key] = x.data
			return device.OK
		},
		remove: func() device.Status {
			if _, ok := set[key]; !ok {
				return device.NotFound
			}
			delete(set, key)
			return device.OK
		},
	}
}

// Policies returns the applied policies by "Area/Name".
func (a *Agent) Policies() map[string]string { return maps.Clone(a.state.Policies) }

// Policy returns the value of an applied policy.
func (a *Agent) Policy(area, name string) (string, bool) {
	v, ok := a.state.Policies[area+"/"+name]
	return v, ok
}

// UpdateServer returns the update server and the content host that the device
// was given (UpdateServiceUrl, UpdateServiceUrlAlternate); empty for none.
func (a *Agent) UpdateServer() (server, content string) {
	server = a.state.Policies["Update/UpdateServiceUrl"]
	if server == "" {
		return "", "" // the alternate has no effect alone
	}
	return server, a.state.Policies["Update/UpdateServiceUrlAlternate"]
}

// ApprovalRequired reports whether the device installs approved updates only
// (RequireUpdateApproval).
func (a *Agent) ApprovalRequired() bool {
	return a.state.Policies["Update/RequireUpdateApproval"] == "1"
}
