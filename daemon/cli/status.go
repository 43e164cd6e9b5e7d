package cli

import (
	"fmt"

	humanize "github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"sluice/daemon/api/wire"
	"sluice/daemon/client"
)

func newStatus(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the appliance at a glance",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onAppliance(cmd.Context(), false, func(c *client.Client) error {
				s, err := c.Status(cmd.Context())
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(a.stdout, s)
				}
				return a.showStatus(&s)
			})
		},
	}
}

func (a *app) showStatus(s *wire.Status) error {
	state := "not running"
	if s.Running {
		state = "running since " + minute(s.Started)
	}
	health := s.Health
	if s.Damage != "" {
		health += ": " + s.Damage
	}
	approvals := humanize.Comma(int64(s.Approvals))
	if s.Waiting > 0 {
		approvals += fmt.Sprintf(", %d of them waiting for files or license terms", s.Waiting)
	}
	computers := humanize.Comma(int64(s.Computers))
	if s.Enrolled > 0 {
		computers += fmt.Sprintf(", %s of them enrolled", humanize.Comma(int64(s.Enrolled)))
	}
	last := "never"
	if i := s.LastImport; i != nil {
		last = fmt.Sprintf("%s %s, %s: %s new", minute(i.Started), i.Source, i.State, humanize.Comma(int64(i.New)))
	}
	pairs := []string{
		"sluice", s.Version + ", " + state, "data folder", s.DataDir, "database", health,
		"updates", humanize.Comma(int64(s.Updates)), "files", fmt.Sprintf("%s, %s", humanize.Comma(int64(s.Files)), size(s.Bytes)),
		"computers", computers, "approvals", approvals,
		"declined", humanize.Comma(int64(s.Declined)), "last import", last,
	}
	for _, d := range s.Doors {
		pairs = append(pairs, d.Name, d.URL)
	}
	return facts(a.stdout, pairs...)
}
