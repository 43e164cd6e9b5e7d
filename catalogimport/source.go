package catalogimport

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"sluice/wsus/update"
)

// Source is an opened medium.
type Source interface {
	// Medium says what it is, before its contents are read.
	Medium() update.Medium
	// Items yields its revisions, once. An error that is an [update.ItemError] refuses
	// one of them and the walk goes on; any other ends it and refuses the medium.
	Items(ctx context.Context) iter.Seq2[update.Item, error]
	// Payloads yields the files that it carries, after Items is through. The
	// errors are as those of Items.
	Payloads(ctx context.Context) iter.Seq2[update.Payload, error]
	Close() error
}

// Reasons to refuse a medium whole.
var (
	// ErrUnsigned refuses metadata that nobody signed and nobody accepted.
	ErrUnsigned = errors.New("the metadata is not signed by anyone")
	// ErrFormat refuses what no source of this package reads.
	ErrFormat = errors.New("not a medium that sluice reads")
	// ErrNothing refuses a medium in which nothing could be used.
	ErrNothing = errors.New("the medium holds nothing that could be imported")
)

// RefusedError says that a medium was refused and that nothing of it was kept.
type RefusedError struct {
	Source string
	Err    error
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%s was refused: %v", e.Source, e.Err) }

func (e *RefusedError) Unwrap() error { return e.Err }
