package cli

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
)

func newPoliciesSet(a *app) *cobra.Command {
	var group string
	cmd := &cobra.Command{
		Use:   "set SETTING=VALUE...",
		Short: "Set values for the devices of a group",
		Long: "Sets one or several values, all of them or none. A value that the setting does not\n" +
			"take is refused with those that it does.",
		Example: "  sluice policies set --group Pilot AllowAutoUpdate=4 ActiveHoursStart=7 ActiveHoursEnd=19",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			values := make(map[string]string, len(args))
			for _, arg := range args {
				name, value, ok := strings.Cut(arg, "=")
				if name = strings.TrimSpace(name); !ok || name == "" {
					return usageError(fmt.Errorf("%q is not SETTING=VALUE", arg), `"sluice policies unset" takes a value away`)
				}
				if _, twice := values[name]; twice {
					return usageError(fmt.Errorf("%s is set twice", name), "")
				}
				values[name] = value
			}
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				done, err := c.SetPolicies(cmd.Context(), group, values)
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.stdout, done)
				}
				for _, name := range slices.Sorted(maps.Keys(done.Values)) {
					fmt.Fprintf(a.stdout, "%s: %s = %s\n", printable(group), name, printable(done.Values[name]))
				}
				return a.warnings(done.Warnings)
			})
		},
	}
	needPolicyGroup(cmd, &group)
	return cmd
}

func newPoliciesUnset(a *app) *cobra.Command {
	var (
		group   string
		without bool
	)
	cmd := &cobra.Command{
		Use:   "unset SETTING...",
		Short: "Take values from a group",
		Long: "Takes away what was set on the group by hand. A value of its preset shows again;\n" +
			"--without leaves the setting out of the preset too, so that a device has what\n" +
			"other groups want, or nothing.",
		Example: "  sluice policies unset --group Pilot AllowAutoUpdate",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				for _, name := range args {
					if err := c.UnsetPolicy(cmd.Context(), group, name, without); err != nil {
						return err
					}
					if err := a.told("%s: %s is no longer set", group, name); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&without, "without", false, "leave it out of the group's preset too")
	needPolicyGroup(cmd, &group)
	return cmd
}

func newPoliciesPreset(a *app) *cobra.Command {
	var group string
	cmd := &cobra.Command{
		Use:   "preset NAME|none",
		Short: "Give a group a named set of values",
		Long: "The preset airgap is on All Computers from the start: it points devices at this\n" +
			"appliance and keeps them from looking elsewhere. \"sluice policies explain airgap\"\n" +
			"shows each value and why. What is set by hand wins over a preset of the same group.",
		Example: "  sluice policies preset airgap --group \"All Computers\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			if strings.EqualFold(name, "none") {
				name = ""
			}
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				if err := c.SetPreset(cmd.Context(), group, name); err != nil {
					return err
				}
				if name == "" {
					return a.told("%s: has no preset", group)
				}
				return a.told("%s: has the preset %s", group, name)
			})
		},
	}
	needPolicyGroup(cmd, &group)
	return cmd
}

func newPoliciesExport(a *app) *cobra.Command {
	var (
		group, as, dir string
		force          bool
	)
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write a group's settings for machines that do not enrol",
		Long: "Windows Server and Home cannot be managed by OMA DM, and machines of a domain may\n" +
			"be better off with group policy. This writes the same settings as files:\n\n" +
			"  reg         a registry file, for one machine or an image\n" +
			"  gpo-backup  a backup of a group policy object, for Import-GPO\n" +
			"  lgpo        text for Microsoft's LGPO.exe, for machines without a domain\n" +
			"  dsc         a PowerShell DSC configuration\n" +
			"  ansible     tasks for Ansible\n\n" +
			"One file goes to standard output unless --to names a folder.",
		Example: "  sluice policies export --group Servers --as reg --to exports",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if as == "" {
				return usageError(errors.New("--as is missing"), "allowed: reg, gpo-backup, lgpo, dsc, ansible")
			}
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				e, err := c.ExportPolicies(cmd.Context(), group, as)
				if err != nil {
					return err
				}
				for _, l := range e.LeftOut {
					fmt.Fprintf(a.stderr, "left out: %s: %s\n", printable(l.Name), printable(l.Reason))
				}
				switch {
				case a.json:
					return writeJSON(a.stdout, e)
				case dir != "":
					return a.writeExport(&e, dir, force)
				case len(e.Files) == 1:
					_, err := a.stdout.Write(e.Files[0].Data)
					return err
				}
				return usageError(fmt.Errorf("%s is %s", as, count(len(e.Files), "file")), "--to names a folder for them")
			})
		},
	}
	needPolicyGroup(cmd, &group)
	cmd.Flags().StringVar(&as, "as", "", "the `FORM`: reg, gpo-backup, lgpo, dsc or ansible")
	cmd.Flags().StringVar(&dir, "to", "", "a `FOLDER` for the files")
	cmd.Flags().BoolVar(&force, "force", false, "write over files that are there")
	return cmd
}

// writeExport writes the files of an export into a folder, which they do not
// leave.
func (a *app) writeExport(e *wire.PolicyExport, dir string, force bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	for i := range e.Files {
		name := filepath.FromSlash(e.Files[i].Path)
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		f, err := root.OpenFile(name, flags, 0o644)
		if errors.Is(err, os.ErrExist) {
			return &ExitError{ExitFailed, fmt.Errorf("%s is there already", filepath.Join(dir, name)), "--force writes over it"}
		}
		if err != nil {
			return err
		}
		_, err = f.Write(e.Files[i].Data)
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
		if err := a.told("written: %s", filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}
