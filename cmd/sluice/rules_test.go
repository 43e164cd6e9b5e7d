package main_test

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// listed is what go list says of one package, or of one built for its tests.
type listed struct {
	ImportPath   string
	ForTest      string   // the package that this one is built to test
	Imports      []string // of the package itself
	TestImports  []string // of its tests
	XTestImports []string // of its external tests
	Deps         []string // everything that it is built from
}

const module = "sluice"

// room returns the path of a package inside of the module and whether it is one
// of its packages.
func room(importPath string) (string, bool) {
	// Built for a test, a package is listed as "sluice/wsus/soap [sluice/wsus/soap.test]".
	importPath, _, _ = strings.Cut(importPath, " ")
	return strings.CutPrefix(importPath, module+"/")
}

// in tells whether a room is one of those named or inside of one.
func in(room string, names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		return room == n || strings.HasPrefix(room, n+"/")
	})
}

// testOnly tells whether a room only serves tests: samples, and helpers named as
// the standard library names them (storetest).
func testOnly(room string) bool {
	return in(room, "wsus/update/samples") || strings.HasSuffix(path.Base(room), "test")
}

// breaches returns how a package breaks the rule of who may import whom.
func breaches(p listed) []string {
	from, ok := room(p.ImportPath)
	if !ok {
		return nil
	}
	if p.ForTest != "" || strings.HasSuffix(p.ImportPath, ".test") {
		return deepBreaches(from, p)
	}
	var all []string
	for _, to := range p.Imports {
		if why := forbidden(from, to, testOnly(from)); why != "" {
			all = append(all, fmt.Sprintf("%s imports %s: %s", from, to, why))
		}
	}
	for _, to := range slices.Concat(p.TestImports, p.XTestImports) {
		if why := forbidden(from, to, true); why != "" {
			all = append(all, fmt.Sprintf("a test of %s imports %s: %s", from, to, why))
		}
	}
	return append(all, deepBreaches(from, p)...)
}

// deepBreaches looks through other packages, also those of other modules.
func deepBreaches(from string, p listed) []string {
	var all []string
	if in(from, "wsus", "omadm", "catalogimport") {
		for _, dep := range p.Deps {
			if to, ok := room(dep); dep == "database/sql" || ok && in(to, "daemon") {
				all = append(all, fmt.Sprintf("%s is built from %s: protocols and media know neither the appliance nor SQL", p.ImportPath, dep))
			}
		}
	}
	return all
}

// forbidden says why one package may not import another, or nothing if it may.
func forbidden(from, importPath string, test bool) string {
	to, ours := room(importPath)
	if !ours {
		return forbiddenOutside(from, importPath, test)
	}
	switch {
	case to == from:
		return "" // an external test
	case testOnly(to) && !test:
		return "it is for tests alone"
	case in(from, "cmd") && !in(to, "daemon/cli"):
		return "main hands its arguments to daemon/cli and nothing else"
	case in(from, "wsus/update", "omadm/device") && !test:
		return "nouns import the standard library alone"
	case in(from, "wsus", "omadm") && in(to, "catalogimport"):
		return "arrows point down: media know protocols, not the reverse"
	case in(from, "wsus") && in(to, "omadm"):
		return "the two doors do not know each other"
	case in(from, "omadm") && in(to, "wsus"):
		if !in(to, "wsus/update", "wsus/xmllimit") {
			return "of wsus, omadm may use wsus/update and wsus/xmllimit"
		}
	case in(from, "catalogimport") && in(to, "wsus"):
		// Made documents, for tests and benchmarks.
		if test && in(to, "wsus/metadata/synth") {
			return ""
		}
		if !slices.Contains([]string{"wsus/update", "wsus/metadata", "wsus/content", "wsus/xmllimit"}, to) && !testOnly(to) {
			return "of wsus, catalogimport may use update, metadata, content and xmllimit"
		}
	case in(from, "catalogimport") && in(to, "omadm"):
		return "media have nothing to do with device management"
	case in(to, "daemon/store") && !in(from, "daemon"):
		return "only daemon imports the store"
	}
	return ""
}

func forbiddenOutside(from, importPath string, test bool) string {
	first, _, _ := strings.Cut(importPath, "/")
	standard := !strings.Contains(first, ".")
	switch {
	case in(from, "wsus/update", "omadm/device") && !standard && !test:
		return "nouns import the standard library alone"
	case !in(from, "daemon/store") && (in(importPath, "database/sql") || strings.HasPrefix(importPath, "modernc.org/sqlite")):
		return "nothing outside of daemon/store writes SQL"
	}
	return ""
}
