package config

import (
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// DefaultPath is where the configuration file is looked for.
func DefaultPath() string { return filepath.Join(programData(), "sluice.toml") }

func defaultDataDir() string { return programData() }

// programData is the folder of the service, %ProgramData%\sluice. It asks
// Windows, not the environment, which anyone may have changed.
func programData() string {
	dir, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, 0)
	if err != nil {
		dir = `C:\ProgramData`
	}
	return filepath.Join(dir, "sluice")
}

// foldVariable gives a variable's name its one spelling; on Windows the case
// does not matter.
func foldVariable(name string) string { return strings.ToUpper(name) }
