package desktop

import (
	"slices"
	"strings"

	wsus "sluice/wsus/agent"
	"sluice/wsus/update"
)

// offered reports whether the update server offers an update for installation.
// What it only wants to hear about, its agent does not show.
func offered(u *wsus.Update) bool {
	return u.Action == update.Install || u.Action == update.OptionalInstall
}

// approved reports whether the device may install an update: where it asks for
// approval, that or one of its classifications must be approved.
func (d *Desktop) approved(u *wsus.Update) bool {
	if !d.Device.ApprovalRequired() {
		return true
	}
	ids := append(d.categories(u.Revision), u.ID)
	return slices.ContainsFunc(d.Device.Approved(), func(approved string) bool {
		return slices.ContainsFunc(ids, func(id update.ID) bool { return strings.EqualFold(id.String(), approved) })
	})
}

// categories returns what an update asks for of categories, its classification
// among them.
func (d *Desktop) categories(r update.RevisionID) []update.ID {
	var ids []update.ID
	held := d.state.Computer.Held
	i, ok := slices.BinarySearchFunc(held, r, func(h wsus.Held, r update.RevisionID) int { return int(h.ID) - int(r) })
	if !ok {
		return nil
	}
	for _, c := range held[i].Core.Prerequisites {
		if c.IsCategory {
			ids = append(ids, c.Any...)
		}
	}
	return ids
}
