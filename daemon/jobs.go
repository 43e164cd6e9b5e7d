package daemon

import (
	"context"
	"time"

	"sluice/daemon/store"
)

// job is work that comes by itself.
type job struct {
	name  string
	every time.Duration
	run   func(context.Context) error
}

// jobs lists the work by the clock. Each is run once soon after the start too,
// for an appliance that is switched off every night.
func (a *Appliance) jobs() []job {
	return []job{
		{"purge events", 6 * time.Hour, func(ctx context.Context) error {
			return a.store.PurgeEvents(ctx, time.Duration(a.cfg.Retention.Events), time.Duration(a.cfg.Retention.ServerEvents))
		}},
		{"purge tombstones", 24 * time.Hour, a.store.PurgeTombstones},
		{"purge missed files", 24 * time.Hour, a.store.PurgeMissed},
		{"purge needed updates", time.Hour, a.store.PurgeNeeded},
		{"end enrollments of devices that left", 5 * time.Minute, a.store.EndLeft},
		{"sweep refused imports", 24 * time.Hour, a.store.SweepImports},
		{"look at content", 4 * time.Hour, a.content.Refresh},
	}
}

// runJob runs a job again and again until ctx ends.
func (a *Appliance) runJob(ctx context.Context, j job) {
	for {
		if err := j.run(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("job failed", "job", j.name, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(j.every):
		}
	}
}

// watchReadiness looks again at which approvals wait when files came or went or
// metadata changed.
func (a *Appliance) watchReadiness(ctx context.Context) {
	changes, stop := a.store.Subscribe(store.ContentChanged | store.CatalogChanged)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-changes:
		}
		if err := a.store.RefreshReadiness(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("readiness of approvals not refreshed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(rebuildEvery):
		}
	}
}
