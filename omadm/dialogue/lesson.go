package dialogue

import (
	"context"
	"fmt"
	"maps"
	"time"

	"sluice/omadm/updatecsp/tree"
)

const (
	// daily is how often what seldom changes is asked for.
	daily = 24 * time.Hour
	// again is after which a device is asked for its whole report again that broke
	// off when it was to give it. It may do so every time, and has other things to
	// hear meanwhile.
	again = 4 * time.Hour
)

// due reports whether what was done at a time is to be done again. A time in the
// future is from before a clock was set back.
func (t *talk) due(last time.Time) bool {
	age := t.now.Sub(last)
	return last.IsZero() || age >= daily || age < -time.Minute
}

// notice sees by the answers to the poll whether the whole report is due, or the
// installed updates alone.
func (t *talk) notice() {
	now, before := t.reading.Report(), t.kept.Report
	if t.facts.OSVersion != t.kept.Facts.OSVersion {
		t.whole = true
	}
	if t.whole || before == nil ||
		!maps.Equal(now.Installable, before.Installable) || !maps.Equal(now.PendingReboot, before.PendingReboot) {
		t.wantAll = true
	}
}

// date decides when what is asked for daily is due next, at the end of a session
// that went to its end or did not. What changed is kept, and is no change at the
// next poll: what should have been asked because of it is made due.
func (t *talk) date(whole bool) {
	if whole {
		if t.whole {
			t.reportedAt = t.now
		}
		return
	}
	if t.leaving() || t.stage == 0 {
		return // nothing was asked
	}
	t.notice()
	told := t.reading.Told(tree.InstalledList) || t.reading.Refused(tree.InstalledList) != 0
	switch {
	case t.askedAll && (t.whole || !told):
		t.reportedAt = t.now.Add(again - daily)
	case t.wantAll && !t.askedAll && !t.overdue:
		t.reportedAt = t.now.Add(-daily)
	}
	if t.facts.OSVersion != t.kept.Facts.OSVersion && !t.factsAt.Equal(t.now) {
		t.factsAt = t.now.Add(-daily)
	}
}

// lesson is what the records do not know yet. One with nothing in it is zero.
func (t *talk) lesson() *Lesson {
	l := &Lesson{Orders: t.orders}
	if !t.factsAt.Equal(t.kept.FactsAt) {
		l.FactsAt = t.factsAt
	}
	if facts := t.facts; !l.FactsAt.IsZero() || !sameFacts(facts, t.kept.Facts) {
		l.Facts = &facts
	}
	for name, s := range t.settings {
		if old, ok := t.kept.Settings[name]; !ok || !sameSetting(s, old) {
			l.learn(name, &s)
		}
	}
	for name := range t.kept.Settings {
		if _, ok := t.settings[name]; !ok {
			l.learn(name, nil)
		}
	}
	if !t.reportedAt.Equal(t.kept.ReportedAt) {
		l.ReportedAt = t.reportedAt
	}
	before := t.kept.Report
	if before == nil {
		before = &tree.Report{}
	}
	if r := t.reading.Report(); !l.ReportedAt.IsZero() || !r.Equal(before) {
		l.Report = r.Clone()
	}
	if t.unenrolled != "" && !t.left {
		l.Unenrolled = t.unenrolled
	}
	return l
}

func (l *Lesson) learn(name string, s *Setting) {
	if l.Settings == nil {
		l.Settings = map[string]*Setting{}
	}
	l.Settings[name] = s
}

// empty reports whether there is nothing to be learned.
func (l *Lesson) empty() bool {
	return l.Facts == nil && l.FactsAt.IsZero() && l.Settings == nil && l.Report == nil && l.ReportedAt.IsZero() &&
		l.Orders == nil && l.Unenrolled == "" && !l.SyncDone
}

// keep hands a lesson to the records, unless it is empty.
func (t *talk) keep(ctx context.Context, l *Lesson) error {
	if l.empty() {
		return nil
	}
	if err := t.Records.Learn(ctx, t.id, l); err != nil {
		return fmt.Errorf("keep what was learned: %w", err)
	}
	t.kept.Facts, t.kept.FactsAt = t.facts, t.factsAt
	t.kept.Settings = maps.Clone(t.settings)
	if l.Report != nil {
		t.kept.Report = l.Report
	}
	t.kept.ReportedAt = t.reportedAt
	t.orders, t.left = nil, t.unenrolled != ""
	return nil
}

// keepUrgent keeps at once what no later session could tell again.
func (t *talk) keepUrgent(ctx context.Context) error {
	if len(t.orders) == 0 && (t.unenrolled == "" || t.left) {
		return nil
	}
	return t.keep(ctx, t.lesson())
}

// keepIntents keeps which settings are about to be sent. Were they not, and the
// daemon died before the answers were kept, a device could go on having a value
// that nobody knows of, once it is no longer wanted.
func (t *talk) keepIntents(ctx context.Context) error {
	for name := range t.sent {
		if old, ok := t.kept.Settings[name]; !ok || !sameSetting(t.settings[name], old) {
			return t.keep(ctx, t.lesson())
		}
	}
	return nil
}
