package clientsync

import (
	"net"
	"strconv"
	"strings"

	"sluice/wsus/content"
	"sluice/wsus/update"
)

// fileLocations writes where files are, each digest once; nothing where there
// are none. A location is no promise: whether the file has come yet is what a
// GET says, and a client that is not told a location does not see the update.
func (a *answer) fileLocations(s *Server, host string, files []update.File) {
	if len(files) == 0 {
		return
	}
	base := contentBase(host, s.settings())
	seen := make(map[update.Digest]bool, len(files))
	a.tag("<FileLocations>")
	for i := range files {
		f := &files[i]
		if seen[f.Digest] {
			continue
		}
		seen[f.Digest] = true
		a.tag("<FileLocation>")
		a.text("FileDigest", f.Digest.Base64())
		a.text("Url", base+content.URLPath(*f))
		a.tag("</FileLocation>")
	}
	a.tag("</FileLocations>")
}

// contentBase returns the URL that content is below of: the host by which the
// client called, which is one that it can reach, and the port of plain HTTP.
func contentBase(host string, settings *Settings) string {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	if !isHost(name) {
		name = settings.Host
	}
	if settings.ContentPort == 80 {
		if strings.Contains(name, ":") {
			name = "[" + name + "]"
		}
		return "http://" + name
	}
	return "http://" + net.JoinHostPort(name, strconv.Itoa(settings.ContentPort))
}

// isHost accepts a name or an address, so that nothing else that a client may
// send in its Host header comes back in a URL.
func isHost(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	for _, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
		case c == ':': // of an address
			if net.ParseIP(name) == nil {
				return false
			}
		default:
			return false
		}
	}
	return true
}
