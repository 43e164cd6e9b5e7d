package dialogue_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/omadm/session"
	"sluice/omadm/updatecsp"
	"sluice/wsus/update"
)

var (
	start = time.Date(2026, 3, 14, 8, 0, 0, 0, time.UTC)
	kb1   = update.MustParseID("a317dafe-baf4-453f-b232-a7075efae36e")
	kb2   = update.MustParseID("00000000-0000-4000-8000-00000000000b")
	kb3   = update.MustParseID("ffffffff-0000-4000-8000-00000000000c")
)

const definitions = "e0789628-ce08-4437-be74-2495b842f43b"

// tester is a test, or a trial of one.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// office is a store of one enrollment, the dialogues about it, and the device.
type office struct {
	t       tester
	now     time.Time
	record  dialogue.Record
	sending []int64 // that were noted as sent
	plan    []update.ID
	lessons []*dialogue.Lesson
	seen    int
	config  dialogue.Config
	*machine
}

func newOffice(t tester, desired map[string]string) *office {
	o := &office{t: t, now: start, machine: newMachine()}
	o.record.Enrollment = device.Enrollment{ID: "7f0c8d2e-0000-4000-8000-000000000001", State: device.Active, OSVersion: "10.0.19045.4170", OSEdition: 48}
	o.want(desired)
	o.config = dialogue.Config{Records: o, Now: func() time.Time { return o.now }}
	return o
}

// want sets what the device is to have.
func (o *office) want(values map[string]string) {
	o.record.Desired = updatecsp.Desired{}
	for name, v := range values {
		o.record.Desired[name] = updatecsp.Choice{Value: v}
	}
}

// Open implements [dialogue.Records].
func (o *office) Open(context.Context, device.EnrollmentID) (*dialogue.Record, error) {
	r := o.record
	r.Settings = through(o.t, o.record.Settings)
	r.Report = through(o.t, o.record.Report)
	r.Facts = through(o.t, o.record.Facts)
	// What must not be done twice is not sent twice.
	r.Orders = slices.DeleteFunc(slices.Clone(r.Orders), func(w dialogue.Order) bool {
		return w.Command.Once != 0 && slices.Contains(o.sending, w.ID)
	})
	r.Approve = func(ids []update.ID) []update.ID {
		return slices.DeleteFunc(slices.Clone(ids), func(id update.ID) bool { return !slices.Contains(o.plan, id) })
	}
	return &r, nil
}

