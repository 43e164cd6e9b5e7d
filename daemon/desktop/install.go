package desktop

import (
	"context"
	"errors"
	"slices"

	mdm "sluice/omadm/agent"
	wsus "sluice/wsus/agent"
	"sluice/wsus/update"
)

// ToInstall returns the updates that the last scan found to be installed and
// that the device may install: all of them, or those approved over OMA DM where
// it asks for approval.
func (d *Desktop) ToInstall() []*wsus.Update {
	var list []*wsus.Update
	if d.scan == nil {
		return nil
	}
	for i := range d.scan.Needed {
		if u := &d.scan.Needed[i]; offered(u) && !u.Pending && d.installable(u.ID) && d.approved(u) {
			list = append(list, u)
		}
	}
	return list
}

// ToRemove returns the updates that the last scan found to be removed.
func (d *Desktop) ToRemove() []*wsus.Update {
	var list []*wsus.Update
	if d.scan == nil {
		return nil
	}
	for i := range d.scan.Removals {
		if u := &d.scan.Removals[i]; d.installed(u.ID) {
			list = append(list, u)
		}
	}
	return list
}

// Download fetches the files of an update and verifies them.
func (d *Desktop) Download(ctx context.Context, u *wsus.Update) (*wsus.DownloadResult, error) {
	r, err := d.computer.Download(ctx, u)
	if err != nil {
		d.failed(u, err, downloadFailed)
	}
	return r, err
}

// Install installs or removes an update, in appearance.
func (d *Desktop) Install(ctx context.Context, u *wsus.Update) (wsus.Outcome, error) {
	outcome, err := d.computer.Install(ctx, u)
	if err != nil {
		d.failed(u, err, installFailed)
		return outcome, err
	}
	known, id := &d.state.Known, u.ID.String()
	drop(&known.Failed, id)
	switch at := (mdm.Update{ID: id, Revision: int(u.Number), Time: d.cfg.Now().UTC()}); {
	case u.Action == update.Uninstall:
		drop(&known.Installed, id)
	case outcome == wsus.NeedsRestart:
		drop(&known.Installable, id)
		known.PendingReboot = append(known.PendingReboot, at)
	default:
		drop(&known.Installable, id)
		known.Installed = append(known.Installed, at)
	}
	return outcome, nil
}

// Restart restarts the machine: what waited for that is installed.
func (d *Desktop) Restart() {
	if d.computer == nil {
		return
	}
	d.computer.Reboot()
	known := &d.state.Known
	known.Installed = append(known.Installed, known.PendingReboot...)
	known.PendingReboot = nil
}

func (d *Desktop) installable(id update.ID) bool {
	return listed(d.state.Known.Installable, id.String())
}
func (d *Desktop) installed(id update.ID) bool { return listed(d.state.Known.Installed, id.String()) }

// Bits of FailedUpdates/State in the Update CSP.
const (
	downloadFailed = 16
	installFailed  = 256
)

func (d *Desktop) failed(u *wsus.Update, err error, state int) {
	id, known := u.ID.String(), &d.state.Known
	f := mdm.Update{ID: id, Revision: int(u.Number), State: state}
	var e *wsus.Error
	if errors.As(err, &e) {
		f.HResult = e.HResult
	}
	drop(&known.Failed, id)
	known.Failed = append(known.Failed, f)
}

func listed(list []mdm.Update, id string) bool {
	return slices.ContainsFunc(list, func(u mdm.Update) bool { return u.ID == id })
}

func drop(list *[]mdm.Update, id string) {
	*list = slices.DeleteFunc(*list, func(u mdm.Update) bool { return u.ID == id })
}
