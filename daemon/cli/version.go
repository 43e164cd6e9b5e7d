package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

// versionInfo is what sluice version --json prints.
type versionInfo struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the version of sluice",
		RunE: func(*cobra.Command, []string) error {
			v := versionInfo{a.version, runtime.Version(), runtime.GOOS, runtime.GOARCH}
			if a.json {
				return writeJSON(a.stdout, v)
			}
			_, err := fmt.Fprintf(a.stdout, "sluice %s (%s, %s/%s)\n", v.Version, v.Go, v.OS, v.Arch)
			return err
		},
	}
}
