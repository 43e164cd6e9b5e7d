package main

import (
	"runtime/debug"
	"strings"
)

// version is set by releases: -ldflags "-X main.version=1.2.3".
var version string

// buildVersion returns the version of this build: that of the release, or what
// the go command took from the repository, or "devel".
func buildVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}
