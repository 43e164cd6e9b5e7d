package desktop

import (
	"fmt"

	mdm "sluice/omadm/agent"
	wsus "sluice/wsus/agent"
)

// workstation is the OldProductType of client editions (VER_NT_WORKSTATION).
const workstation = 1

// deviceOf returns the device that a computer is to its MDM client: the same
// name, maker, model, version and edition.
func deviceOf(m *wsus.Machine) (mdm.Machine, error) {
	c := &m.Computer
	if c.OldProductType != workstation || c.OSMajor < 10 {
		return mdm.Machine{}, fmt.Errorf("%s, %s: %w", c.DNSName, c.OSDescription, ErrNoClient)
	}
	d := mdm.Windows10Pro(c.DNSName)
	d.Version = mdm.Version{c.OSMajor, c.OSMinor, c.OSBuild, 0}
	if t, ok := m.Facts.(*wsus.Table); ok {
		d.Version[3] = t.Revision
	}
	d.Edition, d.Platform = c.NewProductType, c.OSDescription
	d.Manufacturer, d.Model, d.Locale = c.Manufacturer, c.Model, c.OSLocale
	return d, nil
}

// CanEnrol reports whether a computer has an MDM client.
func CanEnrol(m *wsus.Machine) bool {
	_, err := deviceOf(m)
	return err == nil
}
