package catalogimport

import (
	"context"
	"io"
	"iter"

	"sluice/wsus/update"
)

// Library keeps metadata. It stages one import at a time.
type Library interface {
	// Begin opens an import. One that was killed while it staged the same
	// medium goes on where it stopped; one of another medium is swept.
	Begin(ctx context.Context, m update.Medium, acceptedBy string) (Staging, error)
}

// Staging is an import in progress. Nothing of it is seen by a door or a list
// until it is applied. Apart from Prepare its methods are called from one
// goroutine.
type Staging interface {
	ID() int64
	// Prepare does the work on one revision that needs no database. It may be
	// called from several goroutines at once. Its error refuses the revision.
	Prepare(rev *update.Revision, it *update.Item, f *update.Fragments) (Prepared, error)
	// Stage stores a batch. A revision that the medium holds twice counts as
	// unchanged where both are the same, and is refused where they differ.
	Stage(ctx context.Context, batch []Prepared) (Staged, error)
	// Names reports whether a staged or stored revision names the file, with
	// what its metadata says.
	Names(ctx context.Context, d update.Digest) (f update.File, ok bool, err error)
	// Refuse records one refused item.
	Refuse(ctx context.Context, item, reason string) error
	// Apply makes everything staged visible in one step.
	Apply(ctx context.Context, r *Report) error
	// Abandon records why the medium was refused, and removes what was staged.
	Abandon(ctx context.Context, r *Report, cause error) error
}

// Prepared is a revision ready to be stored; only the library that made it
// looks inside.
type Prepared any

// Staged says what a batch came to.
type Staged struct {
	New, Unchanged int
	// Refused are those that contradict what is stored, recorded already.
	Refused []Refusal
}

// Content keeps payload files by digest.
type Content interface {
	Have(d update.Digest) bool
	// Put stores a file and verifies it against f: size, SHA-1 and, where f has
	// it, SHA-256. What does not agree is not kept, and the error then has a
	// method BadPayload that returns true; any other error is the store's own.
	Put(ctx context.Context, f update.File, r io.Reader) error
	// Adopt verifies files of a folder in place, against what it is given of
	// them, and serves those that agree from there, for good. It tells of every
	// file; what does not agree is told with the reason and left out.
	Adopt(ctx context.Context, dir string, files iter.Seq2[update.File, error], tell func(Adopted)) error
}

// Adopted is what became of a file of a folder that is taken over.
type Adopted struct {
	Name  string
	Bytes int64 // read since the last call
	Done  bool  // false in the middle of a large file
	Err   error // why the file is left out
}
