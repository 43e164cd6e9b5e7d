package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"sluice/catalogimport"
	"sluice/daemon/config"
	"sluice/daemon/credential"
	"sluice/daemon/store"
	"sluice/wsus/content"
	"sluice/wsus/update"
)

// Options are what an appliance is opened with. Config, Log and Now are required.
type Options struct {
	Config  *config.Config
	Log     *slog.Logger
	Now     func() time.Time
	Version string
	// Hostname stands in for a public_host that is not set; empty asks the
	// operating system.
	Hostname string
	// BoundHeap is told how many bytes the Go heap should take at most, each time
	// that the catalog is shown anew. Nil where the process bounds it otherwise.
	BoundHeap func(bytes int64)
}

// Appliance is an open data folder with everything that works on it.
type Appliance struct {
	cfg      *config.Config
	log      *slog.Logger
	now      func() time.Time
	version  string
	hostname string
	started  time.Time

	store    *store.Store
	content  *content.Store
	fleet    *registry
	catalog  *catalogs
	keys     *keyRing
	trusted  *authorities
	policies *policies
	hasher   *credential.Hasher
	sinks    *sinks
	ingester *catalogimport.Ingester
	imports  chan struct{} // holds a token while an import runs
	damaged  chan error
	doors    atomic.Pointer[Addresses] // nil while none is open
}

// Open opens the data folder that the configuration names. It fails with
// [store.ErrLocked] where another process has it.
func Open(ctx context.Context, o Options) (_ *Appliance, err error) {
	a := &Appliance{
		cfg: o.Config, log: o.Log, now: o.Now, version: o.Version, hostname: o.Hostname, started: o.Now(),
		imports: make(chan struct{}, 1), damaged: make(chan error, 1),
	}
	if a.hostname == "" {
		if a.hostname, err = os.Hostname(); err != nil {
			return nil, fmt.Errorf("find the host name: %w", err)
		}
	}
	a.store, err = store.Open(ctx, store.Options{
		Dir: a.cfg.DataDir, Log: a.log, Now: a.now, MinFree: int64(a.cfg.MinFree),
		OnDamage: func(err error) { a.damaged <- err }, Languages: a.cfg.Import.Languages,
		Admit: newAdmission(a.log, a.now, func() int { return a.fleet.roster.Len() }).admit,
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.store.Close())
		}
	}()
	a.sinks = newSinks(a.store, a.log, a.now)
	adopted, err := a.store.ContentRoots(ctx)
	if err != nil {
		return nil, err
	}
	a.content, err = content.Open(ctx, content.Options{
		Root: a.cfg.ContentDir, ReadOnly: append(slices.Clone(a.cfg.ContentRoots), adopted...), MinFree: int64(a.cfg.MinFree),
		Verdicts: a.store, Log: a.log, Now: a.now,
		Changed: func(d update.Digest) { a.sinks.contentChanged(d, a.content.Have(d)) },
	})
	if err != nil {
		return nil, err
	}
	if a.keys, err = openKeys(ctx, a.store); err != nil {
		return nil, err
	}
	a.trusted = newAuthorities(a.store, a.cfg.CA, a.names()[0], a.now, a.log)
	if a.fleet, err = openRegistry(ctx, a.store, a.cfg.WSUS.Targeting == config.ClientTargeting); err != nil {
		return nil, err
	}
	a.policies = newPolicies(a.store, a.environment)
	a.hasher = credential.NewHasher()
	if a.catalog, err = openCatalogs(ctx, a.store, a.now); err != nil {
		return nil, err
	}
	a.catalog.boundHeap(o.BoundHeap)
	a.ingester = &catalogimport.Ingester{Library: a.store.Library(), Content: contentSink{a.content, a.store}, Now: a.now}
	return a, nil
}

// Close closes the data folder. Nothing may use the appliance any more.
func (a *Appliance) Close() error { return a.store.Close() }

// names are the names by which devices reach the appliance.
func (a *Appliance) names() []string { return a.cfg.Names(a.hostname) }

// drawSecret makes a new random secret.
func drawSecret() ([]byte, error) {
	b := make([]byte, 32)
	_, err := rand.Read(b)
	return b, err
}
