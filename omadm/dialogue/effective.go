package dialogue

import (
	"maps"
	"slices"

	"sluice/omadm/device"
	"sluice/omadm/updatecsp"
)

// askEffective reads the values in effect of the settings that the device took.
// Where one is not what was sent, it asks what became of that, and sends again
// what the device lost.
func (t *talk) askEffective() {
	for _, name := range slices.Sorted(maps.Keys(t.settings)) {
		s := t.settings[name]
		spec, ok := updatecsp.Find(name)
		if !ok || !s.Status.Done() || s.Deleted || s.Skipped != "" {
			continue
		}
		t.say(get(spec.ResultURI()), func(a device.Answer) {
			s.Effective = ""
			if a.Status.Done() && len(a.Items) > 0 {
				s.Effective = plain(a.Items[0].Data)
			}
			t.settings[name] = s
			if !sameValue(spec, s.Effective, s.Value) {
				t.askOwn(name, spec, s.Value)
			}
		})
	}
}

// askOwn reads the value that the appliance itself set, which another source may
// have overruled.
func (t *talk) askOwn(name string, spec *updatecsp.Setting, want string) {
	t.say(get(spec.URI()), func(a device.Answer) {
		var has string
		switch {
		case a.Status.Done() && len(a.Items) > 0:
			has = plain(a.Items[0].Data)
		case a.Status != device.NotFound:
			return // it would not say
		}
		if t.tried[name] || sameValue(spec, has, want) {
			return
		}
		t.log.Info("setting lost by the device", "setting", name, "value", want, "has", has)
		t.send(name, spec, want)
	})
}

// sameValue reports whether a device's way of writing a value means the same.
func sameValue(spec *updatecsp.Setting, has, want string) bool {
	if has == want {
		return true
	}
	normal, err := spec.Validate(has)
	return err == nil && normal == want
}

// askSchedule reads the schedule that the device comes by, and changes what is
// not as wanted.
func (t *talk) askSchedule() {
	if t.Poll == nil {
		return
	}
	wanted := t.Poll(t.kept.Enrollment)
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		uri, want := "./Device/Vendor/MSFT/DMClient/Provider/"+t.Provider+"/Poll/"+name, wanted[name]
		t.say(get(uri), func(a device.Answer) {
			if a.Status != device.NotFound && (!a.Status.Done() || len(a.Items) == 0 || plain(a.Items[0].Data) == want) {
				return
			}
			format := device.Int
			if want == "true" || want == "false" {
				format = device.Bool
			}
			t.set(uri, format, want, func(a device.Answer) {
				t.log.Info("poll schedule changed", "node", name, "value", want, "status", a.Status)
			})
		})
	}
}
