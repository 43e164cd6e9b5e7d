package dialogue

import (
	"maps"
	"slices"
	"time"

	"sluice/omadm/device"
	"sluice/omadm/updatecsp"
)

// maxTries is in how many sessions that went to their end a setting may find no
// answer, before the device counts as one that does not answer to it.
const maxTries = 3

// addressee is what a device was taken for when it was told its settings.
type addressee struct {
	known   bool
	version updatecsp.Version
	edition int
}

// tell is the stage that sends the settings that differ from what the device
// has: those wanted, as they are for its version and edition, and the removal of
// those no longer wanted.
func (t *talk) tell() {
	to := addressee{true, t.version(), t.edition()}
	if t.leaving() || t.told == to {
		return // all that it was told, or not, stands
	}
	t.told = to
	wanted := map[string]bool{}
	for _, d := range t.kept.Desired.On(to.version, to.edition) {
		wanted[d.Name] = true
		old, known := t.settings[d.Name]
		switch {
		case d.Skip != "":
			t.skip(d, old, known)
		case t.tried[d.Name]:
		case !known || old.Deleted || old.Skipped != "" || old.Value != d.Value || t.retry(old):
			t.send(d.Name, d.Setting, d.Value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.settings)) {
		if !wanted[name] && !t.tried[name] {
			t.remove(name, t.settings[name])
		}
	}
}

// retry reports whether a setting that found no answer, or a refusal, is sent
// again as it was.
func (t *talk) retry(s Setting) bool {
	switch {
	case s.Status.Done():
		return false
	case t.kept.SyncAsked || s.OSVersion != t.osVersion():
		return true
	}
	return s.Status == 0 && s.Tries < maxTries
}

// skip notes why a setting is not for this device. What it was sent before is
// taken away.
func (t *talk) skip(d updatecsp.Delivery, old Setting, known bool) {
	s := Setting{Value: d.Value, Skipped: d.Skip}
	switch gone := old.Deleted && old.Status != 0; {
	case known && old.Skipped == "" && !gone && d.Setting != nil:
		t.remove(d.Name, old, s)
	case !known || old.Skipped != d.Skip || old.Value != d.Value:
		t.settings[d.Name] = t.dated(s)
	}
}

// begin notes that a setting is being sent, and returns how it is noted. What was
// on its way before, and found no answer, stays as it was.
func (t *talk) begin(name string, s Setting) Setting {
	s = t.dated(s)
	if old := t.settings[name]; sameSetting(s, Setting{Value: old.Value, Deleted: old.Deleted, At: s.At, OSVersion: old.OSVersion}) &&
		old.Status == 0 && old.Skipped == "" {
		s = old
	}
	t.tried[name], t.sent[name], t.settings[name] = true, true, s
	return s
}

// end notes the answer to a setting.
func (t *talk) end(name string, s Setting, a device.Answer) Setting {
	delete(t.sent, name)
	s = t.dated(s)
	s.Status, s.Detail, s.Tries = a.Status, plain(a.Detail), 0
	t.settings[name] = s
	return s
}

// send sets a setting on the device.
func (t *talk) send(name string, s *updatecsp.Setting, value string) {
	sent := t.begin(name, Setting{Value: value})
	t.set(s.URI(), s.Format, value, func(a device.Answer) {
		if now := t.end(name, sent, a); !a.Status.Done() {
			t.log.Info("setting refused", "setting", name, "value", value, "status", a.Status, "detail", now.Detail)
		}
	})
}

// set gives a node a value, whether it is there or not, and hands the last answer
// to done; not where the device says nothing.
func (t *talk) set(uri string, format device.Format, value string, done func(device.Answer)) {
	replace := device.Command{Verb: device.Replace, URI: uri, Format: format, Data: value}
	add := replace
	add.Verb = device.Add
	t.say(replace, func(a device.Answer) {
		if a.Status != device.NotFound {
			done(a)
			return
		}
		t.say(add, func(a device.Answer) {
			if a.Status != device.AlreadyExists {
				done(a)
				return
			}
			t.say(replace, done)
		})
	})
}

// say is ask for a command whose answer counts only when there is one.
func (t *talk) say(c device.Command, take func(device.Answer)) {
	t.ask(c, func(a device.Answer) {
		if a.Status != 0 {
			take(a)
		}
	})
}

// remove takes a setting away, and then keeps after in its place; nothing where
// there is none.
func (t *talk) remove(name string, old Setting, after ...Setting) {
	spec, ok := updatecsp.Find(name)
	switch {
	case old.Skipped != "" || !ok: // it was never sent
		delete(t.settings, name)
		return
	case old.Deleted && !t.retry(old):
		return
	}
	sent := t.begin(name, Setting{Value: old.Value, Deleted: true})
	t.say(device.Command{Verb: device.Delete, URI: spec.URI()}, func(a device.Answer) {
		now := t.end(name, sent, a)
		switch {
		case len(after) > 0:
			after[0].Status, after[0].Detail = now.Status, now.Detail
			t.settings[name] = t.dated(after[0])
		case a.Status.Done() || a.Status == device.NotFound || unknown(a.Status) && unknown(old.Status):
			delete(t.settings, name)
		default:
			t.log.Info("setting not taken away", "setting", name, "status", a.Status, "detail", now.Detail)
		}
	})
}

// unknown reports whether a device answers that it does not know a node.
func unknown(s device.Status) bool {
	return s == device.NotFound || s == device.NotAllowed || s == device.NotSupported
}

// dated returns a setting with the time and the version of the device.
func (t *talk) dated(s Setting) Setting {
	s.At, s.OSVersion = t.now.Truncate(time.Second), t.osVersion()
	return s
}

// settle counts, at the end of a session that went to its end, the settings that
// found no answer in it.
func (t *talk) settle() {
	for name := range t.sent {
		s := t.settings[name]
		s.Tries++
		t.settings[name] = s
	}
}

func sameSetting(a, b Setting) bool {
	if !a.At.Equal(b.At) {
		return false
	}
	a.At = b.At
	return a == b
}
