package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
)

func newUpdates(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "updates",
		Short: "List updates, and decide about them",
	}
	cmd.AddCommand(
		newUpdatesList(a), newUpdatesShow(a), newUpdatesFiles(a),
		newApprove(a), newUnapprove(a), newPause(a, true), newPause(a, false),
		newDecline(a), newUndecline(a), newAcceptEula(a),
	)
	return cmd
}

func newUpdatesList(a *app) *cobra.Command {
	var (
		l       listFlags
		q       client.UpdateQuery
		all     bool
		highest bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List updates, the newest first",
		Long: "Lists the updates that can be approved: not superseded, expired or declined.\n" +
			"With --all, --declined or --type, and with --json, none are left out but those\n" +
			"that the flags do. JSON has every revision of them; \"highest\" marks the one that\n" +
			"computers are offered.",
		Example: "  sluice updates list --search \"windows 11 cumulative\"\n" +
			"  sluice updates list --approved --missing\n" +
			"  sluice updates list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q.Revisions = a.json && !highest
			q.Current = !all && !a.json && !q.Declined && len(q.Types) == 0
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				return listOf(a, cmd, &l, c.Updates(cmd.Context(), q),
					[]string{"KB", "TITLE", "CLASSIFICATION", "CREATED", "APPROVED", "FILES", "UPDATE"}, updateRow)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&q.Search, "search", "", "only those with these `WORDS` in the title, or with this KB number")
	f.StringSliceVar(&q.Types, "type", nil, "only of this `TYPE`: Software, Driver, Category or Detectoid")
	f.BoolVar(&q.Approved, "approved", false, "only those that are approved for some group")
	f.BoolVar(&q.Missing, "missing", false, "only those that lack files")
	f.BoolVar(&q.Declined, "declined", false, "only those that are declined")
	f.BoolVar(&all, "all", false, "also what cannot be approved: superseded, expired, declined, categories, detectoids")
	f.BoolVar(&highest, "highest", false, "with --json, only the highest revision of each update")
	l.add(cmd)
	return cmd
}

func updateRow(u *wire.Update) []string {
	kind := u.Classification
	if kind == "" {
		kind = u.Type
	}
	return []string{
		kbText(u.KB), shorten(u.Title, 70), kind, day(u.Created), approvedText(u), filesText(u), u.UpdateID.String(),
	}
}

func approvedText(u *wire.Update) string {
	if u.Declined {
		return "declined"
	}
	texts := make([]string, len(u.Approved))
	for i, ap := range u.Approved {
		texts[i] = fmt.Sprintf("%s %s (%s)", ap.Action, ap.Group, ap.State)
	}
	return orDash(strings.Join(texts, ", "))
}

func filesText(u *wire.Update) string {
	switch {
	case u.Files == 0:
		return "-"
	case u.FilesMissing == 0:
		return strconv.Itoa(u.Files)
	}
	return fmt.Sprintf("%d of %d missing", u.FilesMissing, u.Files)
}
