package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"sluice/daemon/client"
	"sluice/daemon/config"
)

func newEnroll(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "enroll",
		Short: "Let devices enrol: accounts, tokens and instructions",
	}
	cmd.AddCommand(newEnrollInstructions(a), newEnrollAccount(a), newEnrollToken(a))
	return listedFor(config.Isolated, cmd)
}

func newEnrollInstructions(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "instructions",
		Short: "Print every way of enrolling a device with this appliance",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				in, err := c.EnrollInstructions(cmd.Context())
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.stdout, in)
				}
				out := a.stdout
				fmt.Fprintf(out, "The server address to type: %s\n\nBefore the first device:\n", printable(in.Server))
				for _, b := range in.Before {
					fmt.Fprintf(out, "  - %s\n", printable(b))
				}
				for i, w := range in.Ways {
					fmt.Fprintf(out, "\n%d. %s\n   %s\n", i+1, printable(w.Title), printable(w.For))
					for j, s := range w.Steps {
						fmt.Fprintf(out, "   %d) %s\n", j+1, printable(s))
					}
					if w.Text != "" {
						fmt.Fprintf(out, "\n%s\n", indent(w.Text))
					}
				}
				return nil
			})
		},
	}
}
