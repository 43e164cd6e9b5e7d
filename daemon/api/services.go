package api

import (
	"context"
	"errors"
	"io"
	"time"

	"sluice/catalogimport"
	"sluice/daemon/api/wire"
	"sluice/daemon/fleet"
	"sluice/daemon/store"
	"sluice/omadm/device"
	"sluice/omadm/updatecsp"
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

	// Management is what enrolled devices are told.
	Management Management
	// HashPassword makes the hash by which a password is checked.
	HashPassword func(ctx context.Context, password string) (string, error)
	// OpenContent opens a payload file. The error wraps [fs.ErrNotExist] where it
	// is not held.
	OpenContent func(update.Digest) (io.ReadCloser, error)
	Now         func() time.Time

	// CA says who issues certificates.
	CA func(ctx context.Context) (wire.CA, error)
	// RolloverCA has a new root issue certificates, and audits that. The error is
	// [ErrSiteAuthority] where the authority is the site's.
	RolloverCA func(ctx context.Context, by store.Entry) error

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

	EnrolledDevices(ctx context.Context, f store.EnrolledFilter) ([]store.EnrolledDevice, error)
	EnrolledDevice(ctx context.Context, machine int64) (store.EnrolledDetail, error)
	JoinCandidates(ctx context.Context) ([]store.JoinCandidate, error)
	NeededUpdates(ctx context.Context, f store.NeededFilter) ([]store.Needed, error)
	AskSync(ctx context.Context, by store.Entry, machine int64) (lastPoll time.Time, err error)
	Order(ctx context.Context, by store.Entry, machine int64, kind store.OrderKind, cmd device.Command, once bool) (int64, error)
	Unenroll(ctx context.Context, by store.Entry, machine int64, cmd device.Command) error

	EnrollAccounts(ctx context.Context) ([]store.EnrollAccount, error)
	CreateEnrollAccount(ctx context.Context, by store.Entry, name string, a store.AccountChange) (store.EnrollAccount, error)
	ChangeEnrollAccount(ctx context.Context, by store.Entry, name string, a store.AccountChange) (store.EnrollAccount, error)
	DeleteEnrollAccount(ctx context.Context, by store.Entry, name string) error
	EnrollTokens(ctx context.Context) ([]store.EnrollToken, error)
	CreateEnrollToken(ctx context.Context, by store.Entry, t store.EnrollToken, hash [32]byte) (store.EnrollToken, error)
	RevokeEnrollToken(ctx context.Context, by store.Entry, id int64) error

	GroupPolicies(ctx context.Context) ([]store.GroupPolicy, error)
	PolicyAssignments(ctx context.Context) ([]updatecsp.Assignment, error)
	SetPolicies(ctx context.Context, by store.Entry, group update.ID, values map[string]string) error
	UnsetPolicy(ctx context.Context, by store.Entry, group update.ID, name string, without bool) error
	SetPreset(ctx context.Context, by store.Entry, group update.ID, preset string) error
	Eulas(ctx context.Context, f store.EulaFilter) ([]store.Eula, error)
	FindEula(ctx context.Context, id update.ID) (store.Eula, []update.File, error)
	AcceptEulaID(ctx context.Context, by store.Entry, id update.ID) error

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
	Retire(ctx context.Context, by store.Entry, device int64) error
	JoinDevices(ctx context.Context, by store.Entry, enrolled, computer int64) error
	SplitDevice(ctx context.Context, by store.Entry, device int64) error
}

// Management is what enrolled devices are told, and how they come.
type Management interface {
	// LastPoll is when a device was heard, of which the store may know an earlier
	// time.
	LastPoll(id device.EnrollmentID, stored time.Time) time.Time
	// NextPoll is when a device is due by its schedule, after its last poll; zero
	// for one that never polled.
	NextPoll(id device.EnrollmentID, last time.Time) time.Time
	// Desired is what a device is to have.
	Desired(ctx context.Context, machine int64) (updatecsp.Desired, error)
	// DesiredOf is what a device in a set of groups is to have.
	DesiredOf(ctx context.Context, groups catalog.GroupSet) (updatecsp.Desired, error)
	// Environment is what presets are filled in with.
	Environment() updatecsp.Environment
	// Instructions are the ways in which devices enrol here. It fails where the
	// management door is off.
	Instructions() (wire.EnrollInstructions, error)
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
