package catalogimport

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"

	"sluice/catalogimport/bounded"
	"sluice/wsus/update"
)

// errUnnamed refuses a file that no metadata asks for.
var errUnnamed = errors.New("no update on this appliance names a file with this digest")

// payloads stores the files of the medium that some revision names.
func (r *run) payloads(ctx context.Context) error {
	for p, err := range r.src.Payloads(ctx) {
		var ie *update.ItemError
		switch {
		case errors.As(err, &ie):
			err = r.refuse(ctx, ie.Item, ie.Reason)
		case err != nil:
			return mediumError{err}
		default:
			err = r.payload(ctx, &p)
		}
		if err != nil {
			return err
		}
		r.progress("files", p.Name)
	}
	return ctx.Err()
}

// payload stores one file. What is wrong with the file refuses it alone; an
// error means that the appliance could not store it.
func (r *run) payload(ctx context.Context, p *update.Payload) error {
	d := p.Digest
	if d.IsZero() {
		var err error
		if d, err = digestOf(ctx, p); err != nil {
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case p.Path == "":
				return mediumError{fmt.Errorf("%s: %w", p.Name, err)}
			}
			return r.refuse(ctx, p.Name, err)
		}
	}
	f, ok, err := r.staging.Names(ctx, d)
	if err != nil {
		return err
	}
	if !ok {
		return r.refuse(ctx, p.Name, errUnnamed)
	}
	if r.Content.Have(d) {
		r.report.FilesHeld++
		return nil
	}
	rc, err := p.Open()
	if err != nil {
		return r.refuse(ctx, p.Name, err)
	}
	defer rc.Close()
	in := &watchedReader{r: bounded.Context(ctx, rc)}
	err = r.Content.Put(ctx, f, in)
	var bad interface{ BadPayload() bool }
	switch {
	case err == nil:
		r.report.Files++
		r.report.Bytes += f.Size
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case in.err != nil && p.Path == "":
		// An archive that breaks inside is broken as a whole.
		return mediumError{fmt.Errorf("%s: %w", p.Name, in.err)}
	case in.err != nil, errors.As(err, &bad) && bad.BadPayload():
		return r.refuse(ctx, p.Name, err)
	}
	return fmt.Errorf("store %s: %w", p.Name, err)
}

// watchedReader remembers whether it was the medium that failed.
type watchedReader struct {
	r   io.Reader
	err error
}

func (w *watchedReader) Read(b []byte) (int, error) {
	n, err := w.r.Read(b)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// digestOf reads the whole file for its SHA-1.
func digestOf(ctx context.Context, p *update.Payload) (update.Digest, error) {
	rc, err := p.Open()
	if err != nil {
		return update.Digest{}, err
	}
	defer rc.Close()
	h := sha1.New()
	if _, err := io.Copy(h, bounded.Context(ctx, rc)); err != nil {
		return update.Digest{}, err
	}
	return update.Digest(h.Sum(nil)), nil
}
