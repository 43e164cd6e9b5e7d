package cli

import (
	"github.com/spf13/cobra"

	"sluice/daemon/client"
)

func newKeys(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Manage the secrets of the appliance",
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "rotate",
		Short: "Seal the cookies of computers with a new key",
		Long: "Draws a new key for the cookies of computers. Cookies that an earlier key\n" +
			"sealed stay good until they expire.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				if err := c.RotateKeys(cmd.Context()); err != nil {
					return err
				}
				return a.told("a new key seals cookies from now on")
			})
		},
	})
	return cmd
}
