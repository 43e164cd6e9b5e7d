package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
)

// eachDevice does something to every device that args name.
func (a *app) eachDevice(cmd *cobra.Command, args []string, do func(context.Context, *client.Client, *wire.Device) error) error {
	return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
		list := make([]wire.Device, len(args))
		for i, name := range args {
			var err error
			if list[i], err = findDevice(cmd.Context(), c, name); err != nil {
				return err
			}
		}
		for i := range list {
			if err := do(cmd.Context(), c, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func newDevicesSync(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "sync DEVICE...",
		Short: "Ask for a whole sync at the next poll, and say when that is due",
		Long: "Asks devices to be told and asked everything at their next poll, also settings that\n" +
			"they refused before. A network without push cannot wake a device: it comes by its\n" +
			"schedule, or at once when somebody presses Sync in Settings > Accounts > Access\n" +
			"work or school > Info.",
		Example: "  sluice devices sync pc17",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			asked := []wire.SyncAsked{}
			err := a.eachDevice(cmd, args, func(ctx context.Context, c *client.Client, d *wire.Device) error {
				s, err := c.SyncDevice(ctx, d.ID)
				if err != nil {
					return err
				}
				asked = append(asked, s)
				if s.Due == nil {
					return a.told("%s: at its next poll; it has not polled yet", d.Name)
				}
				return a.told("%s: at its next poll, due %s", d.Name, minute(s.Due))
			})
			if err != nil || !a.json {
				return err
			}
			return writeJSON(a.stdout, asked)
		},
	}
}

func newDevicesUnenrol(a *app) *cobra.Command {
	var yes, force bool
	cmd := &cobra.Command{
		Use:     "unenrol DEVICE...",
		Aliases: []string{"unenroll"},
		Short:   "End the management of devices",
		Long: "Has devices unenrol at their next poll: Windows then takes away the settings that it\n" +
			"was given, and its certificate. --force ends it here at once, for a device that\n" +
			"will not come again; its certificate is revoked.",
		Example: "  sluice devices unenrol pc17",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.confirm(cmd.Context(), yes, "unenrolling "+count(len(args), "device")+" takes the settings from them that point them here"); err != nil {
				return err
			}
			return a.eachDevice(cmd, args, func(ctx context.Context, c *client.Client, d *wire.Device) error {
				if err := c.UnenrollDevice(ctx, d.ID, force); err != nil {
					return err
				}
				if force {
					return a.told("%s: no longer enrolled; its certificate is revoked", d.Name)
				}
				return a.told("%s: unenrols at its next poll, due %s", d.Name, minute(d.NextPoll))
			})
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&force, "force", false, "do not wait for the device")
	return cmd
}

func newDevicesRollback(a *app) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "rollback quality|feature DEVICE...",
		Short: "Have devices take their last quality or feature update away",
		Long: "Sends Rollback/QualityUpdate or Rollback/FeatureUpdate of the Update CSP. Windows\n" +
			"does this only on devices that are paused and within the time that the update can be\n" +
			"uninstalled; one that updates from WSUS may refuse it. The answer is shown by\n" +
			"\"sluice devices show\". It is sent once and never repeated by itself.",
		Example: "  sluice devices rollback quality pc17",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			what := args[0]
			if what != "quality" && what != "feature" {
				return usageError(fmt.Errorf("%q is neither quality nor feature", what), helpHint(cmd))
			}
			args = args[1:]
			if err := a.confirm(cmd.Context(), yes, fmt.Sprintf("taking the last %s update from %s, with a restart", what, count(len(args), "device"))); err != nil {
				return err
			}
			return a.eachDevice(cmd, args, func(ctx context.Context, c *client.Client, d *wire.Device) error {
				if err := c.RollbackDevice(ctx, d.ID, what); err != nil {
					return err
				}
				return a.told("%s: told at its next poll, due %s", d.Name, minute(d.NextPoll))
			})
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func newDevicesCandidates(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "candidates",
		Short: "List devices and computers that may be one machine",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				list, err := c.Candidates(cmd.Context())
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.stdout, list)
				}
				if len(list) == 0 {
					fmt.Fprintln(a.stderr, "nothing to show")
					return nil
				}
				rows := make([][]string, len(list))
				for i, p := range list {
					rows[i] = []string{strconv.FormatInt(p.Device, 10), p.DeviceName, strconv.FormatInt(p.Computer, 10), p.ComputerName, p.Reason}
				}
				return table(a.stdout, []string{"DEVICE", "NAME", "COMPUTER", "NAME", "WHY"}, rows)
			})
		},
	}
}

func newDevicesJoin(a *app) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:     "join DEVICE COMPUTER",
		Short:   "Make an enrolled device and a computer one machine",
		Example: "  sluice devices join 12 7",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				d, err := findDevice(cmd.Context(), c, args[0])
				if err != nil {
					return err
				}
				w, err := findComputer(cmd.Context(), c, args[1])
				if err != nil {
					return err
				}
				if d.ID == w.ID {
					return errors.New("they are one machine already")
				}
				if err := a.confirm(cmd.Context(), yes, fmt.Sprintf("making computer %s (%d) part of device %s (%d)", w.Name, w.ID, d.Name, d.ID)); err != nil {
					return err
				}
				if err := c.JoinDevice(cmd.Context(), d.ID, w.ID); err != nil {
					return err
				}
				return a.told("%s: one machine now", d.Name)
			})
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func newDevicesSplit(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "split DEVICE",
		Short:   "Make the device and the computer of one machine two again",
		Example: "  sluice devices split pc17",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachDevice(cmd, args, func(ctx context.Context, c *client.Client, d *wire.Device) error {
				if err := c.SplitDevice(ctx, d.ID); err != nil {
					return err
				}
				return a.told("%s: two machines now", d.Name)
			})
		},
	}
}
