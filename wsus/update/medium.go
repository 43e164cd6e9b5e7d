package update

import (
	"fmt"
	"io"
	"time"
)

// Medium is what is known of a medium before anything in it is believed.
type Medium struct {
	Source     string // as the administrator named it: a path, a URL
	Format     string // wsusutil-export, msu, documents, ...
	Provenance Provenance
	SignedBy   string // who signed it; empty where nobody did
	// Key tells this medium from others, so that an import that was killed is
	// resumed when it comes again: a digest of its bytes, or of its listing.
	Key string
	// Items is how many revisions it says that it holds, 0 where it does not say.
	Items int
}

// Payload is a file that a medium carries.
type Payload struct {
	Name string // where it stands in the medium
	// Digest is its SHA-1 where the medium says so, by a name for example. It is
	// zero where only the bytes can tell.
	Digest Digest
	Size   int64
	Path   string // of a plain file on this machine; empty inside an archive
	Open   func() (io.ReadCloser, error)
}

// Item is what a source yields: one revision with its document, or with its
// fragments only where the medium holds no document.
type Item struct {
	Name      string // where in the medium it stood, for messages: a member, a record
	Document  []byte // full server-sync document in UTF-8; nil where the medium has fragments only
	Fragments *Fragments
	Expect    Identity  // what the medium's index calls it; zero where it has none
	Files     []File    // locations and names the medium knows beyond the metadata
	Created   time.Time // what the medium says where the metadata does not; zero for nothing
	// Minted says that the packager of the medium made its identity up: it is not
	// the one that the publisher's catalog knows the update by.
	Minted bool
}

// ItemError refuses one item of a medium, a revision or a file, that is sound
// otherwise.
type ItemError struct {
	Item   string // its name in the medium
	Reason error
}

func (e *ItemError) Error() string { return fmt.Sprintf("%s: %v", e.Item, e.Reason) }

func (e *ItemError) Unwrap() error { return e.Reason }
