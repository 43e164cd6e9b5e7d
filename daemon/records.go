package daemon

import (
	"context"

	"sluice/omadm/device"
	"sluice/omadm/dialogue"
	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

// records is what sessions with devices read and teach: the store, with what the
// groups of a device and the catalog want of it.
type records struct{ *Appliance }

var _ dialogue.Records = records{}

// Open returns what is known of an enrollment and wanted of it.
func (r records) Open(ctx context.Context, id device.EnrollmentID) (*dialogue.Record, error) {
	known, err := r.store.OpenRecord(ctx, id)
	if err != nil {
		return nil, err
	}
	rec := &known.Record
	rec.Approve = func([]update.ID) []update.ID { return nil }
	seat, ok := r.fleet.roster.Seat(known.Machine)
	if !ok {
		return rec, nil // deleted a moment ago: nothing is wanted of it
	}
	groups, holds, ok := r.fleet.roster.Sets(seat.Plan)
	if !ok {
		return rec, nil
	}
	rec.Approve = func(ids []update.ID) []update.ID { return r.approved(seat.Plan, groups, holds, ids) }
	rec.Desired, err = r.policies.of(ctx, seat.Plan.GroupSet, groups)
	return rec, err
}

// approved returns which updates a device may install: those of the plan that
// its scans are answered by. Deployments that wait for files or for their
// license terms are none of it.
func (r records) approved(key catalog.PlanKey, groups catalog.GroupSet, holds *catalog.HoldSet, ids []update.ID) []update.ID {
	snap := r.catalog.Current()
	plan := snap.Plan(key, groups, holds)
	var out []update.ID
	for _, id := range ids {
		if d := snap.Decide(plan, id); d.InScope && d.Action == update.Install {
			out = append(out, id)
		}
	}
	return out
}

// Learn keeps what a session taught.
func (r records) Learn(ctx context.Context, id device.EnrollmentID, l *dialogue.Lesson) error {
	return r.fleet.Learn(ctx, id, l)
}

// Sending notes that commands are about to go out.
func (r records) Sending(ctx context.Context, id device.EnrollmentID, orders []int64) error {
	return r.store.Sending(ctx, id, orders)
}

// Seen notes that a device was heard, and writes it later.
func (r records) Seen(id device.EnrollmentID, addr string) { r.sinks.polled(id, addr) }
