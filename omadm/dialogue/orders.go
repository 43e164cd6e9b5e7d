package dialogue

import (
	"strings"

	"sluice/omadm/device"
	"sluice/omadm/updatecsp/tree"
)

// Unenroll is the command that ends an enrollment. The device may break the
// session off when it gets it; it comes once more to say that it leaves.
func Unenroll(provider string) device.Command {
	return device.Command{
		Verb: device.Exec, URI: "./Vendor/MSFT/DMClient/Provider/" + provider + "/Unenroll",
		Format: device.Chr, Data: provider,
	}
}

// ends reports whether a command ends the enrollment.
func ends(c device.Command) bool {
	return c.Verb == device.Exec && strings.HasSuffix(c.URI, "/Unenroll")
}

// order is the stage that sends the commands that wait, save those that end the
// enrollment.
func (t *talk) order() {
	if t.leaving() {
		return
	}
	for _, o := range t.kept.Orders {
		if ends(o.Command) {
			continue
		}
		t.rollbackRun = t.rollbackRun || strings.HasPrefix(o.Command.URI, tree.Rollbacks.URI())
		t.say(o.Command, func(a device.Answer) { t.ordered(o.ID, a) })
	}
}

// unenroll is the last stage: it ends the enrollment where that is ordered, or
// was and the device was not heard since. The device then comes once more, to
// say that it leaves: until it has, or seems not to, it is known.
func (t *talk) unenroll() {
	for _, o := range t.kept.Orders {
		if ends(o.Command) {
			t.say(o.Command, func(a device.Answer) { t.ordered(o.ID, a) })
			return
		}
	}
	if t.leaving() {
		t.say(Unenroll(t.Provider), func(device.Answer) {})
	}
}

// ordered notes what became of an order.
func (t *talk) ordered(id int64, a device.Answer) {
	t.orders = append(t.orders, OrderResult{ID: id, Status: a.Status, Detail: plain(a.Detail)})
	t.log.Info("order answered", "order", id, "verb", a.Command.Verb, "uri", a.Command.URI, "status", a.Status)
}
