package daemon

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"sluice/daemon/store"
	"sluice/wsus/catalog"
)

// catalogs keeps the snapshot that scans read, and makes a new one after a
// change in the store: the graph only when an import was applied, the rules and
// the scope always.
type catalogs struct {
	store   *store.Store
	now     func() time.Time
	bound   func(heap int64) // see [catalogs.boundHeap]; may be nil
	current atomic.Pointer[catalog.Snapshot]

	mu       sync.Mutex // one rebuild at a time
	graphSeq int64      // of the last import that the graph certainly shows
}

func openCatalogs(ctx context.Context, s *store.Store, now func() time.Time) (*catalogs, error) {
	c := &catalogs{store: s, now: now}
	return c, c.rebuild(ctx)
}

// Current returns the snapshot of now.
func (c *catalogs) Current() *catalog.Snapshot { return c.current.Load() }

// rebuild shows what is in the store now. It reads the revisions anew if an
// import was applied since it last did.
func (c *catalogs) rebuild(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	rules, seq, applied, err := c.read(ctx)
	if err == nil && applied != c.graphSeq {
		// A new revision of what is approved may want files or license terms that
		// the one before did not. Nobody shall be told to install it before that
		// was looked at.
		if err = c.store.RefreshReadiness(ctx); err == nil {
			rules, seq, applied, err = c.read(ctx)
		}
	}
	if err != nil {
		return fmt.Errorf("show catalog: %w", err)
	}
	var g *catalog.Graph
	if old := c.current.Load(); old != nil && applied == c.graphSeq {
		g = old.Graph()
	} else if g, err = catalog.Build(c.store.GraphRows(ctx)); err != nil {
		return fmt.Errorf("show catalog: %w", err)
	}
	c.graphSeq = applied
	c.current.Store(catalog.NewSnapshot(g, rules, seq, c.now()))
	c.boundNow()
	return nil
}

// read returns the rules with their seq, and the last import. The rules are read
// first: a seq that is too low only repeats something. One that is too high would
// never be told, so that the graph is at least as new.
func (c *catalogs) read(ctx context.Context) (rules *catalog.Rules, seq, applied int64, err error) {
	if rules, seq, err = c.store.Rules(ctx); err != nil {
		return nil, 0, 0, err
	}
	applied, err = c.store.CatalogSeq(ctx)
	return rules, seq, applied, err
}

// rebuildEvery is how often the snapshot is made anew at most while changes
// keep coming, and scopeEvery how often it is without any: the scope depends on
// the day.
const (
	rebuildEvery = time.Second
	scopeEvery   = time.Hour
)

// run rebuilds after changes until ctx ends. failed is told of rebuilds that
// did not work; the snapshot before stays.
func (c *catalogs) run(ctx context.Context, failed func(error)) {
	changes, stop := c.store.Subscribe(store.CatalogChanged | store.DeploymentsChanged)
	defer stop()
	hourly := time.NewTicker(scopeEvery)
	defer hourly.Stop()
	for {
		due := false
		select {
		case <-ctx.Done():
			return
		case <-changes:
		case <-hourly.C:
			due = true
		}
		if due || c.Current().Seq != c.store.Seq() {
			if err := c.rebuild(ctx); err != nil && ctx.Err() == nil {
				failed(err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(rebuildEvery):
		}
	}
}
