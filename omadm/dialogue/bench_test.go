package dialogue_test

import (
	"context"
	"log/slog"
	"testing"

	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/omadm/session"
)

// fixed is a store that holds one record and keeps nothing.
type fixed struct {
	*office
	record *dialogue.Record
}

// Open implements [dialogue.Records].
func (f fixed) Open(context.Context, device.EnrollmentID) (*dialogue.Record, error) {
	return f.record, nil
}

// BenchmarkIdle is a poll of a device with nothing new, without the store, the
// engine and the device.
func BenchmarkIdle(b *testing.B) {
	o := full(b)
	o.poll()
	rec, err := o.Open(b.Context(), o.record.Enrollment.ID)
	if err != nil {
		b.Fatal(err)
	}
	o.config.Records = fixed{o, rec}
	dialogues := dialogue.New(o.config, slog.New(slog.DiscardHandler))
	var answers []device.Answer
	b.ReportAllocs()
	for b.Loop() {
		d, err := dialogues.Open(b.Context(), rec.Enrollment, session.Opening{})
		if err != nil {
			b.Fatal(err)
		}
		said, err := d.Next(b.Context(), nil)
		if err != nil {
			b.Fatal(err)
		}
		if answers == nil {
			for _, c := range said {
				answers = append(answers, o.do(c))
			}
		}
		if said, err = d.Next(b.Context(), answers); err != nil || len(said) > 0 {
			b.Fatal(said, err)
		}
		if err := d.Close(b.Context(), true, nil); err != nil {
			b.Fatal(err)
		}
	}
}
