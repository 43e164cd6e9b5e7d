package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	"sluice/daemon/config"
)

func newDevices(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "devices",
		Short: "List the devices that are enrolled, and manage them",
		Long: "Devices are machines that were enrolled for management (OMA DM). A machine that\n" +
			"only scans is a computer; one that does both is one machine in both lists, with\n" +
			"the same number. \"sluice computers assign\" puts either into groups.",
	}
	cmd.AddCommand(newDevicesList(a), newDevicesShow(a), newDevicesSync(a), newDevicesUnenrol(a), newDevicesRollback(a),
		newDevicesCandidates(a), newDevicesJoin(a), newDevicesSplit(a), newDevicesNeeded(a))
	return listedFor(config.Isolated, cmd)
}

func newDevicesList(a *app) *cobra.Command {
	var (
		l listFlags
		q client.DeviceQuery
	)
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List enrolled devices",
		Example: "  sluice devices list --group Pilot",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				return listOf(a, cmd, &l, c.Devices(cmd.Context(), q),
					[]string{"ID", "NAME", "STATE", "GROUPS", "SYSTEM", "LAST POLL", "NEXT POLL", "NOTE"}, deviceRow)
			})
		},
	}
	cmd.Flags().StringVar(&q.Search, "search", "", "only those with this `TEXT` in the name, or with this device id")
	cmd.Flags().StringVar(&q.Group, "group", "", "only those that were put into this `GROUP`")
	cmd.Flags().BoolVar(&q.All, "all", false, "also those that are no longer enrolled")
	l.add(cmd)
	return cmd
}

func deviceRow(d *wire.Device) []string {
	return []string{
		strconv.FormatInt(d.ID, 10), orDash(d.Name), d.State, orDash(strings.Join(d.Groups, ", ")), orDash(deviceSystem(d)),
		minute(d.LastPoll), minute(d.NextPoll), shorten(strings.Join(d.Attention, "; "), 60),
	}
}

func deviceSystem(d *wire.Device) string { return strings.TrimSpace(d.Edition + " " + d.OSVersion) }

// findDevice returns the device that a person names: by its number, its name or
// the first label of that, or its device id.
func findDevice(ctx context.Context, c *client.Client, name string) (wire.Device, error) {
	if n, err := strconv.ParseInt(name, 10, 64); err == nil && n > 0 {
		d, err := c.Device(ctx, n)
		return d.Device, err
	}
	return pick(c.Devices(ctx, client.DeviceQuery{Search: name, All: true}), name,
		func(d *wire.Device) machineName { return machineName{d.ID, d.Name, d.Enrollment} },
		kindOfMachine{"device", "devices", "sluice devices list --all --search TEXT"})
}

func newDevicesNeeded(a *app) *cobra.Command {
	var l listFlags
	cmd := &cobra.Command{
		Use:   "needed",
		Short: "List updates that devices report and the catalog lacks",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				return listOf(a, cmd, &l, c.Needed(cmd.Context()), []string{"UPDATE", "REVISION", "DEVICES", "FIRST", "LAST"},
					func(n *wire.Needed) []string {
						revision := "-"
						if n.Number > 0 {
							revision = strconv.Itoa(int(n.Number))
						}
						return []string{n.UpdateID.String(), revision, strconv.Itoa(n.Devices), minute(n.First), minute(n.Last)}
					})
			})
		},
	}
	l.add(cmd)
	return cmd
}
