package content

import (
	"context"
	"iter"
	"time"

	"sluice/wsus/update"
)

// Verdict is the outcome of reading a whole file and finding that it is what
// its name says. It holds while the file at Path has Size and ModTime.
type Verdict struct {
	// Root is empty for the root that the store writes, so that it can be
	// moved, and the absolute path of a read-only one.
	Root string
	// Path is below the root, with slashes, in the letter case on disk.
	Path string

	Digest   update.Digest
	SHA256   update.SHA256
	Size     int64     // bytes
	ModTime  time.Time // to the nanosecond, as the file system tells it
	Verified time.Time // when the check ended
}

// Verdicts keeps verdicts between runs of the application. (Root, Path) is the
// key.
type Verdicts interface {
	// ContentVerdicts yields every verdict, in any order, and ends at an error.
	ContentVerdicts(ctx context.Context) iter.Seq2[Verdict, error]
	// PutContentVerdicts adds verdicts or replaces those with the same key,
	// all or none, durably before it returns.
	PutContentVerdicts(ctx context.Context, vs []Verdict) error
	// DropContentVerdict forgets a verdict; there may be none.
	DropContentVerdict(ctx context.Context, root, path string) error
}
