package dialogue_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"

	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/omadm/session"
)

var errStore = errors.New("disk full")

// broken is a store that fails at one of its methods.
type broken struct {
	*office
	at string
}

// Open implements [dialogue.Records].
func (b broken) Open(ctx context.Context, id device.EnrollmentID) (*dialogue.Record, error) {
	if b.at == "Open" {
		return nil, errStore
	}
	return b.office.Open(ctx, id)
}

// Learn implements [dialogue.Records].
func (b broken) Learn(ctx context.Context, id device.EnrollmentID, l *dialogue.Lesson) error {
	if b.at == "Learn" {
		return errStore
	}
	return b.office.Learn(ctx, id, l)
}

// Sending implements [dialogue.Records].
func (b broken) Sending(ctx context.Context, id device.EnrollmentID, orders []int64) error {
	if b.at == "Sending" {
		return errStore
	}
	return b.office.Sending(ctx, id, orders)
}

// A store that fails ends the session, before the device hears what could not be
// noted; nothing else is lost, and the next session does it all.
func TestFaults(t *testing.T) {
	t.Parallel()
	unenroll := device.Alert{Code: 1226, Type: " com.microsoft:mdm.unenrollment.userrequest"}
	open := func(o *office, at string, alerts ...device.Alert) (session.Dialogue, error) {
		o.config.Records = broken{o, at}
		d, err := dialogue.New(o.config, slog.New(slog.DiscardHandler)).Open(t.Context(), o.record.Enrollment, session.Opening{Alerts: alerts})
		o.config.Records = o
		return d, err
	}
	t.Run("Open", func(t *testing.T) {
		t.Parallel()
		if _, err := open(newOffice(t, nil), "Open"); !errors.Is(err, errStore) {
			t.Errorf("err %v", err)
		}
	})
	t.Run("Learn of what is about to be sent", func(t *testing.T) {
		t.Parallel()
		o := full(t)
		d, err := open(o, "Learn")
		if err != nil {
			t.Fatal(err)
		}
		if said, err := d.Next(t.Context(), nil); !errors.Is(err, errStore) || said != nil {
			t.Errorf("said %v, err %v", said, err)
		}
		if err := d.Close(t.Context(), false, nil); !errors.Is(err, errStore) {
			t.Errorf("close: %v", err)
		}
		o.poll()
		goal(t, o)
	})
	t.Run("Learn of the end", func(t *testing.T) {
		t.Parallel()
		o := newOffice(t, nil)
		if _, err := open(o, "Learn", unenroll); !errors.Is(err, errStore) {
			t.Errorf("err %v", err)
		}
		d, err := open(o, "Learn")
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Heard(t.Context(), unenroll); !errors.Is(err, errStore) {
			t.Errorf("err %v", err)
		}
	})
	t.Run("Sending", func(t *testing.T) {
		t.Parallel()
		d, err := open(newOffice(t, nil), "Sending")
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Sending(t.Context(), []int64{1}); !errors.Is(err, errStore) {
			t.Errorf("err %v", err)
		}
	})
}

// A device that says in the middle of a session that it leaves hears nothing
// more, and what it answered until then is kept.
func TestUnenrollInSession(t *testing.T) {
	t.Parallel()
	o := newOffice(t, some())
	d, err := dialogue.New(o.config, slog.New(slog.DiscardHandler)).Open(t.Context(), o.record.Enrollment, session.Opening{})
	if err != nil {
		t.Fatal(err)
	}
	said, err := d.Next(t.Context(), nil)
	if err != nil || len(said) == 0 {
		t.Fatal(said, err)
	}
	for _, a := range []device.Alert{{Code: 1226, Type: "com.microsoft/app.installed"}, {Code: 1226, Type: "com.microsoft:mdm.unenrollment.userrequest"}} {
		if err := d.Heard(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	var answers []device.Answer
	for _, c := range said {
		answers = append(answers, o.do(c))
	}
	if said, err := d.Next(t.Context(), answers); said != nil || err != nil {
		t.Errorf("said %v, %v", said, err)
	}
	if err := d.Close(t.Context(), true, nil); err != nil {
		t.Fatal(err)
	}
	unenrolled := slices.DeleteFunc(slices.Clone(o.lessons), func(l *dialogue.Lesson) bool { return l.Unenrolled == "" })
	if len(unenrolled) != 1 || len(o.policies()) != len(some()) || o.record.Settings["UpdateServiceUrl"].Status != 200 {
		t.Errorf("%d lessons of the end, settings %+v", len(unenrolled), o.record.Settings)
	}
}

// The engine may hand large values to devices that say so.
func TestLargeObjects(t *testing.T) {
	t.Parallel()
	o := newOffice(t, nil)
	o.values["DevDetail/LrgObj"] = "true"
	o.poll()
	d, err := dialogue.New(o.config, slog.New(slog.DiscardHandler)).Open(t.Context(), o.record.Enrollment, session.Opening{})
	if err != nil {
		t.Fatal(err)
	}
	if l, ok := d.(interface{ LargeObjects() bool }); !ok || !l.LargeObjects() {
		t.Error("no large objects for a device that takes them")
	}
}
