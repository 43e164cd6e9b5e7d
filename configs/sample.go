// Package configs holds the configuration file as it is shipped.
package configs

import _ "embed"

//go:embed sluice.toml
var sample string

// Sample returns the configuration file as it is shipped, with every key
// commented out.
func Sample() string { return sample }
