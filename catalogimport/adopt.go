package catalogimport

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"sluice/wsus/update"
)

// errNoFolder refuses to adopt what has no content folder.
var errNoFolder = errors.New("it has no WsusContent folder to adopt")

// adoptFolder takes the content folder of the medium over where it is: the
// files in it that some revision names.
func (r *run) adoptFolder(ctx context.Context) error {
	dir := ""
	if f, ok := r.src.(interface{ ContentFolder() string }); ok {
		dir = f.ContentFolder()
	}
	if dir == "" {
		return mediumError{errNoFolder}
	}
	a := adoption{run: r}
	err := r.Content.Adopt(ctx, dir, a.files(ctx), func(f Adopted) { a.tell(ctx, f) })
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case a.medium != nil:
		return mediumError{a.medium}
	case a.record != nil:
		return a.record
	case err != nil:
		return fmt.Errorf("adopt %s: %w", dir, err)
	}
	return nil
}

// adoption is a folder on its way in. Everything happens in the goroutine of the
// import.
type adoption struct {
	*run
	medium error // the medium's own fault
	record error // a refusal could not be recorded
}

// files yields what metadata says of the files of the folder that it names.
func (a *adoption) files(ctx context.Context) iter.Seq2[update.File, error] {
	return func(yield func(update.File, error) bool) {
		for p, err := range a.src.Payloads(ctx) {
			var bad *update.ItemError
			if errors.As(err, &bad) {
				a.leave(ctx, bad.Item, bad.Reason)
				continue
			}
			if a.medium = err; err != nil {
				yield(update.File{}, err)
				return
			}
			f, ok, err := a.staging.Names(ctx, p.Digest)
			if err == nil && !ok {
				a.report.FilesUnneeded++
				continue
			}
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}

func (a *adoption) tell(ctx context.Context, f Adopted) {
	a.report.Bytes += f.Bytes
	switch {
	case !f.Done:
	case f.Err != nil:
		a.leave(ctx, f.Name, f.Err)
	default:
		a.report.Files++
	}
	a.progress("files", f.Name, 0)
}

// leave refuses a file that is left out.
func (a *adoption) leave(ctx context.Context, item string, reason error) {
	if err := a.refuse(ctx, item, reason); err != nil && a.record == nil {
		a.record = err
	}
}
