package desktop

import (
	"slices"

	mdm "sluice/omadm/agent"
	wsus "sluice/wsus/agent"
	"sluice/wsus/update"
)

// found takes what a scan found into what the Update CSP says: only what the
// update server offers can be installed, and what failed stays listed while it
// can.
func (d *Desktop) found(r *wsus.ScanResult) {
	known := mdm.UpdateList{LastScan: d.cfg.Now().UTC()}
	for i := range r.Needed {
		u := &r.Needed[i]
		told := mdm.Update{ID: u.ID.String(), Revision: int(u.Number)}
		switch {
		case u.Pending:
			told.Time = d.state.Computer.Installed[u.ID].At
			known.PendingReboot = append(known.PendingReboot, told)
		case offered(u):
			told.Type = d.kind(u)
			known.Installable = append(known.Installable, told)
		}
	}
	for _, id := range r.Installed {
		known.Installed = append(known.Installed, mdm.Update{ID: id.ID.String(), Revision: int(id.Number)})
	}
	for _, f := range d.state.Known.Failed {
		if listed(known.Installable, f.ID) {
			known.Failed = append(known.Failed, f)
		}
	}
	d.state.Known = known
}

// kind is InstallableUpdates/Type of an update.
func (d *Desktop) kind(u *wsus.Update) int {
	const (
		security = "0fa1201d-4330-4fa8-8ae9-b877473b6441"
		critical = "e6cf1350-c01b-414d-a61f-263d14d133b4"
	)
	categories := d.categories(u.Revision)
	is := func(class string) bool {
		return slices.ContainsFunc(categories, func(id update.ID) bool { return id.String() == class })
	}
	switch {
	case is(security):
		return 1
	case is(critical):
		return 2
	}
	return 0
}
