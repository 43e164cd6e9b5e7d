package offlinescan

import (
	"strings"

	"sluice/wsus/update"
)

// fragmentKind is what a fragment is, in the order in which a revision has them.
type fragmentKind uint8

const (
	coreFragment fragmentKind = iota
	extendedFragment
	localizedFragment
	eulaFragment
)

// kindFolders are the folders of a shard that hold fragments; others are not read.
var kindFolders = map[string]fragmentKind{"c": coreFragment, "x": extendedFragment, "l": localizedFragment, "e": eulaFragment}

// fragmentName is the name of a fragment in a shard.
type fragmentName struct {
	kind     fragmentKind
	language string // lower case; of a localized one, and of a EULA where it is there
	revision uint32
}

// parseName reads c/1, x/1, l/en/1, e/1 and e/en/1.
func parseName(name string) (fragmentName, bool) {
	folder, rest, ok := strings.Cut(name, "/")
	kind, known := kindFolders[strings.ToLower(folder)]
	if !ok || !known {
		return fragmentName{}, false
	}
	n := fragmentName{kind: kind}
	if language, id, ok := strings.Cut(rest, "/"); ok {
		if kind < localizedFragment || !isLanguage(language) {
			return fragmentName{}, false
		}
		n.language, rest = strings.ToLower(language), id
	} else if kind == localizedFragment {
		return fragmentName{}, false
	}
	for _, c := range []byte(rest) {
		if c < '0' || c > '9' {
			return fragmentName{}, false
		}
	}
	var err error
	n.revision, err = parseRevision(rest)
	return n, err == nil
}

func isLanguage(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= longestLanguage
}

// parseFileName reads files/<last two digits>/<SHA-1>.
func parseFileName(name string) (d update.Digest, ok bool) {
	const prefix, hexadecimal = "files/", 40
	if len(name) != len(prefix)+3+hexadecimal || !strings.EqualFold(name[:len(prefix)], prefix) {
		return d, false
	}
	folder, file := name[len(prefix):len(prefix)+2], name[len(prefix)+3:]
	if name[len(prefix)+2] != '/' || !strings.EqualFold(folder, file[hexadecimal-2:]) {
		return d, false
	}
	d, err := update.ParseDigest(file)
	return d, err == nil
}
