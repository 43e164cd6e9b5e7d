package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
)

func newBackup(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "backup [FILE]",
		Short: "Copy the database to a file, while everything goes on",
		Long: "Copies the database, keys included, to a new file; by default into backups in\n" +
			"the data folder. Payload files are not in it: they lie in content_dir.",
		Example: "  sluice backup /mnt/safe/sluice.db",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			to := ""
			if len(args) > 0 {
				var err error
				if to, err = filepath.Abs(args[0]); err != nil {
					return usageError(fmt.Errorf("%s: %w", args[0], err), "")
				}
			}
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				bar := newBar(a.stderr, "backup")
				result, err := c.Backup(cmd.Context(), to, func(p *wire.BackupProgress) { bar.bytes(p.Done, p.Total) })
				bar.finish()
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.stdout, result)
				}
				return a.told("%s: %s", result.Path, size(result.Bytes))
			})
		},
	}
}