// through takes a value into a store and out again.
func through[V any](t tester, v V) V {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out V
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Learn implements [dialogue.Records].
func (o *office) Learn(_ context.Context, _ device.EnrollmentID, l *dialogue.Lesson) error {
	o.lessons = append(o.lessons, l)
	if l.Facts != nil {
		o.record.Facts = *l.Facts
	}
	if !l.FactsAt.IsZero() {
		o.record.FactsAt = l.FactsAt
	}
	for name, s := range l.Settings {
		if o.record.Settings == nil {
			o.record.Settings = map[string]dialogue.Setting{}
		}
		if delete(o.record.Settings, name); s != nil {
			o.record.Settings[name] = *s
		}
	}
	if l.Report != nil {
		o.record.Report = through(o.t, l.Report)
	}
	if !l.ReportedAt.IsZero() {
		o.record.ReportedAt = l.ReportedAt
	}
	for _, r := range l.Orders {
		o.record.Orders = slices.DeleteFunc(o.record.Orders, func(w dialogue.Order) bool { return w.ID == r.ID })
	}
	if l.SyncDone {
		o.record.SyncAsked = false
	}
	if l.Unenrolled != "" {
		o.record.Enrollment.State = device.Unenrolled
	}
	return nil
}

// Sending implements [dialogue.Records].
func (o *office) Sending(_ context.Context, _ device.EnrollmentID, orders []int64) error {
	o.sending = append(o.sending, orders...)
	return nil
}

// Seen implements [dialogue.Records].
func (o *office) Seen(device.EnrollmentID, string) { o.seen++ }

// fate is how a session ends; the zero one is that it goes to its end.
type fate struct {
	at   int    // number of the message of ours that it breaks at, from 1
	on   string // or an URI that it asks for
	kind breaking
	done int // commands of that message that the device does, where it gets it
}

type breaking int

const (
	unsent   breaking = iota // the message does not reach the device, and we notice
	halfway                  // it answers some commands, and the rest is lost
	lost                     // it does them, the answers are lost, and we notice
	killed                   // the same, and we die
	killed0                  // we die before the message leaves
	breakups                 // how many there are
)

// poll is a session; it returns the commands of each message.
func (o *office) poll(alerts ...device.Alert) [][]device.Command {
	return o.session(fate{}, alerts...)
}

func (o *office) session(f fate, alerts ...device.Alert) [][]device.Command {
	o.t.Helper()
	ctx := context.Background()
	opening := session.Opening{Alerts: alerts, Addr: "192.0.2.7"}
	for _, leaf := range []string{"DevId", "Man", "Mod", "DmV", "Lang"} {
		opening.Items = append(opening.Items, device.Item{URI: "./DevInfo/" + leaf, Data: o.info[leaf]})
	}
	d, err := dialogue.New(o.config, slog.New(slog.DiscardHandler)).Open(ctx, o.record.Enrollment, opening)
	if err != nil {
		o.t.Fatal(err)
	}
	var said [][]device.Command
	var answers []device.Answer
	for {
		commands, err := d.Next(ctx, answers)
		if err != nil {
			o.t.Fatal(err)
		}
		if len(commands) == 0 {
			break
		}
		if len(said) > 20 {
			o.t.Fatalf("no end of it: %v", commands)
		}
		said = append(said, commands)
		breaks := f.at == len(said) || f.on != "" && slices.ContainsFunc(commands, func(c device.Command) bool { return c.URI == f.on })
		if breaks && f.kind == killed0 {
			return said
		}
		answers = make([]device.Answer, len(commands))
		for i, c := range commands {
			answers[i] = device.Answer{Command: c}
			if c.Once != 0 && !(breaks && f.kind == unsent) {
				if err := d.Sending(ctx, []int64{c.Once}); err != nil {
					o.t.Fatal(err)
				}
			}
		}
		for i, c := range commands {
			if breaks && (f.kind == unsent || i >= f.done) {
				break
			}
			a := o.do(c)
			if !breaks || f.kind == halfway {
				answers[i] = a
			}
		}
		switch {
		case !breaks:
			continue
		case f.kind == killed:
			return said
		}
		if err := d.Close(ctx, false, answers); err != nil {
			o.t.Fatal(err)
		}
		return said
	}
	if err := d.Close(ctx, true, nil); err != nil {
		o.t.Fatal(err)
	}
	return said
}

// statuses are the answers to settings, by name.
func (o *office) statuses() map[string]device.Status {
	got := map[string]device.Status{}
	for name, s := range o.record.Settings {
		got[name] = s.Status
	}
	return got
}

// later lets time pass.
func (o *office) later(d time.Duration) { o.now = o.now.Add(d) }

// uris are those of commands, each with its verb.
func uris(commands []device.Command) []string {
	var out []string
	for _, c := range commands {
		out = append(out, string(c.Verb)+" "+c.URI)
	}
	return out
}

var (
	_ dialogue.Records  = (*office)(nil)
	_ session.Dialogues = (*dialogue.Dialogues)(nil)
)

// Open implements [dialogue.Records].
func (g generous) Open(ctx context.Context, id device.EnrollmentID) (*dialogue.Record, error) {
	r, err := g.office.Open(ctx, id)
	r.Approve = func([]update.ID) []update.ID { return []update.ID{kb3, kb2, kb1} }
	return r, err
}

// Open implements [dialogue.Records].
func (m mean) Open(ctx context.Context, id device.EnrollmentID) (*dialogue.Record, error) {
	r, err := m.office.Open(ctx, id)
	r.Approve = nil
	return r, err
}
