package cli

import (
	"fmt"
	"io"
	"path/filepath"

	"sluice/daemon/config"
)

// env is everything that a command touches outside of its arguments.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string // NAME=value
	standardConfig string   // the configuration file of the system
	version        string
	offline        openOffline // nil where commands need a running daemon
}

// app is one run of the command line. Commands are made from it before the
// arguments are read; they use it when they run.
type app struct {
	env
	configFile string // --config
	dataDir    string // --data
	json       bool   // --json
}

// configPath returns the configuration file in force, "" for none.
func (a *app) configPath() string {
	if a.configFile != "" {
		return a.configFile
	}
	return config.Locate(a.environ, a.standardConfig)
}

// config loads the effective configuration. Its error is a usage error.
func (a *app) config() (*config.Config, error) {
	var overrides []config.Override
	if a.dataDir != "" {
		dir, err := filepath.Abs(a.dataDir)
		if err != nil {
			return nil, usageError(fmt.Errorf("--data %s: %w", a.dataDir, err), "")
		}
		overrides = append(overrides, config.Override{Flag: "--data", Key: "data_dir", Value: dir})
	}
	c, err := config.Load(a.configPath(), a.environ, overrides...)
	if err != nil {
		return nil, usageError(err, `correct it; "sluice config check" tells when it is right`)
	}
	return c, nil
}

// role returns the role of the appliance; isolated, the default, while the
// configuration has errors, so that help can always be shown.
func (a *app) role() config.Role {
	c, err := a.config()
	if err != nil {
		return config.Isolated
	}
	return c.Role
}
