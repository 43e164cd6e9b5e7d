package cabinet

import (
	"fmt"
	"strings"
	"unicode"
)

// decodeName makes a stored name UTF-8 with '/' between its parts.
func decodeName(b []byte, utf8 bool) string {
	var s string
	if utf8 {
		s = strings.ToValidUTF8(string(b), "\uFFFD")
	} else {
		runes := make([]rune, len(b))
		for i, c := range b {
			runes[i] = rune(c)
		}
		s = string(runes)
	}
	return strings.ReplaceAll(s, `\`, "/")
}

// SafeName returns name with '/' between its parts if it can be used as a
// relative path on any system, and an error that wraps [ErrUnsafeName] and says
// why not otherwise. Refused are empty names, absolute ones, drives and streams
// (':'), empty, "." and ".." parts, parts that Windows would rename (ending in a
// dot or a space) or take for a device, its wildcards, and control characters.
func SafeName(name string) (string, error) {
	refuse := func(why string) (string, error) {
		return "", fmt.Errorf("%w %q: %s", ErrUnsafeName, name, why)
	}
	if name == "" {
		return refuse("empty")
	}
	for _, r := range name {
		switch {
		case unicode.IsControl(r):
			return refuse("control character")
		case r == unicode.ReplacementChar:
			return refuse("not valid UTF-8")
		case strings.ContainsRune(`:*?"<>|`, r):
			return refuse("character that Windows does not allow")
		}
	}
	slashed := strings.ReplaceAll(name, `\`, "/")
	if slashed[0] == '/' {
		return refuse("absolute path")
	}
	for part := range strings.SplitSeq(slashed, "/") {
		switch {
		case part == "":
			return refuse("empty part")
		case part == "." || part == "..":
			return refuse("path traversal")
		case strings.HasSuffix(part, ".") || strings.HasSuffix(part, " "):
			return refuse("part ends in a dot or a space")
		case isDevice(part):
			return refuse("name of a Windows device")
		}
	}
	return slashed, nil
}

// isDevice reports whether Windows takes a path part for a device, with or
// without an extension.
func isDevice(part string) bool {
	stem, _, _ := strings.Cut(part, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	port, ok := strings.CutPrefix(stem, "COM")
	if !ok {
		port, ok = strings.CutPrefix(stem, "LPT")
	}
	return ok && (len(port) == 1 && port >= "1" && port <= "9" || port == "¹" || port == "²" || port == "³")
}

// foldName is the key under which a member is looked up.
func foldName(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, `\`, "/"))
}
