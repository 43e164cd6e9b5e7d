package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
)

func newCA(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ca",
		Short: "Look at the certificate authority of the appliance, and renew it",
	}
	cmd.AddCommand(newCAShow(a), newCAExport(a), newCARollover(a))
	return cmd
}

func newCAShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Show which authorities count, until when, and their fingerprints",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				v, err := c.CA(cmd.Context())
				if err != nil {
					return err
				}
				return a.showCA(&v)
			})
		},
	}
}

func (a *app) showCA(v *wire.CA) error {
	if a.json {
		return writeJSON(a.stdout, v)
	}
	var rows [][]string
	for i := range v.Authorities {
		c := &v.Authorities[i]
		does := "trusted"
		if c.Current {
			does = "issues"
		}
		rows = append(rows, []string{c.Name, does, c.Origin, day(&c.NotAfter), day(&c.TrustedUntil), c.SHA256})
	}
	if err := table(a.stdout, []string{"AUTHORITY", "DOES", "ORIGIN", "UNTIL", "RENEWS UNTIL", "SHA-256"}, rows); err != nil {
		return err
	}
	doors := "a certificate of the authority that issues"
	if v.TLSMode == "files" {
		doors = `the site's certificate (tls.mode = "files")`
	}
	pairs := []string{"doors show", doors, "devices", fmt.Sprintf("certificates live %s and renew up to %s after their end", v.DeviceLife, v.RenewGrace)}
	for i := range v.Roots {
		pairs = append(pairs, "root to trust", v.Roots[i].Name+", "+v.Roots[i].SHA256)
	}
	for _, w := range v.Warnings {
		pairs = append(pairs, "warning", w)
	}
	return facts(a.stdout, pairs...)
}

func newCARollover(a *app) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "rollover",
		Short: "Make a new root that issues from now on, beside the old one",
		Long: "Makes a new root. It issues from now on, for the doors too. What the old one\n" +
			"issued stays good: devices need not be enrolled again. The old root certifies the\n" +
			"new one, so that computers that have only the old one trust the doors until the\n" +
			"old one ends. Install the new root on new computers, and on the others meanwhile.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				if err := a.confirm(cmd.Context(), yes, "Make a new root that issues from now on"); err != nil {
					return err
				}
				v, err := c.RolloverCA(cmd.Context())
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.stdout, v)
				}
				return a.toldRollover(&v)
			})
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (a *app) toldRollover(v *wire.CA) error {
	issuing := &v.Authorities[0]
	pairs := []string{"new root", issuing.Name, "sha-256", issuing.SHA256, "until", day(&issuing.NotAfter)}
	if len(v.Authorities) > 1 {
		before := &v.Authorities[1]
		pairs = append(pairs, "old root", fmt.Sprintf("%s: computers that have it trust the new one until %s", before.Name, day(&before.NotAfter)))
	}
	return facts(a.stdout, append(pairs, "next", `"sluice ca export FILE" writes the new root for computers`)...)
}
