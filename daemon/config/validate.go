package config

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sluice/omadm/updatecsp/tree"
)

func roles() []Role { return []Role{Isolated, Connected} }

// Validate reports every value that is not allowed, joined. It looks at the
// values alone; what depends on the machine is for [Config.Preflight].
func (c *Config) Validate() error {
	v := &validator{c: c}
	oneOf(v, "role", c.Role, roles()...)
	v.folders()
	v.names()
	v.doors()
	v.management()
	oneOf(v, "wsus.targeting", c.WSUS.Targeting, ServerTargeting, ClientTargeting)
	v.certificate()
	v.authority()
	oneOf(v, "log.level", c.Log.Level, DebugLevel, InfoLevel, WarnLevel, ErrorLevel)
	oneOf(v, "log.format", c.Log.Format, TextFormat, JSONFormat)
	if c.Log.File != "" {
		v.absolute("log.file", c.Log.File)
	}
	v.limits()
	v.upstream()
	return join(v.problems)
}

// management checks how often devices come, who take whole minutes, and what they
// are approved.
func (v *validator) management() {
	for _, c := range v.c.MDM.ApprovedClasses {
		if _, err := tree.FindClassification(c); err != nil {
			v.bad("mdm.approved_classes", fmt.Sprintf("%q is no classification of updates", c), classNames())
		}
	}
	if p := v.c.MDM.Poll; p < 15*Minute || p > Day || p%Minute != 0 {
		v.bad("mdm.poll", fmt.Sprintf("%v is not possible", p), "whole minutes, 15m to 1d")
	}
}

// classNames lists what is known by name.
func classNames() string {
	var names []string
	for _, c := range tree.Classifications() {
		names = append(names, strconv.Quote(c.Name))
	}
	return strings.Join(names, ", ") + ", others by GUID"
}

type validator struct {
	c        *Config
	problems []*Problem
}

func (v *validator) bad(key, reason, allowed string) {
	v.problems = append(v.problems, &Problem{v.c.origin(key), key, reason, allowed})
}

func oneOf[T ~string](v *validator, key string, value T, allowed ...T) {
	if !slices.Contains(allowed, value) {
		names := make([]string, len(allowed))
		for i, a := range allowed {
			names[i] = string(a)
		}
		v.bad(key, fmt.Sprintf("%q is not known", string(value)), strings.Join(names, ", "))
	}
}

func (v *validator) absolute(key, path string) {
	if !filepath.IsAbs(path) || strings.ContainsRune(path, 0) {
		v.bad(key, fmt.Sprintf("%q is not an absolute path", path), "a full path, from the root or the drive")
	}
}

func (v *validator) folders() {
	c := v.c
	v.absolute("data_dir", c.DataDir)
	v.absolute("content_dir", c.ContentDir)
	seen := map[string]string{filepath.Clean(c.ContentDir): "content_dir"}
	for _, root := range c.ContentRoots {
		v.absolute("content_roots", root)
		clean := filepath.Clean(root)
		if other, ok := seen[clean]; ok {
			v.bad("content_roots", fmt.Sprintf("%q is already in %s", root, other), "each folder once")
		}
		seen[clean] = "content_roots"
	}
	if c.MinFree < 0 {
		v.bad("min_free", "is negative", sizeForm)
	}
}

func (v *validator) names() {
	const form = "a DNS name or an IP address, without scheme and port"
	if h := v.c.PublicHost; h != "" && !validHost(h) {
		v.bad("public_host", fmt.Sprintf("%q is not a host name", h), form)
	}
	for _, h := range v.c.Aliases {
		if !validHost(h) {
			v.bad("aliases", fmt.Sprintf("%q is not a host name", h), form)
		}
	}
}

// validHost also takes the underscore that Windows computer names may have.
func validHost(h string) bool {
	if net.ParseIP(h) != nil {
		return true
	}
	label := regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)
	for l := range strings.SplitSeq(h, ".") {
		if !label.MatchString(l) {
			return false
		}
	}
	return len(h) <= 253
}

