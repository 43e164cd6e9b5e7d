package metadata

import (
	"strings"

	"sluice/wsus/xmllimit"
)

// Namespaces of update documents.
const (
	nsRoot   = "http://schemas.microsoft.com/msus/" // all of Microsoft Update's own begin so
	nsUpdate = nsRoot + "2002/12/Update"
	nsBase   = nsRoot + "2002/12/BaseApplicabilityRules"
	nsMSI    = nsRoot + "2002/12/MsiApplicabilityRules"
	nsDriver = nsRoot + "2002/12/UpdateHandlers/WindowsDriver"
)

// dotPrefix returns what element names of a namespace begin with in fragments
// (MS-WUSP 3.1.1.1).
func dotPrefix(space string) string {
	switch space {
	case nsBase:
		return "b."
	case nsMSI:
		return "m."
	case nsDriver:
		return "d."
	}
	return ""
}

// isForeign reports whether a default namespace is one of another vocabulary, whose
// declaration fragments keep.
func isForeign(space string) bool {
	return space != "" && !strings.HasPrefix(space, nsRoot)
}

// nameIs reports whether the name of t, spelled as in fragments, is want. In a
// document the namespace decides on the prefix, in a fragment it is there.
func nameIs(t *xmllimit.Token, want string, fragment bool) bool {
	if fragment {
		return string(t.Local()) == want
	}
	p := dotPrefix(t.Space)
	local := t.Local()
	return len(want) == len(p)+len(local) && want[:len(p)] == p && want[len(p):] == string(local)
}
