//go:build !windows

package config

// DefaultPath is where the configuration file is looked for.
func DefaultPath() string { return "/etc/sluice/sluice.toml" }

func defaultDataDir() string { return "/var/lib/sluice" }

// foldVariable gives a variable's name its one spelling.
func foldVariable(name string) string { return name }
