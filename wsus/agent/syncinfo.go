package agent

import (
	"errors"
	"fmt"
	"strings"

	"sluice/wsus/update"
)

// syncInfo is the answer to SyncUpdates and SyncPrinterCatalog (MS-WUSP 2.2.2.2.4
// SyncInfo).
type syncInfo struct {
	added, changed     []updateInfo
	outOfScope         []update.RevisionID
	deployedOutOfScope []update.RevisionID
	truncated          bool
	cookie             Cookie
	driverSync         bool // the answer says whether a driver pass is needed; the native agent does one anyway
}

type updateInfo struct {
	id         update.RevisionID
	deployment update.Deployment
	leaf       bool
	xml        string // empty in ChangedUpdates
}

func parseSync(op string, n *node) (*syncInfo, error) {
	r := n.child(op + "Result")
	if r == nil {
		return nil, fail(op, hrParse, "no %sResult", op)
	}
	info, err := readSync(r)
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			e.Op = op
			return nil, e
		}
		return nil, failWith(op, hrParse, err, "answer")
	}
	return info, nil
}

func readSync(r *node) (*syncInfo, error) {
	if err := r.inOrder("NewUpdates", "OutOfScopeRevisionIDs", "ChangedUpdates", "Truncated", "NewCookie",
		"DeployedOutOfScopeRevisionIds", "DriverSyncNotNeeded"); err != nil {
		return nil, err
	}
	info := &syncInfo{}
	var err error
	if info.added, err = readUpdates(r, "NewUpdates", true); err != nil {
		return nil, err
	}
	if info.changed, err = readUpdates(r, "ChangedUpdates", false); err != nil {
		return nil, err
	}
	if info.outOfScope, err = r.revisions("OutOfScopeRevisionIDs"); err != nil {
		return nil, err
	}
	if info.deployedOutOfScope, err = r.revisions("DeployedOutOfScopeRevisionIds"); err != nil {
		return nil, err
	}
	if info.truncated, err = r.flag("Truncated"); err != nil {
		return nil, err
	}
	if info.cookie, err = parseCookie(r.child("NewCookie")); err != nil {
		return nil, fmt.Errorf("NewCookie: %w", err)
	}
	if r.child("DriverSyncNotNeeded") != nil {
		info.driverSync = true
		if _, err = r.flag("DriverSyncNotNeeded"); err != nil {
			return nil, err
		}
	}
	if info.truncated && len(info.added) == 0 {
		return nil, errors.New("an answer without NewUpdates is Truncated: a client would ask for ever")
	}
	return info, nil
}

func readUpdates(r *node, list string, withXML bool) ([]updateInfo, error) {
	l := r.child(list)
	if l == nil {
		return nil, nil
	}
	if err := l.listOf("UpdateInfo"); err != nil {
		return nil, err
	}
	seen := make(map[update.RevisionID]bool, len(l.kids))
	out := make([]updateInfo, 0, len(l.kids))
	for _, k := range l.kids {
		u, err := readUpdate(k, withXML)
		if err != nil {
			return nil, err
		}
		if seen[u.id] {
			return nil, fail("", hrDuplicate, "%s names revision %d twice", list, u.id)
		}
		seen[u.id] = true
		out = append(out, u)
	}
	return out, nil
}

func readUpdate(n *node, withXML bool) (updateInfo, error) {
	u := updateInfo{}
	if err := n.inOrder("ID", "Deployment", "IsLeaf", "Xml"); err != nil {
		return u, err
	}
	id, err := n.number("ID")
	if err != nil {
		return u, err
	}
	u.id = update.RevisionID(id)
	if n.child("Deployment") == nil {
		return u, fail("", hrInvalidArgument, "update %d has no Deployment", id)
	}
	if u.deployment, err = parseDeployment(n.child("Deployment")); err != nil {
		return u, fail("", hrInvalidArgument, "update %d: %v", id, err)
	}
	if u.leaf, err = n.flag("IsLeaf"); err != nil {
		return u, fmt.Errorf("update %d: %w", id, err)
	}
	u.xml = n.str("Xml")
	if withXML == (u.xml == "") {
		return u, fail("", hrInvalidArgument, "update %d comes with %d bytes of Xml", id, len(u.xml))
	}
	return u, nil
}

func parseDeployment(n *node) (update.Deployment, error) {
	d := update.Deployment{}
	if n == nil {
		return d, errors.New("no Deployment")
	}
	if err := n.inOrder("ID", "Action", "Deadline", "IsAssigned", "LastChangeTime", "DownloadPriority", "HardwareIds",
		"AutoSelect", "AutoDownload", "SupersedenceBehavior", "FlagBitmask", "ClientBehaviors"); err != nil {
		return d, err
	}
	var err error
	if d.ID, err = n.number("ID"); err != nil {
		return d, err
	}
	switch d.Action = update.Action(n.str("Action")); d.Action {
	case update.Install, update.OptionalInstall, update.Uninstall, update.PreDeploymentCheck,
		update.Block, update.Evaluate, update.Bundle:
	default:
		return d, fmt.Errorf("deployment %d: Action %q", d.ID, clip(n.str("Action")))
	}
	if s := n.str("Deadline"); s != "" {
		if d.Deadline, err = parseTime(s); err != nil {
			return d, fmt.Errorf("deployment %d: Deadline: %w", d.ID, err)
		}
	}
	if _, err = n.flag("IsAssigned"); err != nil {
		return d, fmt.Errorf("deployment %d: %w", d.ID, err)
	}
	if d.Changed, err = parseTime(n.str("LastChangeTime")); err != nil {
		return d, fmt.Errorf("deployment %d: LastChangeTime: %w", d.ID, err)
	}
	for _, h := range n.items("HardwareIds") {
		d.HardwareID = append(d.HardwareID, strings.TrimSpace(h.text))
	}
	return d, nil
}
