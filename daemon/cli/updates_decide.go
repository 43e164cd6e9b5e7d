package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
)

// decision is a command that does one thing to every update that it is given.
type decision struct {
	app    *app
	all    bool
	wanted func(*wire.Update) bool
	// ask, which may be nil, returns what to confirm before anything is done.
	ask func([]wire.Update) string
	yes bool
	do  func(ctx context.Context, c *client.Client, u *wire.Update) (told string, err error)
}

// command finishes cmd.
func (d *decision) command(cmd *cobra.Command) *cobra.Command {
	cmd.Args = cobra.MinimumNArgs(1)
	cmd.Flags().BoolVar(&d.all, "all", false, "all updates that a KB number names")
	if d.ask != nil {
		cmd.Flags().BoolVarP(&d.yes, "yes", "y", false, "do not ask")
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return d.app.onAppliance(cmd.Context(), false, func(c *client.Client) error { return d.run(cmd.Context(), c, args) })
	}
	return cmd
}

func (d *decision) run(ctx context.Context, c *client.Client, args []string) error {
	found, err := (&resolver{client: c, all: d.all, wanted: d.wanted}).find(ctx, args)
	if err != nil {
		return err
	}
	if d.ask != nil {
		if what := d.ask(found); what != "" {
			if err := d.app.confirm(ctx, d.yes, what); err != nil {
				return err
			}
		}
	}
	var errs []error
	for i := range found {
		told, err := d.do(ctx, c, &found[i])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if !d.app.json {
			fmt.Fprintf(d.app.stdout, "%s: %s\n", printable(caption(&found[i])), printable(told))
		}
	}
	if err := errors.Join(errs...); err != nil || !d.app.json {
		return err
	}
	for i := range found { // as they are now
		u, err := c.Update(ctx, found[i].UpdateID)
		if err != nil {
			return err
		}
		found[i] = u.Update
	}
	return writeJSON(d.app.stdout, found)
}

func needGroup(cmd *cobra.Command, group *string) {
	cmd.Flags().StringVar(group, "group", "", "the `GROUP` of computers, by name or id")
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if *group == "" {
			return usageError(errors.New("--group is missing"), `"sluice groups list" shows the groups; "All Computers" is every one`)
		}
		return nil
	}
}

func newApprove(a *app) *cobra.Command {
	var group, deadline string
	ask := wire.Approve{Action: "install"}
	d := &decision{app: a, wanted: offered}
	d.do = func(ctx context.Context, c *client.Client, u *wire.Update) (string, error) {
		done, err := c.Approve(ctx, u.UpdateID, group, ask)
		if err != nil || a.json {
			return "", err
		}
		now, err := c.Update(ctx, u.UpdateID)
		return approvalText(&done, &now), err
	}
	cmd := d.command(&cobra.Command{
		Use:   "approve UPDATE...",
		Short: "Approve updates for a group of computers",
		Long: "Approves updates, by id or KB number, for a group of computers and the groups\n" +
			"inside it. An approval waits while files are missing or license terms are not\n" +
			"accepted; until then computers only report whether they need the update.",
		Example: "  sluice updates approve KB5000001 --group Pilot\n" +
			"  sluice updates approve KB5000001 --group Servers --deadline 2026-12-01T03:00Z",
	})
	needGroup(cmd, &group)
	f := cmd.Flags()
	f.StringVar(&ask.Action, "action", ask.Action, "`ACTION`: install, uninstall or block")
	f.StringVar(&deadline, "deadline", "", "`WHEN` it is done without asking: 2026-12-01T03:00Z, or +7d from now")
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if deadline != "" {
			t, err := parseDeadline(deadline, time.Now())
			if err != nil {
				return usageError(err, "")
			}
			ask.Deadline = &t
		}
		return run(cmd, args)
	}
	return cmd
}

