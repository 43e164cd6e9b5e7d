package api

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"sluice/daemon/api/wire"
	"sluice/daemon/fleet"
	"sluice/daemon/store"
	"sluice/omadm/updatecsp"
	"sluice/wsus/update"
)

func (s *server) policySettings(r *http.Request) (any, error) {
	if err := queryOf(r).done(); err != nil {
		return nil, err
	}
	return policyCatalogue(s.Management.Environment()), nil
}

func (s *server) groupPolicies(r *http.Request) (any, error) {
	q := queryOf(r)
	only := q.text("group")
	if err := q.done(); err != nil {
		return nil, err
	}
	t, err := s.tree(r.Context())
	if err != nil {
		return nil, err
	}
	rows, err := s.Store.GroupPolicies(r.Context())
	if err != nil {
		return nil, err
	}
	out := wire.GroupPolicies{Groups: []wire.GroupPolicy{}}
	if only == "" {
		for i := range rows {
			out.Groups = append(out.Groups, groupPolicyOf(&rows[i]))
		}
		return out, nil
	}
	g, err := t.Find(only)
	if err != nil {
		return nil, err
	}
	w := wire.GroupPolicy{Group: g.Name, Depth: t.Depth(g.ID), Values: []wire.PolicySet{}}
	for i := range rows {
		if rows[i].Group == g.ID {
			w = groupPolicyOf(&rows[i])
		}
	}
	desired, err := s.desiredOf(r, t, g)
	if err != nil {
		return nil, err
	}
	w.Merged = []wire.DevicePolicy{}
	for _, name := range slices.Sorted(maps.Keys(desired)) {
		c := desired[name]
		w.Merged = append(w.Merged, choiceOf(name, &c))
	}
	w.Warnings = warningsOf(updatecsp.Warnings(desired, updatecsp.Version{}))
	out.Groups = append(out.Groups, w)
	return out, nil
}

// desiredOf returns what a device that is in one group alone is to have.
func (s *server) desiredOf(r *http.Request, t *fleet.Tree, g fleet.Group) (updatecsp.Desired, error) {
	return s.Management.DesiredOf(r.Context(), t.SetOf([]update.ID{g.ID}))
}

func groupPolicyOf(p *store.GroupPolicy) wire.GroupPolicy {
	w := wire.GroupPolicy{Group: p.Name, Depth: p.Depth, Preset: p.Preset, Values: []wire.PolicySet{}, Merged: []wire.DevicePolicy{}, Warnings: []wire.PolicyWarning{}}
	for i := range p.Values {
		v := &p.Values[i]
		w.Values = append(w.Values, wire.PolicySet{Name: v.Name, Value: v.Value, By: v.By, Changed: when(v.Changed)})
	}
	slices.SortFunc(w.Values, func(a, b wire.PolicySet) int { return cmp.Compare(a.Name, b.Name) })
	return w
}

// policyGroup returns the group whose policies an act changes.
func (s *server) policyGroup(a *act) (*fleet.Tree, fleet.Group, error) {
	a.by.Subject = a.PathValue("group")
	t, err := s.tree(a.Context())
	if err != nil {
		return nil, fleet.Group{}, err
	}
	g, err := t.Find(a.PathValue("group"))
	if err == nil {
		a.by.Subject = g.Name
	}
	return t, g, err
}

func (s *server) setPolicies(a *act) (any, error) {
	var req wire.SetPolicies
	if err := decode(a.Request, &req); err != nil {
		return nil, err
	}
	t, g, err := s.policyGroup(a)
	if err != nil {
		return nil, err
	}
	if len(req.Values) == 0 {
		return nil, badRequest("no setting is named")
	}
	normal := make(map[string]string, len(req.Values))
	for name, value := range req.Values {
		setting, value, err := updatecsp.Validate(name, value)
		if err != nil {
			return nil, badRequest("%v", err)
		}
		if _, twice := normal[setting]; twice {
			return nil, badRequest("%s is set twice", setting)
		}
		normal[setting] = value
	}
	wants, err := s.reviewed(a.Context(), t, g, func(to *updatecsp.Assignment) {
		maps.Copy(to.Values, normal)
		to.Without = slices.DeleteFunc(to.Without, func(name string) bool { _, set := normal[name]; return set })
	})
	if err != nil {
		return nil, err
	}
	warnings := touching(updatecsp.Warnings(wants, updatecsp.Version{}), normal)
	if err := s.Store.SetPolicies(a.Context(), a.by, g.ID, normal); err != nil {
		return nil, err
	}
	return wire.PoliciesSet{Values: normal, Warnings: warningsOf(warnings)}, nil
}

// touching returns the warnings about any of the settings.
func touching(all []updatecsp.Warning, names map[string]string) []updatecsp.Warning {
	return slices.DeleteFunc(all, func(w updatecsp.Warning) bool {
		return !slices.ContainsFunc(w.Settings, func(n string) bool { _, ok := names[n]; return ok })
	})
}

func (s *server) unsetPolicy(a *act) (any, error) {
	q := queryOf(a.Request)
	without := q.flag("without")
	if err := q.done(); err != nil {
		return nil, err
	}
	t, g, err := s.policyGroup(a)
	if err != nil {
		return nil, err
	}
	setting, ok := updatecsp.Find(a.PathValue("setting"))
	if !ok {
		return nil, notFound("no setting is called %q", a.PathValue("setting"))
	}
	_, err = s.reviewed(a.Context(), t, g, func(to *updatecsp.Assignment) {
		delete(to.Values, setting.Name)
		to.Without = slices.DeleteFunc(to.Without, func(name string) bool { return name == setting.Name })
		if without {
			to.Without = append(to.Without, setting.Name)
			slices.Sort(to.Without)
		}
	})
	if err != nil {
		return nil, err
	}
	err = s.Store.UnsetPolicy(a.Context(), a.by, g.ID, setting.Name, without)
	if errors.Is(err, store.ErrNotFound) {
		return nil, notFound("%s is not set on %s by hand", setting.Name, g.Name)
	}
	return nil, err
}

func (s *server) setPreset(a *act) (any, error) {
	var req wire.SetPreset
	if err := decode(a.Request, &req); err != nil {
		return nil, err
	}
	t, g, err := s.policyGroup(a)
	if err != nil {
		return nil, err
	}
	if req.Preset != "" {
		p, ok := updatecsp.FindPreset(req.Preset)
		if !ok {
			var names []string
			for _, p := range updatecsp.Presets() {
				names = append(names, p.Name)
			}
			return nil, badRequest("no preset is called %q; there is %s", req.Preset, strings.Join(names, ", "))
		}
		req.Preset = p.Name
	}
	if _, err := s.reviewed(a.Context(), t, g, func(to *updatecsp.Assignment) { to.Preset = req.Preset }); err != nil {
		return nil, err
	}
	return nil, s.Store.SetPreset(a.Context(), a.by, g.ID, req.Preset)
}
