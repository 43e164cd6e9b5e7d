package dialogue

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"sluice/omadm/device"
	"sluice/omadm/session"
	"sluice/omadm/updatecsp"
	"sluice/omadm/updatecsp/tree"
)

// talk is what is said in one session. It satisfies [session.Dialogue].
type talk struct {
	*Dialogues
	id  device.EnrollmentID
	log *slog.Logger
	now time.Time // of the opening; a session is one moment

	kept Record // as the records have it

	// What is known by now.
	facts      Facts
	factsAt    time.Time
	settings   map[string]Setting
	reading    *tree.Reading
	reportedAt time.Time
	orders     []OrderResult // not kept yet
	unenrolled string        // why; empty for not
	left       bool          // that was kept

	stage int        // the next one
	said  []question // said last, in order
	next  []question // to be said next

	told        addressee       // the settings, last
	sent        map[string]bool // settings without a final answer yet, by name
	tried       map[string]bool // settings that were sent in this session
	allFacts    bool            // all facts were asked for
	overdue     bool            // the whole report was due at the opening
	whole       bool            // it is due
	wantAll     bool            // the installed updates are due
	askedAll    bool            // and were asked for
	rollbackRun bool            // an order may have changed the results of rollbacks
	finished    bool            // every stage was done
}

// question is a command and what is done with its answer.
type question struct {
	command device.Command
	take    func(device.Answer)
}

// ask says a command with the next message.
func (t *talk) ask(c device.Command, take func(device.Answer)) {
	t.next = append(t.next, question{c, take})
}

// Next implements [session.Dialogue].
func (t *talk) Next(ctx context.Context, answers []device.Answer) ([]device.Command, error) {
	t.take(answers)
	if t.allFacts { // with an earlier message, which was answered to its end
		t.factsAt = t.now
	}
	if err := t.keepUrgent(ctx); err != nil {
		return nil, err
	}
	if t.unenrolled != "" {
		return nil, nil
	}
	stages := [...]func(*talk){
		(*talk).poll, (*talk).refresh, (*talk).tell, (*talk).askApproved, (*talk).approve,
		(*talk).order, (*talk).report, (*talk).unenroll,
	}
	for len(t.next) == 0 && t.stage < len(stages) {
		stages[t.stage](t)
		t.stage++
	}
	if err := t.keepIntents(ctx); err != nil {
		return nil, err
	}
	t.finished = len(t.next) == 0
	t.said, t.next = t.next, nil
	commands := make([]device.Command, 0, len(t.said))
	for _, q := range t.said {
		commands = append(commands, q.command)
	}
	return commands, nil
}

// take reads the answers to what was said last.
func (t *talk) take(answers []device.Answer) {
	said := t.said
	t.said = nil
	for i, q := range said {
		if i == len(answers) {
			return
		}
		a := answers[i]
		a.Command = q.command
		q.take(a)
	}
}

// Heard implements [session.Dialogue].
func (t *talk) Heard(ctx context.Context, a device.Alert) error {
	if !session.IsUnenroll(a) {
		t.log.Debug("alert", "code", a.Code, "type", a.Type)
		return nil
	}
	t.leave("by its user")
	return t.keepUrgent(ctx)
}

// leave notes that the device is no longer enrolled.
func (t *talk) leave(why string) {
	if t.unenrolled != "" {
		return
	}
	if t.kept.Enrollment.State == device.Leaving {
		why = "by an administrator"
	}
	t.unenrolled = why
	t.log.Info("device unenrolled", "why", why)
}

// Sending implements [session.Dialogue].
func (t *talk) Sending(ctx context.Context, once []int64) error {
	if err := t.Records.Sending(ctx, t.id, once); err != nil {
		return fmt.Errorf("note orders that are sent: %w", err)
	}
	return nil
}

// Close implements [session.Dialogue]. What was learned before a session broke
// is kept.
func (t *talk) Close(ctx context.Context, complete bool, answers []device.Answer) error {
	t.take(answers)
	whole := complete && (t.finished || t.unenrolled != "")
	if whole {
		t.settle()
	}
	t.date(whole)
	if n := t.reading.Notes(); len(n) > 0 {
		t.log.Warn("report with rubbish", "notes", strings.Join(n, "; "))
	}
	l := t.lesson()
	if whole && t.kept.SyncAsked {
		l.SyncDone = true
	}
	return t.keep(ctx, l)
}

// LargeObjects reports whether the device takes values in chunks.
func (t *talk) LargeObjects() bool { return t.facts.LargeObjects }

// osVersion is the version of the device, as it said it last.
func (t *talk) osVersion() string {
	if t.facts.OSVersion != "" {
		return t.facts.OSVersion
	}
	return t.kept.Enrollment.OSVersion
}

// version is the same, read; zero for one that is not known.
func (t *talk) version() updatecsp.Version {
	v, err := updatecsp.ParseVersion(t.osVersion())
	if err != nil {
		return updatecsp.Version{}
	}
	return v
}

// edition is the SKU number of the device, 0 for one that is not known.
func (t *talk) edition() int {
	if t.facts.OSEdition != 0 {
		return t.facts.OSEdition
	}
	return t.kept.Enrollment.OSEdition
}

// leaving reports whether an administrator unenrolled the device: nothing else
// is said to it any more.
func (t *talk) leaving() bool { return t.kept.Enrollment.State == device.Leaving }
