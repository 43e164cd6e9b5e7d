package tree

import (
	"sluice/omadm/device"
	"sluice/wsus/update"
)

// root is the node that all others are below. ./Device/Vendor/MSFT/Update is the
// same.
const root = "./Vendor/MSFT/Update"

// structData asks for every node below another one, with its value.
const structData = "?list=StructData"

// Part is a part of the tree that is asked for by itself.
type Part int

// The parts.
const (
	Root            Part = iota // which nodes there are
	LastScan                    // when a scan last succeeded
	InstallableList             // updates that apply and are not installed
	InstalledList               // updates that are installed
	FailedList                  // updates that failed
	PendingList                 // updates that wait for a restart
	ApprovedList                // updates that may be installed
	Defer                       // whether upgrades are deferred
	Rollbacks                   // what became of rollbacks
	parts
)

// Parts are all parts of the tree.
func Parts() []Part {
	all := make([]Part, parts)
	for i := range all {
		all[i] = Part(i)
	}
	return all
}

// node returns the name of the part's node below the root.
func (p Part) node() string {
	return [parts]string{
		"", "LastSuccessfulScanTime", "InstallableUpdates", "InstalledUpdates",
		"FailedUpdates", "PendingRebootUpdates", "ApprovedUpdates", "DeferUpgrade", "Rollback",
	}[p]
}

// list reports whether the part is a list of updates.
func (p Part) list() bool { return p >= InstallableList && p <= ApprovedList }

// URI is the LocURI of the part's node.
func (p Part) URI() string {
	if p == Root {
		return root
	}
	return root + "/" + p.node()
}

// Get is what to ask first: lists with all that is below them in one answer,
// save the installed updates, which may be very many.
func (p Part) Get() device.Command {
	if p.list() && p != InstalledList || p == Rollbacks {
		return device.Command{Verb: device.Get, URI: p.URI() + structData}
	}
	return p.GetNames()
}

// GetNames asks for the names of a node's children, or for its value where it
// has none. It serves where a device does not know the form of [Part.Get].
func (p Part) GetNames() device.Command {
	return device.Command{Verb: device.Get, URI: p.URI()}
}

// leaves are the values below each update of a list.
func (p Part) leaves() []string {
	switch p {
	case InstallableList:
		return []string{"Type", "RevisionNumber"}
	case InstalledList:
		return []string{"RevisionNumber"}
	case FailedList:
		// Later documents call the bits State.
		return []string{"HResult", "Status", "State", "RevisionNumber"}
	case PendingList:
		return []string{"InstalledTime", "RevisionNumber"}
	case ApprovedList:
		return []string{"ApprovedTime"}
	}
	return nil
}

// uri is the LocURI of an update in a list. The braces are part of its name, and
// are escaped as Windows wants them.
func (p Part) uri(id update.ID) string { return p.URI() + "/%7b" + id.String() + "%7d" }

// Approve lets a device install an update, or every update of a classification.
// It accepts the update's licence. Status 418 says that it was approved before.
// It counts only where the policy RequireUpdateApproval is 1.
func Approve(id update.ID) device.Command {
	return device.Command{Verb: device.Add, URI: ApprovedList.uri(id), Format: device.Node}
}

// Withdraw takes an approval away; it uninstalls nothing. Status 404 says that
// there was none.
func Withdraw(id update.ID) device.Command {
	return device.Command{Verb: device.Delete, URI: ApprovedList.uri(id)}
}

// Kind is the kind of update that is rolled back.
type Kind string

// The kinds.
const (
	Quality Kind = "QualityUpdate"
	Feature Kind = "FeatureUpdate"
)

// RollBack uninstalls the latest quality or feature update. Windows does so only
// where it is connected to Windows Update for Business and updates of the kind
// are paused; what became of it stands in the report.
func RollBack(k Kind) device.Command {
	return device.Command{Verb: device.Exec, URI: Rollbacks.URI() + "/" + string(k)}
}
