package cli

import (
	"strconv"

	humanize "github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"sluice/daemon/client"
)

func newCatalog(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "catalog",
		Short: "Look at what computers are asked to evaluate",
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "budget",
		Short: "Show what the first scan of a new computer costs at most",
		Long: "Projects the first scan of a computer that holds nothing and has every product\n" +
			"of the catalog. A Windows client gives up after a number of trips: declining\n" +
			"updates that nobody needs brings them down.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				b, err := c.Budget(cmd.Context())
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.stdout, b)
				}
				trips := strconv.Itoa(b.Trips) + " of " + strconv.Itoa(b.MaxTrips)
				if b.Trips >= b.MaxTrips {
					trips += ": too many, new computers cannot finish a scan"
				}
				return facts(a.stdout, "trips", trips, "revisions", humanize.Comma(int64(b.Revisions)), "metadata", size(b.Bytes))
			})
		},
	})
	return cmd
}