// approvalText says what an approval comes to.
func approvalText(done *wire.Approval, u *wire.UpdateDetail) string {
	text := done.Action + " for " + done.Group
	if done.Deadline != nil {
		text += " by " + minute(done.Deadline)
	}
	if done.State != wire.Waiting {
		return text
	}
	if u.FilesMissing > 0 {
		text += fmt.Sprintf(", waiting for %s, %s", count(u.FilesMissing, "file"), size(u.BytesMissing))
	}
	if u.EulaID != nil && !u.EulaAccepted {
		text += fmt.Sprintf(", waiting for its license terms (sluice updates accept-eula %s)", u.UpdateID)
	}
	return text
}

func newUnapprove(a *app) *cobra.Command {
	var group string
	d := &decision{app: a, wanted: func(u *wire.Update) bool { return len(u.Approved) > 0 }}
	d.do = func(ctx context.Context, c *client.Client, u *wire.Update) (string, error) {
		return "no longer approved for " + group, c.Unapprove(ctx, u.UpdateID, group)
	}
	cmd := d.command(&cobra.Command{
		Use:     "unapprove UPDATE...",
		Short:   "Take back the approval for a group",
		Example: "  sluice updates unapprove KB5000001 --group Pilot",
	})
	needGroup(cmd, &group)
	return cmd
}

func newPause(a *app, pause bool) *cobra.Command {
	var group string
	d := &decision{app: a, wanted: func(u *wire.Update) bool { return len(u.Approved) > 0 }}
	cmd := &cobra.Command{
		Use:     "pause UPDATE...",
		Short:   "Keep an approval, but have computers only evaluate the update",
		Example: "  sluice updates pause KB5000001 --group Pilot",
	}
	d.do = func(ctx context.Context, c *client.Client, u *wire.Update) (string, error) {
		return "paused for " + group, c.Pause(ctx, u.UpdateID, group)
	}
	if !pause {
		cmd.Use, cmd.Short, cmd.Example = "resume UPDATE...", "End a pause", "  sluice updates resume KB5000001 --group Pilot"
		d.do = func(ctx context.Context, c *client.Client, u *wire.Update) (string, error) {
			return "resumed for " + group, c.Resume(ctx, u.UpdateID, group)
		}
	}
	cmd = d.command(cmd)
	needGroup(cmd, &group)
	return cmd
}

func newDecline(a *app) *cobra.Command {
	d := &decision{app: a, wanted: func(u *wire.Update) bool { return u.Deployable && !u.Declined }}
	d.ask = func(list []wire.Update) string {
		approvals := 0
		for i := range list {
			approvals += len(list[i].Approved)
		}
		if approvals == 0 {
			return ""
		}
		return fmt.Sprintf("declining deletes %s", count(approvals, "approval"))
	}
	d.do = func(ctx context.Context, c *client.Client, u *wire.Update) (string, error) {
		return "declined", c.Decline(ctx, u.UpdateID)
	}
	return d.command(&cobra.Command{
		Use:     "decline UPDATE...",
		Short:   "Take updates from every computer's sight; their approvals are deleted",
		Example: "  sluice updates decline KB5000001",
	})
}

func newUndecline(a *app) *cobra.Command {
	d := &decision{app: a, wanted: func(u *wire.Update) bool { return u.Declined }}
	d.do = func(ctx context.Context, c *client.Client, u *wire.Update) (string, error) {
		return "offered again; it is approved for no group", c.Undecline(ctx, u.UpdateID)
	}
	return d.command(&cobra.Command{
		Use:     "undecline UPDATE...",
		Short:   "Offer declined updates again",
		Example: "  sluice updates undecline KB5000001",
	})
}

func newAcceptEula(a *app) *cobra.Command {
	d := &decision{app: a, wanted: func(u *wire.Update) bool { return u.EulaID != nil }}
	d.do = func(ctx context.Context, c *client.Client, u *wire.Update) (string, error) {
		return "license terms accepted for every computer", c.AcceptEula(ctx, u.UpdateID)
	}
	return d.command(&cobra.Command{
		Use:     "accept-eula UPDATE...",
		Short:   "Accept the license terms of updates, for every computer",
		Example: "  sluice updates accept-eula KB5000001",
	})
}
