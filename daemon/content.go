package daemon

import (
	"cmp"
	"context"
	"io"
	"iter"
	"path/filepath"

	"sluice/catalogimport"
	"sluice/daemon/store"
	"sluice/wsus/content"
	"sluice/wsus/update"
)

// contentSink gives imports the content store.
type contentSink struct {
	Content *content.Store
	Store   *store.Store
}

var _ catalogimport.Content = contentSink{}

// Put stores a file that a medium carries.
func (c contentSink) Put(ctx context.Context, f update.File, r io.Reader) error {
	_, err := c.Content.Put(ctx, f, r)
	return err
}

// Have reports whether a file is held.
func (c contentSink) Have(d update.Digest) bool { return c.Content.Have(d) }

// Adopt serves files of a folder from where it is, now and after a restart.
func (c contentSink) Adopt(ctx context.Context, dir string, files iter.Seq2[update.File, error], tell func(catalogimport.Adopted)) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := c.Content.Adopt(ctx, dir); err != nil {
		return err
	}
	if err := c.Store.AddContentRoot(ctx, dir); err != nil {
		return err
	}
	_, err = c.Content.Verify(ctx, dir, files, func(s content.Step) {
		a := catalogimport.Adopted{Name: cmp.Or(s.Path, s.Digest.String()), Bytes: s.Bytes, Done: s.Outcome != content.Reading, Err: s.Err}
		if s.Outcome == content.Missing {
			a.Err = content.ErrNotHeld
		}
		tell(a)
	})
	return err
}
