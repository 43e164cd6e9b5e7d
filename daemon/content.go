package daemon

import (
	"context"
	"io"

	"sluice/catalogimport"
	"sluice/wsus/content"
	"sluice/wsus/update"
)

// contentSink gives imports the content store.
type contentSink struct{ *content.Store }

var _ catalogimport.Content = contentSink{}

// Put stores a file that a medium carries.
func (c contentSink) Put(ctx context.Context, f update.File, r io.Reader) error {
	_, err := c.Store.Put(ctx, f, r)
	return err
}
