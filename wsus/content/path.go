package content

import (
	"encoding/hex"
	"strings"

	"sluice/wsus/update"
)

// Prefix is where [Handler] answers, in any letter case.
const Prefix = "/Content/"

const (
	hexLen = 2 * len(update.Digest{})
	maxExt = 16 // characters after the dot; the longest seen is 4
)

// Path returns the path of a file below a root and below [Prefix]: two hex
// digits, a slash, 40 hex digits, and the extension of the declared name if it
// has a plain one.
func Path(f update.File) string {
	name := f.Digest.String()
	return name[hexLen-2:] + "/" + name + extension(f.Name)
}

// URLPath returns the path of the URL of a file, see [Path].
func URLPath(f update.File) string { return Prefix + Path(f) }

// extension returns the extension of a declared name with its dot, or nothing
// if it has none or one that might mean something to a file system or a URL.
func extension(name string) string {
	i := strings.LastIndexByte(name, '.')
	if i < 0 || !validExt(name[i:]) {
		return ""
	}
	return name[i:]
}

// validExt accepts nothing at all, and a dot with 1 to maxExt letters, digits,
// hyphens and underscores.
func validExt(ext string) bool {
	if ext == "" {
		return true
	}
	if ext[0] != '.' || len(ext) < 2 || len(ext) > 1+maxExt {
		return false
	}
	for _, c := range []byte(ext[1:]) {
		switch {
		case '0' <= c && c <= '9', 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// parsePath reads a path as [Path] makes them, with hexadecimal in any letter
// case and any extension or none: the same file may be declared under two
// names. Anything else, the wrong folder too, is refused.
func parsePath(p string) (update.Digest, bool) {
	if len(p) < 3+hexLen || len(p) > 3+hexLen+1+maxExt || p[2] != '/' {
		return update.Digest{}, false
	}
	folder, name := p[:2], p[3:]
	d, ok := parseName(name)
	if !ok || !strings.EqualFold(folder, name[hexLen-2:hexLen]) {
		return update.Digest{}, false
	}
	return d, true
}

// parseName reads the last element of such a path.
func parseName(name string) (update.Digest, bool) {
	var d update.Digest
	if len(name) < hexLen || !validExt(name[hexLen:]) {
		return d, false
	}
	if _, err := hex.Decode(d[:], []byte(name[:hexLen])); err != nil {
		return update.Digest{}, false
	}
	return d, true
}

// parseURLPath reads the path of a URL as [URLPath] makes them, in any letter
// case.
func parseURLPath(p string) (update.Digest, bool) {
	if len(p) < len(Prefix) || !strings.EqualFold(p[:len(Prefix)], Prefix) {
		return update.Digest{}, false
	}
	return parsePath(p[len(Prefix):])
}
