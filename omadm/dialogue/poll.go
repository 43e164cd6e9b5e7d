package dialogue

import (
	"sluice/omadm/device"
	"sluice/omadm/updatecsp"
	"sluice/omadm/updatecsp/tree"
)

// maxLeaves bounds how many updates of a list are asked for one by one in a
// session, where their names alone came.
const maxLeaves = 200

// poll is the first stage: what is asked at every poll, and the settings that
// differ as far as the device is known.
func (t *talk) poll() {
	if t.leaving() {
		return
	}
	t.overdue = t.kept.Report == nil || t.kept.SyncAsked || t.due(t.kept.ReportedAt)
	t.whole = t.overdue
	t.ask(get(nodeSwV), func(a device.Answer) { t.takeFact(factSwV, a) })
	if t.kept.SyncAsked || t.due(t.kept.FactsAt) {
		t.askFacts()
	}
	t.read(tree.LastScan)
	t.read(tree.InstallableList)
	t.read(tree.PendingList)
	t.read(tree.FailedList)
	if !t.version().IsZero() {
		t.tell() // mostly the device is what it was, and this saves a message
	}
}

// refresh is the second stage: all facts, where the device turns out to be of
// another version.
func (t *talk) refresh() {
	if t.leaving() {
		return
	}
	t.notice()
	if t.facts.OSVersion != t.kept.Facts.OSVersion && !t.allFacts {
		t.askFacts()
	}
}

// report is the stage that asks for what is long or seldom changes.
func (t *talk) report() {
	if t.leaving() {
		return
	}
	if t.wantAll {
		t.askedAll = true
		t.read(tree.InstalledList)
	}
	if t.whole || t.rollbackRun {
		t.read(tree.Rollbacks)
	}
	if t.whole {
		t.read(tree.Root)
		t.read(tree.Defer)
		t.askEffective()
		t.askSchedule()
	}
}

// read asks for a part of the Update CSP: in its shortest form, by names where
// the device does not know that, and for what it then still lacks.
func (t *talk) read(p tree.Part) {
	t.ask(p.Get(), func(a device.Answer) {
		t.reading.Take(a)
		if t.reading.Refused(p) == 0 || a.Command.URI == p.URI() {
			t.readMissing(p)
			return
		}
		if p == tree.Rollbacks {
			t.readMissing(p) // its names are known
			return
		}
		t.ask(p.GetNames(), func(a device.Answer) {
			t.reading.Take(a)
			t.readMissing(p)
		})
	})
}

// readMissing asks for values of updates of which only the name came.
func (t *talk) readMissing(p tree.Part) {
	if v := t.version(); p == tree.InstalledList && !v.IsZero() && v.Compare(version1703) < 0 {
		return // has no revision numbers
	}
	for _, c := range t.reading.Missing(p, maxLeaves) {
		t.ask(c, func(a device.Answer) { t.reading.Take(a) })
	}
}

// version1703 is the first version of Windows that tells revision numbers.
var version1703 = updatecsp.Version{Major: 10, Build: 15063}

func get(uri string) device.Command { return device.Command{Verb: device.Get, URI: uri} }
