package config

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// variablePrefix marks the environment variables that are meant for sluice.
const variablePrefix = "SLUICE_"

// pathVariable names the configuration file.
const pathVariable = variablePrefix + "CONFIG"

// Locate returns the configuration file that counts where none is named: that of
// the variable SLUICE_CONFIG in environ, else standard, for which callers pass
// [DefaultPath], if there is one, else none: "".
func Locate(environ []string, standard string) string {
	path := ""
	for _, entry := range environ {
		if name, value, _ := strings.Cut(entry, "="); foldVariable(name) == pathVariable {
			path = value
		}
	}
	if path != "" {
		return path
	}
	if _, err := os.Stat(standard); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return standard
}

// variable returns the environment variable that overrides a key.
func variable(key string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// otherVariables have the prefix and are no settings; the second names the
// folder of samples that tests read.
func otherVariables() []string { return []string{pathVariable, "SLUICE_SAMPLES"} }

// fromEnvironment returns the settings in environ ("NAME=value"), and a problem
// for each SLUICE_ variable that is none.
func fromEnvironment(environ []string, fields []field) ([]assignment, []*Problem) {
	var found []assignment
	var problems []*Problem
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		name = foldVariable(name)
		if !strings.HasPrefix(name, variablePrefix) || slices.Contains(otherVariables(), name) {
			continue
		}
		origin := Origin{Kind: FromEnvironment, Name: name}
		i := slices.IndexFunc(fields, func(f field) bool { return variable(f.key) == name })
		if i < 0 {
			problems = append(problems, &Problem{
				Origin:  origin,
				Reason:  "names no key",
				Allowed: variablePrefix + " and a key in upper case, with _ for the dot",
			})
			continue
		}
		found = append(found, assignment{fields[i].key, text(value), origin})
	}
	return found, problems
}
