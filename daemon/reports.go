package daemon

import (
	"context"
	"maps"
	"slices"

	"sluice/wsus/catalog"
	"sluice/wsus/reporting"
	"sluice/wsus/update"
)

// knownReports hands on what reports say of updates that are known here. No
// honest computer is told of any other, and whoever makes them up would make the
// store count them for good.
type knownReports struct {
	sink    reporting.Sink
	current func() *catalog.Snapshot
}

var _ reporting.Sink = knownReports{}

// Report implements [reporting.Sink].
func (k knownReports) Report(ctx context.Context, device int64, r reporting.Report) error {
	graph := k.current().Graph()
	unknown := func(id update.ID) bool {
		_, ok := graph.Head(id)
		return !ok
	}
	if r.Status != nil {
		maps.DeleteFunc(r.Status.States, func(id update.ID, _ update.State) bool { return unknown(id) })
	}
	r.States = slices.DeleteFunc(r.States, func(c reporting.StateChange) bool { return unknown(c.Update.ID) })
	return k.sink.Report(ctx, device, r)
}
