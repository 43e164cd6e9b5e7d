package catalogimport

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/semaphore"

	"sluice/wsus/metadata"
	"sluice/wsus/update"
)

// batchSize is how many revisions one transaction stages at most, and batchBytes
// how much metadata: enough that the commit is not what costs, little enough
// that the writer is free again in a moment and the memory stays small.
const (
	batchSize  = 500
	batchBytes = 8 << 20
)

// underWay is how many bytes of metadata are between reader and writer at most,
// or else one revision: a core reaches 47 MB, and while it is split it is in
// memory some three times.
const underWay = 64 << 20

// job is an item on its way to a worker.
type job struct {
	item  update.Item
	place chan outcome
}

// outcome is what became of an item.
type outcome struct {
	name     string
	size     int
	prepared Prepared
	err      error
}

// pipeline carries items through the workers and keeps their order: for each
// the reader queues a place, which a worker fills.
type pipeline struct {
	places  chan chan outcome
	jobs    chan job
	room    *semaphore.Weighted
	readErr error // once places is closed
}

// metadata stages the revisions: one goroutine reads the medium, some split and
// compress, this one writes. All of them are gone when it returns.
func (r *run) metadata(ctx context.Context) error {
	workers := runtime.GOMAXPROCS(0)
	p := &pipeline{
		places: make(chan chan outcome, 4*workers),
		jobs:   make(chan job),
		room:   semaphore.NewWeighted(underWay),
	}
	inner, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for j := range p.jobs {
				prepared, err := r.prepare(&j.item)
				j.place <- outcome{name: j.item.Name, size: itemSize(&j.item), prepared: prepared, err: err}
			}
		})
	}
	wg.Go(func() { p.read(inner, r.src) })
	err := r.stage(inner, p)
	cancel()
	wg.Wait()
	switch {
	case ctx.Err() != nil:
		return ctx.Err() // whatever else went wrong then
	case err != nil:
		return err
	case p.readErr != nil:
		return mediumError{p.readErr}
	}
	return nil
}

// read queues the items of the medium, to its end or that of ctx.
func (p *pipeline) read(ctx context.Context, src Source) {
	defer close(p.places)
	defer close(p.jobs)
	for it, err := range src.Items(ctx) {
		j := job{item: it, place: make(chan outcome, 1)}
		var bad *update.ItemError
		switch {
		case errors.As(err, &bad):
			j.place <- outcome{name: bad.Item, err: bad.Reason}
		case err != nil:
			p.readErr = err
			return
		case p.room.Acquire(ctx, weight(itemSize(&it))) != nil:
			return
		}
		select {
		case p.places <- j.place:
		case <-ctx.Done():
			return
		}
		if bad != nil {
			continue
		}
		select {
		case p.jobs <- j:
		case <-ctx.Done():
			return
		}
	}
}

// weight is what an item takes of the room; a larger one than all of it takes all.
func weight(size int) int64 { return min(int64(size), underWay) }

func itemSize(it *update.Item) int {
	n := len(it.Document)
	if f := it.Fragments; f != nil {
		n += len(f.Core) + len(f.Extended)
		for _, l := range f.Localized {
			n += len(l.XML)
		}
		for _, l := range f.Eula {
			n += len(l.XML)
		}
	}
	return n
}

// stage writes what the workers finished, in batches.
func (r *run) stage(ctx context.Context, p *pipeline) error {
	batch := make([]Prepared, 0, batchSize)
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		n, err := r.staging.Stage(ctx, batch)
		if err != nil {
			return err
		}
		r.report.New += n.New
		r.report.Unchanged += n.Unchanged
		r.report.Revisions += n.New + n.Unchanged
		r.report.refuse(n.Refused...)
		clear(batch)
		batch, size = batch[:0], 0
		return nil
	}
	for place := range p.places {
		var out outcome
		select {
		case out = <-place:
		case <-ctx.Done():
			return ctx.Err()
		}
		p.room.Release(weight(out.size))
		if out.err != nil {
			if err := r.refuse(ctx, out.name, out.err); err != nil {
				return err
			}
			continue
		}
		batch, size = append(batch, out.prepared), size+out.size
		if len(batch) == batchSize || size >= batchBytes {
			if err := flush(); err != nil {
				return err
			}
		}
		r.progress("metadata", out.name, 0)
	}
	return flush()
}

// prepare turns an item into what the library stores. Its error refuses the item:
// also metadata that nobody thought of must not end the appliance.
func (r *run) prepare(it *update.Item) (p Prepared, err error) {
	defer func() {
		if v := recover(); v != nil {
			p, err = nil, fmt.Errorf("its metadata could not be worked out: %v", v)
		}
	}()
	if r.medium.Provenance == "" {
		return nil, ErrUnsigned // a source of files alone has no say over metadata
	}
	var rev *update.Revision
	frags := it.Fragments
	switch {
	case it.Document != nil:
		rev, frags, err = metadata.Split(it.Document)
	case frags != nil:
		rev, err = metadata.FromFragments(frags)
	default:
		err = errors.New("it has neither a document nor fragments")
	}
	switch {
	case err != nil:
		return nil, err
	case it.Expect != (update.Identity{}) && it.Expect != rev.Identity:
		return nil, fmt.Errorf("the medium calls it %v, its own metadata %v", it.Expect, rev.Identity)
	case len(frags.Extended) == 0 && (rev.Type == update.Software || rev.Type == update.Driver):
		return nil, errors.New("its extended fragment is missing, without which no computer can install it")
	}
	rev.Minted = it.Minted
	if rev.Created.IsZero() {
		rev.Created = it.Created
	}
	return r.staging.Prepare(rev, it, frags)
}
