package api

import (
	"context"
	"errors"
	"time"

	"sluice/catalogimport"
	"sluice/daemon/api/wire"
	"sluice/daemon/fleet"
	"sluice/daemon/store"
	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

// Services are what the API works on. Fields may be nil only where it is said.
type Services struct {
	Store   Store
	Fleet   Fleet
	Catalog Catalog
	// Import imports one medium and audits that. It returns the report also of a
	// medium that it refused, and an error that wraps [ErrImporting] while
	// another import runs.
	Import func(ctx context.Context, o ImportOrder) (*catalogimport.Report, error)
	// RotateKeys replaces the keys that cookies are sealed with, and audits that.
	RotateKeys func(ctx context.Context, by store.Entry) error

	PageUpdates int   // of one answer to a scan, for the budget
	PageBytes   int64 // likewise

	Version string
	Started time.Time
	Offline bool               // opened by a command, without doors
	Doors   func() []wire.Door // nil where there are none
	// Trust returns the names by which devices reach the appliance, and the root
	// in PEM that they must trust, empty with the site's certificate. nil where
	// that is not known.
	Trust func(ctx context.Context) (names []string, root string, err error)
}

// Store is what is kept. Its acts take who does them and audit themselves.
// [store.Store] is one.
type Store interface {
	Updates(ctx context.Context, f store.UpdateFilter) ([]store.Update, store.UpdateCursor, error)
	FilesOf(ctx context.Context, id update.RevisionID) ([]store.RequiredFile, error)
	UpdateCounts(ctx context.Context) (map[update.ID]store.UpdateCount, error)
	EulaAccepted(ctx context.Context, id update.ID) (bool, error)

	Approvals(ctx context.Context, id update.ID) ([]store.Approval, error)
	Declined(ctx context.Context) ([]update.ID, error)
	Approve(ctx context.Context, by store.Entry, a update.Approval) (store.Approval, error)
	Unapprove(ctx context.Context, by store.Entry, id, group update.ID) error
	PauseApproval(ctx context.Context, by store.Entry, id, group update.ID, paused bool) error
	Decline(ctx context.Context, by store.Entry, id update.ID) error
	Undecline(ctx context.Context, by store.Entry, id update.ID) error
	AcceptEula(ctx context.Context, by store.Entry, id update.ID) error

	Groups(ctx context.Context) ([]fleet.Group, error)
	GroupSizes(ctx context.Context) (map[update.ID]int, error)
	CreateGroup(ctx context.Context, by store.Entry, name string, parent update.ID) (fleet.Group, error)
	Devices(ctx context.Context, f store.DeviceFilter) ([]store.Device, error)
	Device(ctx context.Context, id int64) (store.Device, error)
	DeviceStates(ctx context.Context, device int64) ([]store.DeviceState, error)
	DeviceEvents(ctx context.Context, device int64, limit int) ([]store.DeviceEvent, error)

	Imports(ctx context.Context, before int64, limit int) ([]store.Import, error)
	ImportRefusals(ctx context.Context, id int64, from int) ([]catalogimport.Refusal, error)
	Backup(ctx context.Context, path string, progress func(done, total int64)) (store.BackupResult, error)
	Audit(ctx context.Context, e store.Entry) error
	AuditEntries(ctx context.Context, f store.AuditFilter) ([]store.Entry, error)

	Totals(ctx context.Context) (store.Totals, error)
	Health() error
	Checking() bool
	Dir() string
	ServerID() update.ID
}

var _ Store = (*store.Store)(nil)

// Fleet is the acts that change where devices sit: what the store commits must
// also be shown to the doors.
type Fleet interface {
	ChangeGroup(ctx context.Context, by store.Entry, id update.ID, name string, parent update.ID) error
	DeleteGroup(ctx context.Context, by store.Entry, id update.ID) error
	AssignDevices(ctx context.Context, by store.Entry, devices []int64, groups []update.ID) error
	HoldDevice(ctx context.Context, by store.Entry, device int64, id update.ID, reason string) error
	ReleaseDevice(ctx context.Context, by store.Entry, device int64, id update.ID) error
	DeleteDevice(ctx context.Context, by store.Entry, device int64) error
}

// Catalog gives the snapshot that clients are answered from.
type Catalog interface {
	Current() *catalog.Snapshot
}

// ImportOrder is what an administrator wants imported.
type ImportOrder struct {
	Path           string // of one medium
	Content        string // the WsusContent folder that came with it; empty for one beside it
	AcceptUnsigned bool
	Adopt          bool        // serve the content folder from where it is, instead of copying it
	By             store.Entry // who, for the audit log
	Progress       func(catalogimport.Progress)
}

// ErrImporting refuses an import while another one runs.
var ErrImporting = errors.New("another import is running")
