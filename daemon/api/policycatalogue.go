package api

import (
	"sluice/daemon/api/wire"
	"sluice/omadm/updatecsp"
)

// policyCatalogue lists every setting and preset, with what there is to know.
func policyCatalogue(env updatecsp.Environment) wire.PolicySettings {
	out := wire.PolicySettings{Settings: []wire.PolicySetting{}, Presets: []wire.PolicyPreset{}}
	for _, s := range updatecsp.Settings() {
		out.Settings = append(out.Settings, settingOf(s))
	}
	for _, p := range updatecsp.Presets() {
		w := wire.PolicyPreset{Name: p.Name, Meaning: p.Meaning, Values: []wire.PresetChoice{}, Notes: list(p.Notes)}
		for _, e := range p.Values(env) {
			w.Values = append(w.Values, wire.PresetChoice{Name: e.Name, Value: e.Value, Why: e.Why})
		}
		out.Presets = append(out.Presets, w)
	}
	return out
}

func settingOf(s *updatecsp.Setting) wire.PolicySetting {
	e := s.Explain()
	w := wire.PolicySetting{
		Name: s.Name, Area: string(s.Area), URI: s.URI(), Format: string(s.Format), Allowed: e.Allowed, Default: s.Default,
		Since: e.Since, Builds: list(e.Builds), Editions: list(e.Editions), Status: string(s.Status), Conflict: e.Conflict, Meaning: s.Meaning,
		Doors: []wire.PolicyDoor{}, Caveats: list(e.Caveats), GroupPolicy: s.GroupPolicy, Registry: list(e.Registry), Presets: list(e.Presets),
	}
	for _, v := range s.Values {
		w.Values = append(w.Values, wire.PolicyValue{Value: v.Value, Meaning: v.Meaning})
	}
	for _, d := range e.Doors {
		w.Doors = append(w.Doors, wire.PolicyDoor{Door: d.Name, Effect: d.Effect})
	}
	return w
}
