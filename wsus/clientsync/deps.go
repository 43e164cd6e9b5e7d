package clientsync

import (
	"context"
	"errors"
	"time"

	"sluice/wsus/catalog"
	"sluice/wsus/clientsync/cookie"
	"sluice/wsus/update"
)

// Catalog is where scans read the revision graph. Current is called once a
// request and only reads a pointer.
type Catalog interface {
	Current() *catalog.Snapshot
}

// Seat is where a computer sits now: which plan it is told.
type Seat struct {
	Device     int64
	Plan       catalog.PlanKey
	Registered bool // RegisterComputer was called since the computer is known
}

// Claim is what a client says of itself when it asks for an authorization
// cookie (MS-WUSP 3.1.5.3). Nothing of it is proven.
type Claim struct {
	ClientID string   // SusClientID in lower case, not empty
	DNSName  string   // not empty
	Groups   []string // client-side targeting; nil where the client sends none
	Addr     string   // host part of the client's address
}

// ErrRefused is what a [Roster] wraps where a computer may not log in. The
// client is answered with InvalidParameters.
var ErrRefused = errors.New("computer refused")

// ErrTooMany is what a [Roster] wraps where a computer may log in later. The
// client is answered with ServerBusy.
var ErrTooMany = errors.New("too many new computers")

// Roster knows the computers. Seat and Sets are called for every request and
// answer from memory.
type Roster interface {
	// Seat returns where a device sits; false for one that is not known (any more).
	Seat(device int64) (Seat, bool)
	// Sets returns the sets that a plan key names; false for numbers never given.
	Sets(key catalog.PlanKey) (catalog.GroupSet, *catalog.HoldSet, bool)
	// Authorize finds the computer of a claim or makes it known, and takes over
	// the groups that it asks for where targeting is the client's.
	Authorize(ctx context.Context, claim Claim) (device int64, err error)
	// Register keeps what a computer says about itself. It returns once that is
	// committed, and Seat shows it as registered from then on.
	Register(ctx context.Context, device int64, computer update.Computer) error
}

// Bodies is where the texts of revisions are kept.
type Bodies interface {
	// Cores returns the core fragments of revisions whose [catalog.Entry] has
	// XpressLen 0, in the order asked, as stored: not escaped. One that is not
	// there is an error.
	Cores(ctx context.Context, ids []catalog.CoreID) ([][]byte, error)
	// CoreChunk returns chunk n, from 0 up, of a core that is stored in wire form:
	// Xpress blocks of the core escaped as element text. A chunk is a run of whole
	// blocks of at most 1 MiB, and all of them together have [catalog.Entry]
	// XpressLen bytes. Past the last it returns io.EOF.
	CoreChunk(ctx context.Context, id catalog.CoreID, n int) ([]byte, error)
	// Details returns everything else of a revision.
	Details(ctx context.Context, id update.RevisionID) (*Details, error)
	// Files returns the files of digests, in any order, without those that no
	// metadata in scope names.
	Files(ctx context.Context, digests []update.Digest) ([]update.File, error)
}

// Details is what GetExtendedUpdateInfo tells of a revision. Fragments are not
// escaped.
type Details struct {
	Extended        []byte
	DefaultLanguage string
	Localized       []update.LocalizedFragment
	Eula            []update.LocalizedFragment
	Files           []update.File // payload and EULA files
}

// Settings is what an administrator configured. A value is immutable.
type Settings struct {
	// LastChange is since when GetConfig answers as it does. What is finer than a
	// microsecond is cut.
	LastChange time.Time
	// Host is the name by which devices reach the server, without a port.
	Host string
	// ContentPort is where plain HTTP serves content.
	ContentPort int
}

// lastChange returns LastChange as precisely as a cookie holds it.
func (s *Settings) lastChange() time.Time { return s.LastChange.Truncate(time.Microsecond) }

// Config is what a [Server] is made of.
type Config struct {
	Catalog  Catalog
	Roster   Roster
	Bodies   Bodies
	Cookies  *cookie.Box
	Settings func() *Settings // reads a pointer
	Limits   Limits           // zero fields take the defaults
	Now      func() time.Time
	// Scanned is told of every answer to SyncUpdates, before it is written. Nil
	// for none. It must not block.
	Scanned func(Scan)
	// Hardware is told what hardware a computer has, from its driver pass. Nil for
	// none. It must not block.
	Hardware func(Hardware)
}

// Scan is one answer to SyncUpdates.
type Scan struct {
	Device                   int64
	Pass                     Pass
	Truncated                bool // the client comes back for more
	Held                     int  // revisions that the client named
	New, Changed, OutOfScope int
	Seq                      int64 // of the snapshot that the answer was made from
}

// Pass is which part of a scan a call is.
type Pass uint8

// The passes.
const (
	Software Pass = iota
	Filtered      // software, limited to categories
	Drivers
	Printers // SyncPrinterCatalog
)

// Hardware is what a driver pass says that a computer has.
type Hardware struct {
	Device      int64
	Devices     []catalog.Device
	ComputerIDs []update.ID // best first
}
