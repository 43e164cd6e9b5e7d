package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
)

func newDevicesShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show DEVICE",
		Short: "Show one device: what it is, what it was told, and how it went",
		Long: "Shows a device by its name or number: what it says of itself, the settings that it\n" +
			"is to have and has, commands that wait for it, and how updates stand on it.",
		Example: "  sluice devices show pc17",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				found, err := findDevice(cmd.Context(), c, args[0])
				if err != nil {
					return err
				}
				d, err := c.Device(cmd.Context(), found.ID)
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.stdout, d)
				}
				return a.showDevice(&d)
			})
		},
	}
}

func (a *app) showDevice(d *wire.DeviceDetail) error {
	groups := strings.Join(d.Groups, ", ")
	if groups == "" {
		groups = "Unassigned Computers"
	}
	asked := ""
	if d.SyncAsked {
		asked = "yes, at its next poll"
	}
	computer := d.ClientID
	if computer == "" {
		computer = "none yet: it has not scanned here"
	}
	if err := facts(a.stdout,
		"name", d.Name, "id", strconv.FormatInt(d.ID, 10), "state", d.State, "enrolled", minute(d.Enrolled), "with", d.User,
		"groups", groups, "system", deviceSystem(&d.Device), "machine", strings.TrimSpace(d.Manufacturer+" "+d.Model),
		"device id", d.DeviceID, "enrollment", d.Enrollment, "update client", computer,
		"certificate until", minute(d.CertificateEnd), "last poll", minute(d.LastPoll), "next poll", minute(d.NextPoll), "sync asked for", asked,
		"last scan", minute(d.LastScan), "updates reported", minute(d.Reported), "attention", strings.Join(d.Attention, "; "),
	); err != nil {
		return err
	}
	for _, part := range []func(*wire.DeviceDetail) error{
		a.showFacts, a.showDevicePolicies, a.showWarnings, a.showOrders, a.showDeviceUpdates, a.showEnrollments,
	} {
		if err := part(d); err != nil {
			return err
		}
	}
	return nil
}

// section writes a table with an empty line before it, nothing without rows.
func (a *app) section(head []string, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintln(a.stdout)
	return table(a.stdout, head, rows)
}

func (a *app) showFacts(d *wire.DeviceDetail) error {
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(d.Facts)) {
		f := d.Facts[name]
		var said []string
		for _, source := range slices.Sorted(maps.Keys(f.Sources)) {
			s := f.Sources[source]
			text := source + " " + minute(s.At)
			if s.Value != f.Value {
				text += fmt.Sprintf(": %q", s.Value)
			}
			said = append(said, text)
		}
		rows = append(rows, []string{name, shorten(f.Value, 60), strings.Join(said, ", ")})
	}
	return a.section([]string{"FACT", "VALUE", "SAID BY"}, rows)
}

func (a *app) showDevicePolicies(d *wire.DeviceDetail) error {
	return a.section(policyHead(), policyRows(d.Policies))
}

func policyHead() []string { return []string{"SETTING", "TO BE", "STATE", "FROM", "NOTE"} }

func policyRows(list []wire.DevicePolicy) [][]string {
	rows := make([][]string, len(list))
	for i := range list {
		p := &list[i]
		want := "not configured"
		if p.Desired != nil {
			want = *p.Desired
		}
		from := p.From
		if p.Preset != "" {
			from += " (" + p.Preset + ")"
		}
		rows[i] = []string{p.Name, shorten(want, 50), orDash(p.State), orDash(from), shorten(policyNote(p), 90)}
	}
	return rows
}

func policyNote(p *wire.DevicePolicy) string {
	var notes []string
	if p.Reason != "" {
		notes = append(notes, p.Reason)
	}
	if p.Effective != "" && (p.Desired == nil || p.Effective != *p.Desired) {
		notes = append(notes, "the device has "+p.Effective)
	}
	for _, o := range p.Overruled {
		notes = append(notes, fmt.Sprintf("%s wants %s: %s", o.From, o.Value, o.Reason))
	}
	return strings.Join(notes, "; ")
}

func (a *app) showWarnings(d *wire.DeviceDetail) error { return a.warnings(d.Warnings) }

func (a *app) warnings(list []wire.PolicyWarning) error {
	rows := make([][]string, len(list))
	for i, w := range list {
		rows[i] = []string{w.Severity, strings.Join(w.Settings, ", "), w.Message}
	}
	return a.section([]string{"REMARK", "ON", "TEXT"}, rows)
}

func (a *app) showOrders(d *wire.DeviceDetail) error {
	rows := make([][]string, len(d.Orders))
	for i := range d.Orders {
		o := &d.Orders[i]
		note := o.Detail
		if o.Status > 0 {
			note = strings.TrimSpace(fmt.Sprintf("status %d %s", o.Status, o.Detail))
		}
		rows[i] = []string{o.What, o.State, o.By, minute(o.Created), minute(o.Sent), minute(o.Done), shorten(note, 60)}
	}
	return a.section([]string{"COMMAND", "STATE", "BY", "ASKED", "SENT", "DONE", "NOTE"}, rows)
}

func (a *app) showDeviceUpdates(d *wire.DeviceDetail) error {
	rows := make([][]string, len(d.Updates))
	for i := range d.Updates {
		u := &d.Updates[i]
		title := u.Title
		if title == "" {
			title = u.UpdateID.String()
		}
		var said []string
		for _, source := range slices.Sorted(maps.Keys(u.Sources)) {
			said = append(said, source+" "+u.Sources[source].State+" "+minute(u.Sources[source].At))
		}
		rows[i] = []string{u.State, orDash(u.Result), kbText(u.KB), shorten(title, 60), strings.Join(said, ", ")}
	}
	return a.section([]string{"UPDATE IS", "RESULT", "KB", "TITLE", "SAID BY"}, rows)
}

func (a *app) showEnrollments(d *wire.DeviceDetail) error {
	if len(d.Enrollments) < 2 {
		return nil
	}
	rows := make([][]string, len(d.Enrollments))
	for i, e := range d.Enrollments {
		rows[i] = []string{e.ID, e.State, e.User, minute(e.Created), minute(e.Ended), shorten(e.Why, 60)}
	}
	return a.section([]string{"ENROLLMENT", "STATE", "WITH", "FROM", "UNTIL", "WHY"}, rows)
}
