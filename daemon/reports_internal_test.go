package daemon

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/wsus/catalog"
	"sluice/wsus/reporting"
	"sluice/wsus/update"
)

type lastReport struct{ r reporting.Report }

func (l *lastReport) Report(_ context.Context, _ int64, r reporting.Report) error {
	l.r = r
	return nil
}

func TestOnlyKnownUpdatesAreCounted(t *testing.T) {
	t.Parallel()
	known, madeUp := update.ID{1}, update.ID{2}
	g, err := catalog.Build(func(yield func(catalog.Row, error) bool) {
		yield(catalog.Row{ID: 1, Identity: update.Identity{ID: known, Number: 1}, Type: update.Software}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	snap := catalog.NewSnapshot(g, &catalog.Rules{}, 1, time.Now())
	sink := new(lastReport)
	k := knownReports{sink, func() *catalog.Snapshot { return snap }}
	event := update.Event{EventID: 162, Update: update.Identity{ID: madeUp}}
	err = k.Report(t.Context(), 1, reporting.Report{
		Events: []update.Event{event},
		Status: &reporting.Status{States: map[update.ID]update.State{known: update.Installed, madeUp: update.Installed}},
		States: []reporting.StateChange{{Update: update.Identity{ID: madeUp}}, {Update: update.Identity{ID: known}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := reporting.Report{
		Events: []update.Event{event},
		Status: &reporting.Status{States: map[update.ID]update.State{known: update.Installed}},
		States: []reporting.StateChange{{Update: update.Identity{ID: known}}},
	}
	if diff := cmp.Diff(want, sink.r); diff != "" {
		t.Errorf("what is kept (-want +got):\n%s", diff)
	}
}
