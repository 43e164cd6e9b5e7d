package config

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// Override is a value from the command line; it wins over file and environment.
type Override struct {
	Flag  string // as the user types it, "--data"
	Key   string
	Value string
}

// Load reads the file at path (none if empty), lays the environment ("NAME=value",
// as os.Environ has it) and overrides over it, and validates the whole. The error
// joins every [Problem] found.
func Load(path string, environ []string, overrides ...Override) (*Config, error) {
	var found []assignment
	var problems []*Problem
	if path != "" {
		found, problems = readFile(path)
	}
	// Maps have no order; problems are read from the top of the file.
	slices.SortStableFunc(found, func(a, b assignment) int {
		return cmp.Or(cmp.Compare(a.origin.Line, b.origin.Line), cmp.Compare(a.key, b.key))
	})
	set, unknown := fromEnvironment(environ, fieldsOf(&Config{}))
	found, problems = append(found, set...), append(problems, unknown...)
	for _, o := range overrides {
		found = append(found, assignment{o.Key, text(o.Value), Origin{Kind: FromFlag, Name: o.Flag}})
	}
	return resolve(found, problems)
}

// resolve applies assignments in order over the defaults of the role that they
// name.
func resolve(found []assignment, problems []*Problem) (*Config, error) {
	c := Defaults(roleOf(found))
	c.origins = map[string]Origin{}
	fields := fieldsOf(c)
	bad := map[string]bool{}
	for _, a := range found {
		reason, allowed := assign(fields, a)
		if reason != "" {
			bad[a.key] = true
			problems = append(problems, &Problem{a.origin, a.key, reason, allowed})
			continue
		}
		c.origins[a.key] = a.origin
	}
	if _, set := c.origins["content_dir"]; !set {
		c.ContentDir = contentDirOf(c.DataDir)
	}
	for _, p := range Problems(c.Validate()) {
		if !bad[p.Key] {
			problems = append(problems, p)
		}
	}
	if len(problems) > 0 {
		slices.SortStableFunc(problems, byPlace)
		return nil, join(problems)
	}
	return c, nil
}

// byPlace puts problems in the order in which an administrator meets them: down
// the file, then the environment, then the command line.
func byPlace(a, b *Problem) int {
	kinds := []string{FromFile, FromEnvironment, FromFlag}
	return cmp.Or(
		cmp.Compare(slices.Index(kinds, a.Origin.Kind), slices.Index(kinds, b.Origin.Kind)),
		cmp.Compare(a.Origin.Line, b.Origin.Line))
}

// roleOf returns the role that decides the defaults: the last one named.
func roleOf(found []assignment) Role {
	role := Isolated
	for _, a := range found {
		if s, ok := stringOf(a.value); ok && a.key == "role" && slices.Contains(roles(), Role(s)) {
			role = Role(s)
		}
	}
	return role
}

func assign(fields []field, a assignment) (reason, allowed string) {
	if i := slices.IndexFunc(fields, func(f field) bool { return f.key == a.key }); i >= 0 {
		return fields[i].set(a.value)
	}
	if isTable(fields, a.key) {
		if table, ok := a.value.(map[string]any); ok && len(table) == 0 {
			return "", "" // [wsus] with every key commented out
		}
		return "is a table, not a value", "[" + a.key + "] on a line of its own, its keys below"
	}
	return unknownKey(fields, a.key)
}

func isTable(fields []field, key string) bool {
	return slices.ContainsFunc(fields, func(f field) bool { return strings.HasPrefix(f.key, key+".") })
}

// unknownKey says which keys there are, and where a key that stands in the wrong
// table belongs: in TOML a key below [wsus] is one of wsus.
func unknownKey(fields []field, key string) (reason, allowed string) {
	table, name := splitKey(key)
	if table != "" && !isTable(fields, table) {
		return "unknown table [" + table + "]", strings.Join(tables(fields), ", ")
	}
	reason = "unknown key"
	var keys []string
	for _, f := range fields {
		t, n := splitKey(f.key)
		switch {
		case t == table:
			keys = append(keys, n)
		case n == name && t == "":
			reason = "unknown key: " + name + " belongs above the first [table]"
		case n == name && reason == "unknown key":
			reason = "unknown key: " + name + " belongs below [" + t + "]"
		}
	}
	if table == "" {
		return reason, strings.Join(append(keys, tables(fields)...), ", ")
	}
	return reason, "in [" + table + "] " + strings.Join(keys, ", ")
}

// splitKey cuts a key into its table and its name. A key that had to be quoted
// is nowhere near a real one and stays whole.
func splitKey(key string) (table, name string) {
	i := strings.LastIndexByte(key, '.')
	if i < 0 || strings.HasPrefix(key, `"`) {
		return "", key
	}
	return key[:i], key[i+1:]
}

func tables(fields []field) []string {
	var all []string
	for _, f := range fields {
		if t, _ := splitKey(f.key); t != "" && !slices.Contains(all, "["+t+"]") {
			all = append(all, "["+t+"]")
		}
	}
	return all
}

func join(problems []*Problem) error {
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}
