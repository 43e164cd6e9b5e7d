package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
)

// anyOf chooses whatever a KB number names.
func anyOf(*wire.Update) bool { return true }

func newUpdatesShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "show UPDATE",
		Short:   "Show one update, by its id or KB number",
		Example: "  sluice updates show KB5000001",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				found, err := (&resolver{client: c, wanted: anyOf}).find(cmd.Context(), args)
				if err != nil {
					return err
				}
				u, err := c.Update(cmd.Context(), found[0].UpdateID)
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.stdout, u)
				}
				return a.showUpdate(&u)
			})
		},
	}
}

func (a *app) showUpdate(u *wire.UpdateDetail) error {
	kbs := ""
	if len(u.KBs) > 0 {
		kbs = "KB" + strings.Join(u.KBs, ", KB")
	}
	files := "none"
	if u.Files > 0 {
		files = fmt.Sprintf("%s, %s", count(u.Files, "file"), size(u.Bytes))
	}
	if u.FilesMissing > 0 {
		files += fmt.Sprintf("; missing: %s, %s", count(u.FilesMissing, "file"), size(u.BytesMissing))
	}
	eula := ""
	if u.EulaID != nil {
		eula = "must be accepted first"
		if u.EulaAccepted {
			eula = "accepted"
		}
	}
	s := u.Computers
	computers := fmt.Sprintf("%d lack it, %d downloaded it, %d have it, %d failed, %d must restart",
		s.NotInstalled, s.Downloaded, s.Installed, s.Failed, s.PendingReboot)
	if err := facts(a.stdout,
		"title", u.Title, "update", u.UpdateID.String(), "kb", kbs,
		"type", strings.TrimSpace(u.Type+" "+u.Category), "classification", u.Classification, "severity", u.Severity,
		"created", day(u.Created), "metadata", provenanceText(&u.Update), "standing", standing(&u.Update),
		"license terms", eula, "files", files, "computers", computers, "description", u.Description,
	); err != nil {
		return err
	}
	if len(u.Approved) == 0 {
		return nil
	}
	rows := make([][]string, len(u.Approved))
	for i, ap := range u.Approved {
		rows[i] = []string{ap.Group, ap.Action, minute(ap.Deadline), ap.State}
	}
	fmt.Fprintln(a.stdout)
	return table(a.stdout, []string{"GROUP", "ACTION", "DEADLINE", "STATE"}, rows)
}

func provenanceText(u *wire.Update) string {
	if u.Local {
		return u.Provenance + ", known to this appliance only"
	}
	return u.Provenance
}

// standing says in one word whether computers get to see an update.
func standing(u *wire.Update) string {
	switch {
	case u.Declined:
		return "declined"
	case u.Expired:
		return "expired: withdrawn by its publisher"
	case !u.Offered:
		return "superseded"
	case !u.Deployable:
		return "evaluated by computers, cannot be approved"
	}
	return "offered"
}

func newUpdatesFiles(a *app) *cobra.Command {
	var missing bool
	cmd := &cobra.Command{
		Use:     "files UPDATE",
		Short:   "List the files that an update needs",
		Example: "  sluice updates files KB5000001 --missing",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				found, err := (&resolver{client: c, wanted: anyOf}).find(cmd.Context(), args)
				if err != nil {
					return err
				}
				files, err := c.Files(cmd.Context(), found[0].UpdateID)
				if err != nil {
					return err
				}
				shown := make([]wire.File, 0, len(files))
				for _, f := range files {
					if !missing || !f.Held {
						shown = append(shown, f)
					}
				}
				return a.showFiles(shown)
			})
		},
	}
	cmd.Flags().BoolVar(&missing, "missing", false, "only those that are missing")
	return cmd
}

func (a *app) showFiles(files []wire.File) error {
	if a.json {
		return writeJSON(a.stdout, files)
	}
	rows := make([][]string, len(files))
	for i, f := range files {
		held := "missing"
		if f.Held {
			held = "held"
		}
		rows[i] = []string{f.Name, size(f.Size), held, f.Digest, orDash(f.URL)}
	}
	return table(a.stdout, []string{"NAME", "SIZE", "STATE", "SHA-1", "SOURCE"}, rows)
}
