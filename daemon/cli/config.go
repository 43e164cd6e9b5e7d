package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"sluice/daemon/config"
)

func newConfig(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check and show the configuration",
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "check",
			Short: "Say whether the configuration is right",
			Long: "Reads the configuration file and the SLUICE_ environment, and names every\n" +
				"problem with its place and what is allowed. Exits with 2 if there is one.",
			RunE: func(*cobra.Command, []string) error { return a.configCheck() },
		},
		&cobra.Command{
			Use:   "show",
			Short: "Show every setting in force and where it came from",
			RunE:  func(*cobra.Command, []string) error { return a.configShow() },
		},
	)
	return cmd
}

// configVerdict is what sluice config check --json prints.
type configVerdict struct {
	OK       bool              `json:"ok"`
	File     string            `json:"file"` // empty: none, defaults and environment only
	Problems []*config.Problem `json:"problems"`
}

func (a *app) configCheck() error {
	c, err := a.config()
	if err == nil {
		if err = c.Preflight(); err != nil {
			err = usageError(err, "")
		}
	}
	file := a.configPath()
	if a.json {
		problems := append([]*config.Problem{}, config.Problems(err)...)
		if werr := writeJSON(a.stdout, configVerdict{err == nil, file, problems}); werr != nil {
			return werr
		}
	}
	if err != nil || a.json {
		return err
	}
	if file == "" {
		file = "no configuration file, defaults"
	}
	_, err = fmt.Fprintf(a.stdout, "%s: ok\n", file)
	return err
}

func (a *app) configShow() error {
	c, err := a.config()
	if err != nil {
		return err
	}
	settings := c.Settings()
	if a.json {
		return writeJSON(a.stdout, settings)
	}
	var rows [][]string
	for _, s := range settings {
		rows = append(rows, []string{s.Key, s.Literal(), s.Origin.String()})
	}
	return table(a.stdout, []string{"KEY", "VALUE", "FROM"}, rows)
}
