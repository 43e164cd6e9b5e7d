package updatecsp

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Bounds of text values, in bytes. Windows states none; the group policies of the
// same settings take less.
const (
	maxURL   = 1024
	maxList  = 1024
	maxPlace = 260
	maxADMX  = 4096
)

// normal returns text of the form k as it goes to devices, or why it is not of
// that form.
func (k TextKind) normal(v string) (normal, reason string) {
	if v == "" {
		return "", "it is empty; unset the setting instead"
	}
	for _, r := range v {
		if !unicode.IsGraphic(r) || r == unicode.ReplacementChar {
			return "", "it holds a character that is not text"
		}
	}
	switch k {
	case URL:
		return normalURL(v)
	case Date:
		t, err := time.Parse(time.DateOnly, v)
		if err != nil || t.Year() < 2015 {
			return "", "it is not a date from 2015 on"
		}
		return v, ""
	case Release:
		return normalRelease(v)
	case Product:
		return normalProduct(v)
	case Hosts:
		return normalList(v, isHost, "is neither a host name nor an IP address")
	case GUID:
		return normalGUID(v)
	case Place:
		return normalPlace(v)
	case Keywords:
		return normalList(v, func(string) bool { return true }, "")
	case ADMX:
		return normalADMX(v)
	}
	return v, ""
}

// normalURL folds the case of scheme and host and takes the last "/" away.
func normalURL(v string) (normal, reason string) {
	if len(v) > maxURL {
		return "", "it is longer than " + strconv.Itoa(maxURL) + " bytes"
	}
	u, err := url.Parse(v)
	switch {
	case err != nil || strings.ContainsAny(v, " \\\"<>^`{|}"):
		return "", "it is not a URL"
	case !strings.EqualFold(u.Scheme, "http") && !strings.EqualFold(u.Scheme, "https"):
		return "", "it does not begin with http:// or https://"
	case u.User != nil:
		return "", "it holds a user name: devices would show it to everybody"
	case strings.ContainsAny(v, "?#"):
		return "", "it holds a query or a fragment"
	case !isHost(u.Hostname()):
		return "", "it has no host name or IP address"
	case strings.HasSuffix(u.Host, ":"):
		return "", "its port is missing"
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return "", "its port is not one"
		}
	}
	return strings.ToLower(u.Scheme) + "://" + strings.ToLower(u.Host) + strings.TrimRight(u.EscapedPath(), "/"), ""
}

// isHost reports whether s is a host name in ASCII, or an IP address.
func isHost(s string) bool {
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr.Zone() == ""
	}
	if len(s) == 0 || len(s) > 253 {
		return false
	}
	digits := true
	for label := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		digits = true
		for _, c := range []byte(label) {
			switch {
			case c >= '0' && c <= '9':
			case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '-', c == '_':
				digits = false
			default:
				return false
			}
		}
	}
	// 10.1.1 and 300.1.1.1 are mistyped addresses, not names.
	return !digits
}

// normalRelease takes 24H2 and 1909: from 2015 to 2020 by month, then by half.
func normalRelease(v string) (normal, reason string) {
	if len(v) != 4 {
		return "", "it is not a release"
	}
	v = strings.ToUpper(v)
	year, err := strconv.ParseUint(v[:2], 10, 8)
	if err != nil || year < 15 {
		return "", "it is not a release"
	}
	if v[2] == 'H' && (v[3] == '1' || v[3] == '2') && year >= 20 {
		return v, ""
	}
	month, err := strconv.ParseUint(v[2:], 10, 8)
	if err != nil || year > 20 || month < 1 || month > 12 {
		return "", "it is not a release"
	}
	return v, ""
}

func normalProduct(v string) (normal, reason string) {
	name, number, ok := strings.Cut(v, " ")
	n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 8)
	if !ok || err != nil || n < 10 || n > 99 || !strings.EqualFold(name, "Windows") {
		return "", "it is not a product"
	}
	return "Windows " + strconv.FormatUint(n, 10), ""
}

// normalList takes the blanks around the parts of a list away.
func normalList(v string, good func(string) bool, complaint string) (normal, reason string) {
	if len(v) > maxList {
		return "", "it is longer than " + strconv.Itoa(maxList) + " bytes"
	}
	parts := strings.Split(v, ",")
	for i, p := range parts {
		parts[i] = strings.TrimSpace(p)
		if parts[i] == "" {
			return "", "a part of the list is empty"
		}
		if !good(parts[i]) {
			return "", strconv.Quote(clip(parts[i])) + " " + complaint
		}
	}
	return strings.Join(parts, ","), ""
}

// normalGUID takes the braces away and folds the case, so that devices that are to
// share compare equal.
func normalGUID(v string) (normal, reason string) {
	v = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(v, "{"), "}"))
	if len(v) != 36 {
		return "", "it is not a GUID"
	}
	for i, c := range []byte(v) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f'
		if dash && c != '-' || !dash && !hex {
			return "", "it is not a GUID"
		}
	}
	return v, ""
}

// normalPlace takes D:, D:\Cache, %SystemDrive% and %SystemDrive%\Cache.
func normalPlace(v string) (normal, reason string) {
	if len(v) > maxPlace {
		return "", "it is longer than " + strconv.Itoa(maxPlace) + " bytes"
	}
	var rest string
	if inner, found := strings.CutPrefix(v, "%"); found {
		name, after, closed := strings.Cut(inner, "%")
		if !closed || name == "" || strings.ContainsAny(name, `\/:*?"<>|= `) {
			return "", "its environment variable is not of the form %Name%"
		}
		rest = after
	} else {
		if len(v) < 2 || v[1] != ':' || !(v[0] >= 'A' && v[0] <= 'Z' || v[0] >= 'a' && v[0] <= 'z') {
			return "", "it does not begin with a drive or an environment variable"
		}
		rest = v[2:]
	}
	if rest != "" && rest[0] != '\\' || strings.ContainsAny(rest, `/:*?"<>|%`) {
		return "", "it is not a folder"
	}
	for part := range strings.SplitSeq(rest, `\`) {
		if part == ".." {
			return "", "it is not a folder"
		}
	}
	return v, ""
}