// doors checks the addresses, each alone and that no two are the same.
func (v *validator) doors() {
	type door struct{ key, address, host, port string }
	var open []door
	for _, d := range []door{
		{key: "wsus.listen", address: v.c.WSUS.Listen},
		{key: "wsus.tls_listen", address: v.c.WSUS.TLSListen},
		{key: "mdm.listen", address: v.c.MDM.Listen},
		{key: "admin.listen", address: v.c.Admin.Listen},
	} {
		if d.key == "mdm.listen" && d.address == "" {
			continue
		}
		var err error
		d.host, d.port, err = net.SplitHostPort(d.address)
		n, numErr := strconv.ParseUint(d.port, 10, 16)
		if err != nil || numErr != nil || d.host != "" && !validHost(d.host) {
			form := `address:port, such as ":8530" or "10.0.0.5:8530"`
			if d.key == "mdm.listen" {
				form += `, or "" for none`
			}
			v.bad(d.key, fmt.Sprintf("%q is not an address to listen on", d.address), form)
			continue
		}
		if n == 0 {
			continue // any free port: never the same twice
		}
		for _, o := range open {
			if o.port == d.port && (o.host == d.host || everywhere(o.host) || everywhere(d.host)) {
				v.bad(d.key, fmt.Sprintf("%q is taken by %s", d.address, o.key), "another address or port")
			}
		}
		open = append(open, d)
	}
}

// everywhere tells whether a host means every address of the machine.
func everywhere(host string) bool {
	return host == "" || net.ParseIP(host).IsUnspecified()
}

func (v *validator) certificate() {
	t := v.c.TLS
	oneOf(v, "tls.mode", t.Mode, OwnCA, SiteFiles)
	for _, f := range []struct{ key, path string }{{"tls.cert_file", t.CertFile}, {"tls.key_file", t.KeyFile}} {
		switch {
		case t.Mode == SiteFiles && f.path == "":
			v.bad(f.key, `is empty, but tls.mode is "files"`, "the path of a PEM file")
		case t.Mode == OwnCA && f.path != "":
			v.bad(f.key, `is set, but tls.mode is "own"`, `tls.mode = "files" with cert_file and key_file`)
		case f.path != "":
			v.absolute(f.key, f.path)
		}
	}
}

// Bounds of device certificates. Devices renew them six weeks before their end,
// so that a shorter one would be renewed all the time. The store forgets what was
// revoked once it could not be renewed any more, and reckons with the longest
// grace.
const (
	minDeviceLife = 90 * Day
	maxDeviceLife = 3650 * Day
	maxGrace      = 2 * 365 * Day
)

func (v *validator) authority() {
	a := v.c.CA
	for _, f := range []struct{ key, path, other, otherPath string }{
		{"ca.cert_file", a.CertFile, "ca.key_file", a.KeyFile},
		{"ca.key_file", a.KeyFile, "ca.cert_file", a.CertFile},
	} {
		switch {
		case f.path == "" && f.otherPath != "":
			v.bad(f.key, fmt.Sprintf("is empty, but %s is set", f.other), "the path of a PEM file, or both empty for an own root")
		case f.path != "":
			v.absolute(f.key, f.path)
		}
	}
	if a.DeviceLife < minDeviceLife || a.DeviceLife > maxDeviceLife {
		v.bad("ca.device_life", fmt.Sprintf("%v is not possible", a.DeviceLife), fmt.Sprintf("%v to %v", minDeviceLife, maxDeviceLife))
	}
	if a.RenewGrace < 0 || a.RenewGrace > maxGrace {
		v.bad("ca.renew_grace", fmt.Sprintf("%v is not possible", a.RenewGrace), fmt.Sprintf("0 to %v", maxGrace))
	}
}

func (v *validator) limits() {
	i := v.c.Import
	if !slices.Contains(i.Languages, "en") {
		v.bad("import.languages", "en is missing", `"en", which every title falls back on, and the site's`)
	}
	tag := regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	for _, l := range i.Languages {
		if !tag.MatchString(l) {
			v.bad("import.languages", fmt.Sprintf("%q is not a language", l), `tags such as "en", "de" or "pt-br"`)
		}
	}
	if i.MaxMembers < 1 {
		v.bad("import.max_members", fmt.Sprintf("%d is too small", i.MaxMembers), "1 or more")
	}
	v.atLeast("import.max_document", i.MaxDocument, MiB)
	v.atLeast("import.max_member", i.MaxMember, i.MaxDocument)
	v.atLeast("import.max_expanded", i.MaxExpanded, i.MaxMember)
	v.atLeastDay("retention.events", v.c.Retention.Events)
	v.atLeastDay("retention.server_events", v.c.Retention.ServerEvents)
}

func (v *validator) atLeastDay(key string, d Duration) {
	if d < Day {
		v.bad(key, d.String()+" is too short", Day.String()+" or more")
	}
}

func (v *validator) atLeast(key string, size, least Size) {
	if size < least {
		v.bad(key, size.String()+" is too small", least.String()+" or more")
	}
}

func (v *validator) upstream() {
	raw := v.c.Upstream.URL
	if raw == "" {
		return
	}
	if v.c.Role == Isolated {
		v.bad("upstream.url", "an isolated appliance has no upstream", `"", or role = "connected"`)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		v.bad("upstream.url", "is not the address of a server", `"https://host:port", without user name and query`)
	}
}
