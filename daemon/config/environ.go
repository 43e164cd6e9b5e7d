package config

import (
	"slices"
	"strings"
)

// variablePrefix marks the environment variables that are meant for sluice.
const variablePrefix = "SLUICE_"

// variable returns the environment variable that overrides a key.
func variable(key string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// otherVariables have the prefix and are no settings: the first names the
// configuration file, the second the folder of samples that tests read.
func otherVariables() []string { return []string{"SLUICE_CONFIG", "SLUICE_SAMPLES"} }

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
