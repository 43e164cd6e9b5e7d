package update

import "time"

// Action is what a deployment asks of a computer (MS-WUSP 2.2.2.2.1
// DeploymentAction), in the spelling of the wire.
type Action string

// The actions. An administrator chooses Install, Uninstall or Block; the others
// follow from how a computer came to be sent a revision.
const (
	Install            Action = "Install"
	OptionalInstall    Action = "OptionalInstall"
	Uninstall          Action = "Uninstall"
	PreDeploymentCheck Action = "PreDeploymentCheck"
	Block              Action = "Block"
	Evaluate           Action = "Evaluate"
	Bundle             Action = "Bundle"
)

// Deployment is the wire element of MS-WUSP that rides on every update sent to
// a client. What an administrator makes is an [Approval].
type Deployment struct {
	ID         int32 // a number space of its own
	Action     Action
	Deadline   time.Time // zero for none
	Changed    time.Time // sent as a date
	HardwareID []string  // of a driver
}

// Approval is one administrator's decision: an action on an update for a group.
type Approval struct {
	ID       int32
	Update   ID
	Group    ID
	Action   Action
	Deadline time.Time // zero for none
	Changed  time.Time
	Seq      int64 // store-wide number of the commit that last changed it
}

// AllComputers and UnassignedComputers are the built-in groups of every update
// server.
var (
	AllComputers        = MustParseID("a0a08746-4dbe-4a37-9adf-9e7652c0b421")
	UnassignedComputers = MustParseID("b73ca6ed-5727-47f3-84de-015e03f6a88a")
)
