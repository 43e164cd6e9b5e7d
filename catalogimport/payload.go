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
		var bad *update.ItemError
		switch {
		case errors.As(err, &bad):
			err = r.refuse(ctx, bad.Item, bad.Reason)
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return mediumError{err}
		default:
			err = r.payload(ctx, &p)
		}
		if err != nil {
			return err
		}
		r.progress("files", p.Name, 0)
	}
	return ctx.Err()
}

// payload stores one file. What is wrong with the file refuses it alone, unless
// it is inside an archive, which then is broken as a whole; any other error means
// that the appliance could not store it.
//
// A file that has no digest for a name is read twice, first for its digest:
// only that tells which file of which update it is, and so what size and SHA-256
// it must have, and whether it is wanted at all. Reading a medium again is
// cheaper than writing all of it to disk on the chance that it is.
func (r *run) payload(ctx context.Context, p *update.Payload) error {
	d, named := p.Digest, !p.Digest.IsZero()
	if !named {
		h := sha1.New()
		if err := r.read(ctx, p, 0, func(rd io.Reader) error { _, err := io.Copy(h, rd); return err }); err != nil {
			return r.unreadable(ctx, p, err)
		}
		d = update.Digest(h.Sum(nil))
	}
	if r.Content.Have(d) {
		r.report.FilesHeld++
		return nil
	}
	f, ok, err := r.staging.Names(ctx, d)
	switch {
	case err != nil:
		return err
	case !ok && named:
		r.report.FilesUnneeded++
		return nil
	case !ok:
		return r.refuse(ctx, p.Name, errUnnamed)
	}
	var size int64
	var bad interface{ BadPayload() bool }
	var store error // of the content store, where the medium could be read
	err = r.read(ctx, p, 1, func(rd io.Reader) error {
		in := &counter{r: rd}
		err := r.Content.Put(ctx, f, in)
		if size = in.n; in.err == nil {
			store, err = err, nil
		}
		return err
	})
	switch {
	case err != nil:
		return r.unreadable(ctx, p, err)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(store, &bad) && bad.BadPayload():
		return r.refuse(ctx, p.Name, store)
	case store != nil:
		return fmt.Errorf("%s: %w", p.Name, store)
	}
	r.report.Files++
	r.report.Bytes += size
	return nil
}

// read opens a file for use. Progress tells of its bytes times count.
func (r *run) read(ctx context.Context, p *update.Payload, count int64, use func(io.Reader) error) error {
	rc, err := p.Open()
	if err != nil {
		return err
	}
	defer rc.Close()
	in := &counter{r: bounded.Context(ctx, rc)}
	in.tell = func() { r.progress("files", p.Name, count*in.n) }
	return use(in)
}

// unreadable decides what a file that cannot be read means.
func (r *run) unreadable(ctx context.Context, p *update.Payload, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case p.Path == "":
		return mediumError{fmt.Errorf("%s: %w", p.Name, err)}
	}
	return r.refuse(ctx, p.Name, err)
}

// counter counts what is read and remembers whether it was the medium that failed.
type counter struct {
	r    io.Reader
	n    int64
	err  error
	tell func()
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	if c.tell != nil {
		c.tell()
	}
	return n, err
}
