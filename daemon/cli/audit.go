package cli

import (
	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
)

func newAudit(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Look at what was done, and by whom",
	}
	cmd.AddCommand(newAuditList(a))
	return cmd
}

func newAuditList(a *app) *cobra.Command {
	var (
		l listFlags
		q client.AuditQuery
	)
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the audit log, the newest entry first",
		Example: "  sluice audit list --action update.approve",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				return listOf(a, cmd, &l, c.Audit(cmd.Context(), q),
					[]string{"TIME", "WHO", "VIA", "ACTION", "SUBJECT", "OUTCOME", "DETAIL"}, auditRow)
			})
		},
	}
	cmd.Flags().StringVar(&q.Action, "action", "", "only this `ACTION`, such as update.approve")
	cmd.Flags().StringVar(&q.Subject, "subject", "", "only what was done to this `SUBJECT`, such as the id of an update")
	l.add(cmd)
	return cmd
}

func auditRow(e *wire.AuditEntry) []string {
	return []string{minute(&e.Time), e.Who, e.Via, e.Action, e.Subject, e.Outcome, shorten(string(e.Detail), 120)}
}
