package daemon

import (
	"context"
	"net/http"

	"sluice/daemon/metrics"
	"sluice/wsus/clientsync"
)

// WSUS returns what the WSUS door over TLS serves, without the door.
func (a *Appliance) WSUS(ctx context.Context, contentPort int) (http.Handler, error) {
	s, err := a.settings(ctx, contentPort)
	if err != nil {
		return nil, err
	}
	zero := func() float64 { return 0 }
	m := metrics.New("test", metrics.Gauges{Revisions: zero, Updates: zero, Seq: zero})
	return secureDoor(a.wsus(m, func() *clientsync.Settings { return s })), nil
}

// Show shows what was committed, as a running appliance does within a second.
func (a *Appliance) Show(ctx context.Context) error { return a.catalog.rebuild(ctx) }

// PurgeTombstones does the job of that name.
func (a *Appliance) PurgeTombstones(ctx context.Context) error { return a.store.PurgeTombstones(ctx) }
