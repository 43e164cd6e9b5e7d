package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
)

func newEula(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "eula",
		Short: "Read license terms, and accept them for every device",
		Long: "An update with license terms is installed nowhere before they were accepted. Terms are\n" +
			"accepted once for all updates that name them, and it is kept who did and when.",
	}
	cmd.AddCommand(newEulaList(a), newEulaShow(a), newEulaAccept(a))
	return cmd
}

func newEulaList(a *app) *cobra.Command {
	var l listFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List license terms that updates name",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				return listOf(a, cmd, &l, c.Eulas(cmd.Context()), []string{"ID", "ACCEPTED", "BY", "UPDATES", "OF"},
					func(e *wire.Eula) []string {
						accepted := "no"
						if e.Accepted {
							accepted = minute(e.At)
						}
						return []string{e.ID, accepted, orDash(e.By), strconv.Itoa(e.Updates), shorten(e.Title, 60)}
					})
			})
		},
	}
	l.add(cmd)
	return cmd
}

func newEulaShow(a *app) *cobra.Command {
	var language string
	cmd := &cobra.Command{
		Use:   "show EULA",
		Short: "Show the words of license terms, by their id or that of an update",
		Example: "  sluice eula show 5117ce00-0000-4000-8000-000000000e01\n" +
			"  sluice eula show KB5000001 --language de",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				id, err := eulaID(cmd, c, args[0])
				if err != nil {
					return err
				}
				t, err := c.Eula(cmd.Context(), id, language)
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.stdout, t)
				}
				accepted := "no"
				if t.Accepted {
					accepted = strings.TrimSpace(minute(t.At) + " by " + t.By)
				}
				if err := facts(a.stdout, "id", t.ID, "of", t.Title, "updates", strconv.Itoa(t.Updates), "accepted", accepted,
					"language", t.Language, "languages", strings.Join(t.Languages, ", ")); err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.stdout, "\n%s\n", indent(t.Text))
				return err
			})
		},
	}
	cmd.Flags().StringVar(&language, "language", "", "the `LANGUAGE` to show, such as de")
	return cmd
}

// eulaID returns the id of the license terms that a person names: their own, or
// that of an update.
func eulaID(cmd *cobra.Command, c *client.Client, name string) (string, error) {
	if _, ok := kbDigits(name); !ok {
		return name, nil
	}
	found, err := (&resolver{client: c, wanted: func(u *wire.Update) bool { return u.EulaID != nil }}).find(cmd.Context(), []string{name})
	if err != nil {
		return "", err
	}
	return found[0].EulaID.String(), nil
}

func newEulaAccept(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "accept EULA...",
		Short:   "Accept license terms, for every device and every update that names them",
		Example: "  sluice eula accept 5117ce00-0000-4000-8000-000000000e01",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				for _, name := range args {
					id, err := eulaID(cmd, c, name)
					if err != nil {
						return err
					}
					if err := c.AcceptEulaID(cmd.Context(), id); err != nil {
						return err
					}
					if err := a.told("%s: accepted for every device", id); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}
