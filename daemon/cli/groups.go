package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
	"sluice/daemon/config"
)

func newGroups(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "groups",
		Short: "List and arrange the groups of computers",
	}
	cmd.AddCommand(newGroupsList(a), newGroupsCreate(a), newGroupsRename(a), newGroupsMove(a), newGroupsDelete(a))
	return listedFor(config.Isolated, cmd)
}

func newGroupsList(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List groups, each below the one that it lies in",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				groups, err := c.Groups(cmd.Context())
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.stdout, groups)
				}
				rows := make([][]string, len(groups))
				for i, g := range groups {
					members := strconv.Itoa(g.Computers)
					if g.Builtin {
						members = "-" // follows from the others
					}
					rows[i] = []string{strings.Repeat("  ", g.Depth) + g.Name, members, g.ID.String()}
				}
				return table(a.stdout, []string{"GROUP", "COMPUTERS", "ID"}, rows)
			})
		},
	}
}

func newGroupsCreate(a *app) *cobra.Command {
	var parent string
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a group",
		Example: "  sluice groups create Servers\n" +
			"  sluice groups create \"Domain controllers\" --parent Servers",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				g, err := c.CreateGroup(cmd.Context(), args[0], parent)
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.stdout, g)
				}
				return a.told("%s: created", g.Name)
			})
		},
	}
	cmd.Flags().StringVar(&parent, "parent", "", "the `GROUP` that it lies in (default All Computers)")
	return cmd
}

func newGroupsRename(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "rename GROUP NAME",
		Short:   "Give a group another name",
		Example: "  sluice groups rename Pilot \"First wave\"",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				if err := c.ChangeGroup(cmd.Context(), args[0], wire.ChangeGroup{Name: args[1]}); err != nil {
					return err
				}
				return a.told("%s: now %s", args[0], args[1])
			})
		},
	}
}

func newGroupsMove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "move GROUP PARENT",
		Short:   "Put a group, and those inside it, into another one",
		Example: "  sluice groups move \"Domain controllers\" Servers",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				if err := c.ChangeGroup(cmd.Context(), args[0], wire.ChangeGroup{Parent: args[1]}); err != nil {
					return err
				}
				return a.told("%s: now inside %s", args[0], args[1])
			})
		},
	}
}

func newGroupsDelete(a *app) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "delete GROUP",
		Short: "Delete a group",
		Long: "Deletes a group and its approvals. The groups inside it move up to the one\n" +
			"around it; its computers stay in whatever other groups they are in.",
		Example: "  sluice groups delete Pilot",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				what, err := groupLoss(cmd.Context(), c, args[0])
				if err != nil {
					return err
				}
				if err := a.confirm(cmd.Context(), yes, what); err != nil {
					return err
				}
				if err := c.DeleteGroup(cmd.Context(), args[0]); err != nil {
					return err
				}
				return a.told("%s: deleted", args[0])
			})
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

// groupLoss says what deleting a group takes away.
func groupLoss(ctx context.Context, c *client.Client, name string) (string, error) {
	groups, err := c.Groups(ctx)
	if err != nil {
		return "", err
	}
	for _, g := range groups {
		if strings.EqualFold(g.Name, name) || strings.EqualFold(g.ID.String(), name) {
			return fmt.Sprintf("deleting the group %s, with its approvals and the membership of %s", g.Name, count(g.Computers, "computer")), nil
		}
	}
	return "", &ExitError{ExitFailed, fmt.Errorf("there is no group %q", name), `"sluice groups list" shows the groups`}
}
