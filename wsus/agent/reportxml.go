package agent

import (
	"time"

	"sluice/wsus/update"
)

func reportEventBatch(cookie Cookie, now time.Time, m *Machine, events []update.Event) []byte {
	return envelope(reportService.ns, "ReportEventBatch", func(x *xmlText) {
		cookie.write(x, "cookie")
		x.text("clientTime", wireTime(now))
		x.el("eventBatch", func() {
			for i := range events {
				x.el("ReportingEvent", func() { reportingEvent(x, m, &events[i]) })
			}
		})
	})
}

func reportingEvent(x *xmlText, m *Machine, e *update.Event) {
	x.el("BasicData", func() {
		x.el("TargetID", func() { x.text("Sid", e.ClientID) })
		x.int("SequenceNumber", 0)
		x.text("TimeAtTarget", wireTime(e.Time))
		x.text("EventInstanceID", e.InstanceID.String())
		x.int("NamespaceID", int64(e.Namespace))
		x.int("EventID", int64(e.EventID))
		x.int("SourceID", int64(e.Source))
		x.el("UpdateID", func() {
			x.text("UpdateID", e.Update.ID.String())
			x.int("RevisionNumber", int64(e.Update.Number))
		})
		x.int("Win32HResult", int64(e.Win32Result))
		if e.AppName != "" {
			x.text("AppName", e.AppName)
		}
	})
	x.el("ExtendedData", func() {
		x.texts("ReplacementStrings", "string", e.Replacement)
		x.texts("MiscData", "string", e.Misc)
		c := &m.Computer
		x.text("ComputerBrand", c.Manufacturer)
		x.text("ComputerModel", c.Model)
		x.text("BiosRevision", c.BiosVersion)
		x.text("ProcessorArchitecture", reportedArchitecture(c.Architecture))
		x.el("OSVersion", func() {
			x.int("Major", int64(c.OSMajor))
			x.int("Minor", int64(c.OSMinor))
			x.int("Build", int64(c.OSBuild))
			x.int("Revision", int64(c.OldProductType)<<16|int64(c.SuiteMask))
			x.int("ServicePackMajor", int64(c.ServicePackMajor))
			x.int("ServicePackMinor", int64(c.ServicePackMinor))
		})
		x.int("OSLocaleID", int64(m.LocaleID))
	})
	x.text("PrivateData", "")
}

// reportedArchitecture maps the free text of a registration to the enumeration
// of reports, which has no name for ARM64.
func reportedArchitecture(a string) string {
	switch a {
	case "AMD64":
		return "Amd64Compatible"
	case "X86":
		return "X86Compatible"
	}
	return "Unknown"
}
