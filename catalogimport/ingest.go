package catalogimport

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"sluice/wsus/metadata"
	"sluice/wsus/update"
)

// Options are one administrator's orders about a medium.
type Options struct {
	// AcceptUnsigned imports metadata that nobody signed, on the word of By.
	AcceptUnsigned bool
	By             string
	// Progress is told how far the import is, at most a few times a second and
	// from one goroutine at a time. It may be nil.
	Progress func(Progress)
}

// Ingester is the way in for every source.
type Ingester struct {
	Library Library
	Content Content
	Now     func() time.Time
}

// batchSize is how many revisions one transaction stages at most, and batchBytes
// how much metadata: enough that the commit is not what costs, little enough
// that the writer is free again in a moment and the memory stays small.
const (
	batchSize  = 500
	batchBytes = 8 << 20
)

// Ingest imports a medium. It returns the record of the import also where it
// refused the medium; the error is then a [RefusedError]. Any other error means
// that the medium may be fine but the appliance could not take it (a full disk,
// a stop): what was staged is kept and the same medium resumes it.
func (g *Ingester) Ingest(ctx context.Context, src Source, opt Options) (*Report, error) {
	m := src.Medium()
	rep := &Report{
		Source: m.Source, Format: m.Format, Provenance: string(m.Provenance),
		Refused: []Refusal{}, Started: g.Now().UTC(),
	}
	if m.Provenance == update.Unsigned {
		if !opt.AcceptUnsigned {
			rep.State, rep.Error, rep.Finished = "refused", ErrUnsigned.Error(), g.Now().UTC()
			return rep, &RefusedError{Source: m.Source, Err: ErrUnsigned}
		}
		rep.AcceptedBy = opt.By
	}
	st, err := g.Library.Begin(ctx, m, rep.AcceptedBy)
	if err != nil {
		return rep, fmt.Errorf("import %s: %w", m.Source, err)
	}
	rep.Import = st.ID()
	run := &run{Ingester: g, src: src, staging: st, report: rep, total: m.Items, tell: opt.Progress}
	err = run.all(ctx)
	rep.Finished = g.Now().UTC()
	switch {
	case err == nil:
		rep.State = "applied"
		if err := st.Apply(ctx, rep); err != nil {
			return rep, fmt.Errorf("import %s: apply: %w", m.Source, err)
		}
		return rep, nil
	case isRefusal(err):
		rep.State, rep.Error = "refused", err.Error()
		if serr := st.Abandon(context.WithoutCancel(ctx), rep, err); serr != nil {
			return rep, fmt.Errorf("import %s: %w", m.Source, errors.Join(err, serr))
		}
		return rep, &RefusedError{Source: m.Source, Err: err}
	}
	return rep, fmt.Errorf("import %s: %w", m.Source, err)
}

// mediumError marks an error as the medium's own fault.
type mediumError struct{ error }

func (e mediumError) Unwrap() error { return e.error }

func isRefusal(err error) bool {
	var m mediumError
	return errors.As(err, &m)
}

// run is one import in progress.
type run struct {
	*Ingester
	src     Source
	staging Staging
	report  *Report
	total   int
	tell    func(Progress)
	told    time.Time
}

func (r *run) all(ctx context.Context) error {
	if err := r.metadata(ctx); err != nil {
		return err
	}
	if err := r.payloads(ctx); err != nil {
		return err
	}
	if r.report.Revisions == 0 && r.report.Files+r.report.FilesHeld == 0 {
		return mediumError{r.nothing()}
	}
	r.progress("applying", "")
	return nil
}

// nothing says why nothing could be used, by the first reasons at hand.
func (r *run) nothing() error {
	if len(r.report.Refused) == 0 {
		return ErrNothing
	}
	first := r.report.Refused[0]
	return fmt.Errorf("%w: %s: %s (and %d more)", ErrNothing, first.Item, first.Reason, len(r.report.Refused)-1)
}

func (r *run) progress(phase, item string) {
	if r.tell == nil {
		return
	}
	now := r.Now()
	if phase != "applying" && now.Sub(r.told) < 200*time.Millisecond {
		return
	}
	r.told = now
	r.tell(Progress{Phase: phase, Revisions: r.report.Revisions, Total: r.total, Files: r.report.Files, Bytes: r.report.Bytes, Item: item})
}

func (r *run) refuse(ctx context.Context, item string, reason error) error {
	r.report.Refused = append(r.report.Refused, Refusal{Item: item, Reason: reason.Error()})
	return r.staging.Refuse(ctx, item, reason.Error())
}

// outcome is what became of one item on its way through the workers.
type outcome struct {
	name     string
	size     int
	prepared Prepared
	err      error
}

// metadata stages the revisions: one goroutine reads the medium, some split and
// compress, this one writes, in the order of the medium.
func (r *run) metadata(parent context.Context) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	// A queue of one-element channels keeps the order: the reader queues a place
	// for each item, a worker fills it.
	places := make(chan chan outcome, 4*runtime.GOMAXPROCS(0))
	type job struct {
		item  update.Item
		place chan outcome
	}
	jobs := make(chan job)
	var readErr error
	var workers sync.WaitGroup
	for range max(1, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for j := range jobs {
				p, err := r.prepare(&j.item)
				j.place <- outcome{name: j.item.Name, size: len(j.item.Document), prepared: p, err: err}
			}
		})
	}
	workers.Go(func() {
		defer close(places)
		defer close(jobs)
		for it, err := range r.src.Items(ctx) {
			var ie *update.ItemError
			place := make(chan outcome, 1)
			switch {
			case errors.As(err, &ie):
				place <- outcome{name: ie.Item, err: ie.Reason}
			case err != nil:
				readErr = err
				return
			}
			select {
			case places <- place:
			case <-ctx.Done():
				return
			}
			if err != nil {
				continue
			}
			select {
			case jobs <- job{it, place}:
			case <-ctx.Done():
				return
			}
		}
	})
	err := r.stage(ctx, places)
	cancel()
	workers.Wait()
	switch {
	case err != nil:
		return err
	case readErr != nil && parent.Err() == nil:
		return mediumError{readErr}
	}
	return parent.Err()
}

// stage writes what the workers finished, in batches.
func (r *run) stage(ctx context.Context, places <-chan chan outcome) error {
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
		r.report.Refused = append(r.report.Refused, n.Refused...)
		r.report.Revisions += len(batch) - len(n.Refused)
		batch, size = batch[:0], 0
		return nil
	}
	for place := range places {
		var out outcome
		select {
		case out = <-place:
		case <-ctx.Done():
			return ctx.Err()
		}
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
		r.progress("metadata", out.name)
	}
	return flush()
}

// prepare turns an item into what the library stores. Its error refuses the item.
func (r *run) prepare(it *update.Item) (Prepared, error) {
	var rev *update.Revision
	var err error
	frags := it.Fragments
	if it.Document != nil {
		rev, frags, err = metadata.Split(it.Document)
	} else {
		rev, err = metadata.FromFragments(frags)
	}
	if err != nil {
		return nil, err
	}
	if it.Expect != (update.Identity{}) && it.Expect != rev.Identity {
		return nil, fmt.Errorf("the medium calls it %v, its own metadata %v", it.Expect, rev.Identity)
	}
	rev.Minted = it.Minted
	return r.staging.Prepare(rev, it, frags)
}
