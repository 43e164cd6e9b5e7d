package catalogimport

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/wsus/update"
)

// Options are one administrator's orders about a medium.
type Options struct {
	// AcceptUnsigned imports metadata that nobody signed, on the word of By.
	AcceptUnsigned bool
	By             string
	// Adopt takes the medium's content folder over where it is, instead of
	// copying the files: they are verified in place and served from there.
	Adopt bool
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

// Ingest imports a medium. It returns the record of the import also where it
// refused the medium; the error is then a [RefusedError]. Any other error means
// that the medium may be fine but the appliance could not take it (a full disk,
// a stop): what was staged is kept and the same medium resumes it.
func (g *Ingester) Ingest(ctx context.Context, src Source, opt Options) (*Report, error) {
	m := src.Medium()
	rep := &Report{
		Source: m.Source, Format: m.Format, Provenance: string(m.Provenance),
		State: stateStaging, Refused: []Refusal{}, Started: g.Now().UTC(),
	}
	if m.Provenance == update.Unsigned {
		if !opt.AcceptUnsigned {
			return g.refused(rep, ErrUnsigned)
		}
		rep.AcceptedBy = opt.By
	}
	st, err := g.Library.Begin(ctx, m, rep.AcceptedBy)
	if err != nil {
		return rep, fmt.Errorf("import %s: %w", m.Source, err)
	}
	rep.Import = st.ID()
	run := &run{Ingester: g, src: src, medium: m, staging: st, report: rep, adopt: opt.Adopt, tell: opt.Progress}
	err = run.all(ctx)
	if isRefusal(err) {
		_, refused := g.refused(rep, err)
		if aerr := st.Abandon(context.WithoutCancel(ctx), rep, err); aerr != nil {
			return rep, fmt.Errorf("import %s: %w", m.Source, errors.Join(err, aerr))
		}
		return rep, refused
	}
	rep.Finished = g.Now().UTC()
	if err == nil {
		rep.State = stateApplied
		err = st.Apply(ctx, rep)
	}
	if err != nil {
		rep.State, rep.Error = stateStaging, err.Error()
		return rep, fmt.Errorf("import %s: %w", m.Source, err)
	}
	return rep, nil
}

// refused completes the record of a medium that is refused.
func (g *Ingester) refused(rep *Report, reason error) (*Report, error) {
	rep.State, rep.Error, rep.Finished = stateRefused, reason.Error(), g.Now().UTC()
	rep.Refused = append(rep.Refused, Refusal{Item: rep.Source, Reason: rep.Error})
	return rep, &RefusedError{Source: rep.Source, Err: reason}
}

// mediumError marks an error as the medium's own fault.
type mediumError struct{ error }

func (e mediumError) Unwrap() error { return e.error }

func isRefusal(err error) bool { return errors.As(err, new(mediumError)) }

// run is one import in progress. Its fields belong to the goroutine that writes.
type run struct {
	*Ingester
	src     Source
	medium  update.Medium
	staging Staging
	report  *Report
	adopt   bool
	tell    func(Progress)
	told    time.Time
}

func (r *run) all(ctx context.Context) error {
	if err := r.metadata(ctx); err != nil {
		return err
	}
	if r.adopt {
		if err := r.adoptFolder(ctx); err != nil {
			return err
		}
	} else if err := r.payloads(ctx); err != nil {
		return err
	}
	if r.report.Revisions+r.report.Files+r.report.FilesHeld == 0 {
		return mediumError{r.nothing()}
	}
	r.progress("applying", "", 0)
	return nil
}

// nothing says why nothing could be used, by the first reasons at hand.
func (r *run) nothing() error {
	rep := r.report
	switch {
	case rep.FilesUnneeded > 0:
		return fmt.Errorf("%w: no update on this appliance names any of its %d files; import the metadata first", ErrNothing, rep.FilesUnneeded)
	case len(rep.Refused) > 0:
		first := fmt.Errorf("%w: %s: %s", ErrNothing, rep.Refused[0].Item, rep.Refused[0].Reason)
		if others := len(rep.Refused) - 1 + rep.RefusedMore; others > 0 {
			return fmt.Errorf("%w (and %d more)", first, others)
		}
		return first
	}
	return ErrNothing
}

// progress tells how far the import is. bytes are those of the file under way.
func (r *run) progress(phase, item string, bytes int64) {
	if r.tell == nil {
		return
	}
	now := r.Now()
	if phase != "applying" && now.Sub(r.told) < 200*time.Millisecond {
		return
	}
	r.told = now
	r.tell(Progress{
		Phase: phase, Revisions: r.report.Revisions, Total: r.medium.Items,
		Files: r.report.Files, Bytes: r.report.Bytes + bytes, Item: item,
	})
}

// refuse records an item that is refused while the import goes on.
func (r *run) refuse(ctx context.Context, item string, reason error) error {
	ref := newRefusal(item, reason)
	r.report.refuse(ref)
	return r.staging.Refuse(ctx, ref.Item, ref.Reason)
}
