package session

import (
	"strings"

	"sluice/omadm/device"
	"sluice/omadm/syncml"
)

// The alerts that steer a session (MS-MDM 2.2.7.2).
const (
	serverInitiated = 1200
	clientInitiated = 1201
	nextMessage     = 1222
	sessionAbort    = 1223
	clientEvent     = 1224
	noEndOfData     = 1225
	genericAlert    = 1226
)

// IsUnenroll reports whether a device says with a that its user takes it out of
// management. It removes the account whatever is answered. The type is compared
// by its end: devices differ in what stands before.
func IsUnenroll(a device.Alert) bool {
	return a.Code == genericAlert && hasTypeSuffix(a.Type, "mdm.unenrollment.userrequest")
}

// isPending reports whether a is the sign of life of a device that is still at
// work (EnableOmaDmKeepAliveMessage, MS-MDE2 2.2.9.3).
func isPending(a device.Alert) bool {
	return a.Code == clientEvent && hasTypeSuffix(a.Type, "mdm.requestpending")
}

func hasTypeSuffix(typ, suffix string) bool {
	typ = strings.TrimSpace(typ)
	return len(typ) >= len(suffix) && strings.EqualFold(typ[len(typ)-len(suffix):], suffix)
}

// alerts returns what an Alert command says: one alert for each run of items of
// one type.
func alerts(code int, c *syncml.Command) []device.Alert {
	if len(c.Items) == 0 {
		return []device.Alert{{Code: code, Type: metaType(c.Meta)}}
	}
	var all []device.Alert
	for i := range c.Items {
		it := &c.Items[i]
		typ := metaType(it.Meta)
		if typ == "" {
			typ = metaType(c.Meta)
		}
		if n := len(all); n == 0 || all[n-1].Type != typ {
			all = append(all, device.Alert{Code: code, Type: typ})
		}
		last := &all[len(all)-1]
		last.Items = append(last.Items, item(it, c.Meta))
	}
	return all
}

// item returns what an item of a device's command or Results says. outer is the
// Meta of the command, which counts for what the item's own leaves out
// (MS-MDM 2.2.5.3).
func item(it *syncml.Item, outer *syncml.Meta) device.Item {
	d := device.Item{URI: uri(it), Format: metaFormat(it.Meta), Type: metaType(it.Meta), Data: it.Data}
	if d.Format == "" {
		d.Format = metaFormat(outer)
	}
	if d.Format == "" {
		d.Format = device.Chr
	}
	if d.Type == "" {
		d.Type = metaType(outer)
	}
	return d
}

// uri returns the node that an item is about. Devices name it as Source, some
// others as Target.
func uri(it *syncml.Item) string {
	if it.Source != nil && it.Source.URI != "" {
		return strings.TrimSpace(it.Source.URI)
	}
	if it.Target != nil {
		return strings.TrimSpace(it.Target.URI)
	}
	return ""
}

func metaType(m *syncml.Meta) string {
	if m == nil {
		return ""
	}
	return strings.TrimSpace(m.Type)
}

func metaFormat(m *syncml.Meta) device.Format {
	if m == nil {
		return ""
	}
	return device.Format(strings.ToLower(strings.TrimSpace(m.Format)))
}
