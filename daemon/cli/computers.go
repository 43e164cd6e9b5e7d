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

func newComputers(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "computers",
		Short: "List computers, and put them into groups",
	}
	cmd.AddCommand(newComputersList(a), newComputersShow(a), newAssign(a), newHold(a), newRelease(a), newDeleteComputers(a))
	// No computer reports to the connected side.
	return listedFor(config.Isolated, cmd)
}

func newComputersList(a *app) *cobra.Command {
	var (
		l listFlags
		q client.ComputerQuery
	)
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List computers",
		Example: "  sluice computers list --group Pilot",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				return listOf(a, cmd, &l, c.Computers(cmd.Context(), q),
					[]string{"ID", "NAME", "GROUPS", "SYSTEM", "LAST SEEN", "LAST REPORT", "NOTE"}, computerRow)
			})
		},
	}
	cmd.Flags().StringVar(&q.Search, "search", "", "only those with this `TEXT` in the name, or with this client id")
	cmd.Flags().StringVar(&q.Group, "group", "", "only those that were put into this `GROUP`")
	l.add(cmd)
	return cmd
}

func computerRow(c *wire.Computer) []string {
	return []string{
		strconv.FormatInt(c.ID, 10), orDash(c.Name), orDash(strings.Join(c.Groups, ", ")), orDash(systemText(c)),
		minute(c.LastSeen), minute(c.LastReport), shorten(noteText(c), 60),
	}
}

func systemText(c *wire.Computer) string { return strings.TrimSpace(c.OS + " " + c.OSVersion) }

// noteText says what is unusual about a computer.
func noteText(c *wire.Computer) string {
	var notes []string
	if c.Collision != "" {
		notes = append(notes, c.Collision)
	}
	if len(c.Holds) > 0 {
		notes = append(notes, count(len(c.Holds), "hold"))
	}
	return strings.Join(notes, "; ")
}

// findComputer returns the computer that a person names: by its number, its
// name, the first label of that, or its client id.
func findComputer(ctx context.Context, c *client.Client, name string) (wire.Computer, error) {
	if n, err := strconv.ParseInt(name, 10, 64); err == nil && n > 0 {
		d, err := c.Computer(ctx, n)
		return d.Computer, err
	}
	return pick(c.Computers(ctx, client.ComputerQuery{Search: name}), name,
		func(c *wire.Computer) machineName { return machineName{c.ID, c.Name, c.ClientID} },
		kindOfMachine{"computer", "computers", "sluice computers list --search TEXT"})
}

func findComputers(ctx context.Context, c *client.Client, names []string) ([]wire.Computer, error) {
	list := make([]wire.Computer, len(names))
	for i, name := range names {
		var err error
		if list[i], err = findComputer(ctx, c, name); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func newComputersShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "show COMPUTER",
		Short:   "Show one computer, by its name or number",
		Example: "  sluice computers show pc17",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				found, err := findComputer(cmd.Context(), c, args[0])
				if err != nil {
					return err
				}
				d, err := c.Computer(cmd.Context(), found.ID)
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.stdout, d)
				}
				return a.showComputer(&d)
			})
		},
	}
}

func (a *app) showComputer(d *wire.ComputerDetail) error {
	c := &d.Computer
	groups := strings.Join(c.Groups, ", ")
	if groups == "" {
		groups = "Unassigned Computers"
	}
	if err := facts(a.stdout,
		"name", c.Name, "id", strconv.FormatInt(c.ID, 10), "client id", c.ClientID, "groups", groups,
		"asks for groups", strings.Join(c.Requested, ", "), "system", systemText(c), "architecture", c.Architecture,
		"machine", strings.TrimSpace(c.Manufacturer+" "+c.Model), "address", c.Address, "first seen", minute(c.FirstSeen),
		"last seen", minute(c.LastSeen), "last scan", minute(c.LastScan), "last report", minute(c.LastReport), "collision", c.Collision,
	); err != nil {
		return err
	}
	if len(c.Holds) > 0 {
		rows := make([][]string, len(c.Holds))
		for i, h := range c.Holds {
			what := "every update"
			if h.UpdateID != nil {
				what = h.UpdateID.String()
			}
			rows[i] = []string{what, minute(h.Created), orDash(h.Reason)}
		}
		fmt.Fprintln(a.stdout)
		if err := table(a.stdout, []string{"HELD BACK", "SINCE", "REASON"}, rows); err != nil {
			return err
		}
	}
	if len(d.Updates) == 0 {
		return nil
	}
	rows := make([][]string, len(d.Updates))
	for i, u := range d.Updates {
		title := u.Title
		if title == "" {
			title = u.UpdateID.String()
		}
		rows[i] = []string{u.State, minute(u.Since), orDash(u.Result), kbText(u.KB), shorten(title, 70)}
	}
	fmt.Fprintln(a.stdout)
	return table(a.stdout, []string{"STATE", "SINCE", "RESULT", "KB", "TITLE"}, rows)
}
