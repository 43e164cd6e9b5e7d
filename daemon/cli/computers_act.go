package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	"sluice/wsus/update"
)

func newAssign(a *app) *cobra.Command {
	var (
		groups []string
		none   bool
	)
	cmd := &cobra.Command{
		Use:   "assign COMPUTER...",
		Short: "Put computers into exactly the named groups",
		Example: "  sluice computers assign pc17 pc18 --group Pilot\n" +
			"  sluice computers assign pc17 --none",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if none == (len(groups) > 0) {
				return usageError(errors.New("either --group or --none is needed"), helpHint(cmd))
			}
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				found, err := findComputers(cmd.Context(), c, args)
				if err != nil {
					return err
				}
				ids := make([]int64, len(found))
				for i := range found {
					ids[i] = found[i].ID
				}
				if err := c.AssignComputers(cmd.Context(), ids, groups); err != nil {
					return err
				}
				where := "in no group now"
				if !none {
					where = "now in " + strings.Join(groups, ", ")
				}
				return a.told("%s: %s", count(len(ids), "computer"), where)
			})
		},
	}
	cmd.Flags().StringArrayVar(&groups, "group", nil, "a `GROUP`, by name or id; may be given several times")
	cmd.Flags().BoolVar(&none, "none", false, "into no group: they become unassigned")
	return cmd
}

// told says to a person what was done.
func (a *app) told(format string, args ...any) error {
	if a.json {
		return nil
	}
	_, err := fmt.Fprintln(a.stdout, printable(fmt.Sprintf(format, args...)))
	return err
}

// heldUpdate returns the one update that --update names, nil for none.
func heldUpdate(cmd *cobra.Command, c *client.Client, name string) (*update.ID, string, error) {
	if name == "" {
		return nil, "every update", nil
	}
	found, err := (&resolver{client: c, wanted: offered}).find(cmd.Context(), []string{name})
	if err != nil {
		return nil, "", err
	}
	return &found[0].UpdateID, caption(&found[0]), nil
}

func newHold(a *app) *cobra.Command {
	var name, reason string
	cmd := &cobra.Command{
		Use:     "hold COMPUTER...",
		Short:   "Hold updates back on computers, whatever is approved",
		Example: "  sluice computers hold pc17 --update KB5000001 --reason \"breaks the plotter\"",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				found, err := findComputers(cmd.Context(), c, args)
				if err != nil {
					return err
				}
				id, what, err := heldUpdate(cmd, c, name)
				if err != nil {
					return err
				}
				for i := range found {
					if err := c.Hold(cmd.Context(), found[i].ID, wire.SetHold{UpdateID: id, Reason: reason}); err != nil {
						return err
					}
					if err := a.told("%s: %s is held back", found[i].Name, what); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&name, "update", "", "one `UPDATE`, by id or KB number, instead of every one")
	cmd.Flags().StringVar(&reason, "reason", "", "why, `TEXT` for whoever looks later")
	return cmd
}

func newRelease(a *app) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:     "release COMPUTER...",
		Short:   "End a hold",
		Example: "  sluice computers release pc17 --update KB5000001",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				found, err := findComputers(cmd.Context(), c, args)
				if err != nil {
					return err
				}
				id, what, err := heldUpdate(cmd, c, name)
				if err != nil {
					return err
				}
				text := ""
				if id != nil {
					text = id.String()
				}
				for i := range found {
					if err := c.Release(cmd.Context(), found[i].ID, text); err != nil {
						return err
					}
					if err := a.told("%s: %s is no longer held back", found[i].Name, what); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&name, "update", "", "the hold of one `UPDATE`, instead of that of every one")
	return cmd
}

func newDeleteComputers(a *app) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:     "delete COMPUTER...",
		Short:   "Forget computers and what they reported; they come back when they log in again",
		Example: "  sluice computers delete pc17",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				found, err := findComputers(cmd.Context(), c, args)
				if err != nil {
					return err
				}
				if err := a.confirm(cmd.Context(), yes, "forgetting "+count(len(found), "computer")+" and what they reported"); err != nil {
					return err
				}
				for i := range found {
					if err := c.DeleteComputer(cmd.Context(), found[i].ID); err != nil {
						return err
					}
					if err := a.told("%s: deleted", found[i].Name); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}
