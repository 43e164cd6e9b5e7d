package agent

import (
	"slices"
	"strconv"
	"strings"
)

// Table is a machine as a table of facts: what it does not list is not there. It
// knows the operating system, registry, file, package and product rules; of the
// others (WMI, licenses, clusters, loops over registry keys) it knows nothing
// and says so. Keys are in lower case. A Table that an agent has used must not be
// changed: what rules said of it is remembered. Another state is another Table.
type Table struct {
	Major, Minor, Build, Revision      int
	ServicePackMajor, ServicePackMinor int
	ProductType, SuiteMask             int // as in WindowsVersion: 1 workstation, 2 domain controller, 3 server
	Architecture                       int // PROCESSOR_ARCHITECTURE: 0 x86, 9 x64, 12 ARM64
	Processors                         int
	Language                           string // en-US

	Registry   map[string]map[string]string // key as `hkey_local_machine\software\...` -> value's name -> data
	Files      map[string]string            // path as written in rules, a known folder as `csidl38\` -> version
	Packages   map[string]string            // CBS package name -> version
	Products   map[string]string            // MSI product code -> version
	Patches    map[string]bool              // MSI patch code
	Attributes map[string]string            // DeviceAttribute
	Releases   map[string]string            // ProductReleaseInstalled
	Metrics    map[int]int                  // SystemMetric
	Devices    []Device
}

// Holds implements [Facts].
func (t *Table) Holds(r *Rule, c *Core) (holds, known bool) {
	switch r.Name {
	case "b.WindowsVersion":
		return t.windowsVersion(r)
	case "b.Platform":
		return r.Attr("PlatformID") == "2", true // VER_PLATFORM_WIN32_NT
	case "b.Processor":
		return r.Attr("Architecture") == strconv.Itoa(t.Architecture), !r.Has("Level") && !r.Has("Revision")
	case "b.NumberOfProcessors":
		return compareNumber(r, t.Processors, r.Attr("Number"))
	case "b.SystemMetric":
		i, err := strconv.Atoi(r.Attr("Index"))
		if err != nil {
			return false, false
		}
		return compareNumber(r, t.Metrics[i], r.Attr("Value"))
	case "b.WindowsLanguage", "b.MuiInstalled", "b.MuiLanguageInstalled":
		return t.language(r)
	case "b.RegKeyExists", "b.RegValueExists", "b.RegDword", "b.RegSz", "b.RegExpandSz", "b.RegSzToVersion":
		return t.registry(r)
	case "b.FileExists", "b.FileVersion":
		return t.file(r, t.path(r))
	case "b.FileExistsPrependRegSz", "b.FileVersionPrependRegSz":
		dir, ok := t.value(r)
		if !ok {
			return false, true
		}
		return t.file(r, strings.TrimRight(strings.ToLower(dir), `\`)+`\`+strings.ToLower(r.Attr("Path")))
	case "CbsPackageInstalled", "CbsPackageInstallable", "CbsPackageInstalledByIdentity":
		return t.cbs(r, &c.Package)
	case "DeviceAttribute", "b.DeviceAttribute":
		return t.attribute(r)
	case "ProductReleaseInstalled", "ProductReleaseVersion":
		return t.release(r)
	case "d.WindowsDriverInstalled", "d.WindowsDriverInstallable", "d.WindowsDriverSuperseded":
		return t.driver(r.Name, c)
	}
	if strings.HasPrefix(r.Name, "m.") {
		return t.msi(r, c)
	}
	return false, false
}

// windowsVersion compares the parts that the rule names, most significant first.
// ProductType is an equality whatever Comparison says.
func (t *Table) windowsVersion(r *Rule) (holds, known bool) {
	if s := r.Attr("ProductType"); s != "" && s != strconv.Itoa(t.ProductType) {
		return false, true
	}
	if s := r.Attr("SuiteMask"); s != "" {
		mask, err := strconv.Atoi(s)
		if err != nil {
			return false, false
		}
		common := t.SuiteMask & mask
		if common == 0 || r.Attr("AllSuitesMustBePresent") == "true" && common != mask {
			return false, true
		}
	}
	order, named := 0, false
	for _, part := range []struct {
		name string
		have int
	}{
		{"MajorVersion", t.Major},
		{"MinorVersion", t.Minor},
		{"BuildNumber", t.Build},
		{"ServicePackMajor", t.ServicePackMajor},
		{"ServicePackMinor", t.ServicePackMinor},
	} {
		s := r.Attr(part.name)
		if s == "" {
			continue
		}
		want, err := strconv.Atoi(s)
		if err != nil {
			return false, false
		}
		named = true
		if order == 0 {
			order = sign(part.have - want)
		}
	}
	if !named {
		return true, true
	}
	return compare(r.Attr("Comparison"), order)
}

func (t *Table) language(r *Rule) (holds, known bool) {
	have, want := strings.ToLower(t.Language), strings.ToLower(r.Attr("Language"))
	return want != "" && (have == want || strings.HasPrefix(have, want+"-")), true
}

// value looks up the registry value that r names by Key, Subkey and Value.
func (t *Table) value(r *Rule) (string, bool) {
	v, ok := t.Registry[regKey(r)][strings.ToLower(r.Attr("Value"))]
	return v, ok
}

func regKey(r *Rule) string {
	return strings.ToLower(r.Attr("Key") + `\` + strings.Trim(r.Attr("Subkey"), `\`))
}

func (t *Table) registry(r *Rule) (holds, known bool) {
	if r.Name == "b.RegKeyExists" {
		_, ok := t.Registry[regKey(r)]
		return ok, true
	}
	have, ok := t.value(r)
	if r.Name == "b.RegValueExists" || !ok {
		return ok, true
	}
	switch want := r.Attr("Data"); r.Name {
	case "b.RegDword":
		n, err := strconv.ParseInt(have, 0, 64)
		if err != nil {
			return false, true
		}
		return compareNumber(r, int(n), want)
	case "b.RegSzToVersion":
		return compareVersion(r, have, want)
	default:
		return compareText(r, have, want)
	}
}

func (t *Table) path(r *Rule) string {
	p := strings.ToLower(r.Attr("Path"))
	if s := r.Attr("Csidl"); s != "" {
		p = "csidl" + s + `\` + p
	}
	return p
}

func (t *Table) file(r *Rule, path string) (holds, known bool) {
	version, ok := t.Files[path]
	if !ok || !strings.HasPrefix(r.Name, "b.FileVersion") {
		return ok, !ok || !r.Has("Created") && !r.Has("Modified") && !r.Has("Size")
	}
	return compareVersion(r, version, r.Attr("Version"))
}

// cbs judges a component package by its manifest's identity. It is installable
// where architecture and a parent's build fit and it is not installed already.
func (t *Table) cbs(r *Rule, p *Package) (holds, known bool) {
	name, version := p.Name, p.Version
	if r.Name == "CbsPackageInstalledByIdentity" {
		// Name~PublicKeyToken~Architecture~Language~Version
		parts := strings.Split(r.Attr("PackageIdentity"), "~")
		if len(parts) != 5 {
			return false, false
		}
		name, version = parts[0], parts[4]
	}
	if name == "" {
		return false, false
	}
	installed := false
	if have, ok := t.Packages[strings.ToLower(name)]; ok {
		a, errA := parseVersion(have)
		b, errB := parseVersion(version)
		installed = errA == nil && errB == nil && a >= b
	}
	if r.Name != "CbsPackageInstallable" {
		return installed, true
	}
	return !installed && t.runs(p.Architecture) && (len(p.Parents) == 0 || slices.ContainsFunc(p.Parents, t.hasParent)), true
}

func (t *Table) runs(architecture string) bool {
	switch strings.ToLower(architecture) {
	case "amd64":
		return t.Architecture == 9
	case "arm64":
		return t.Architecture == 12
	case "x86":
		return t.Architecture == 0
	}
	return true // neutral, or not said
}

// hasParent judges a parent package by the build of Windows in its version: the
// table does not list the packages that Windows itself consists of.
func (t *Table) hasParent(p ParentPackage) bool {
	v, err := parseVersion(p.Version)
	if err != nil || int(v>>48) != t.Major || int(v>>32&0xFFFF) != t.Minor {
		return false
	}
	build := int(v >> 16 & 0xFFFF)
	return build == t.Build || !p.SameBuild && build < t.Build
}

func (t *Table) msi(r *Rule, c *Core) (holds, known bool) {
	code := strings.ToLower(r.Attr("ProductCode"))
	switch r.Name {
	case "m.MsiApplicationInstalled", "m.MsiApplicationSuperseded", "m.MsiApplicationInstallable":
		if c.ProductCode == "" {
			return false, false
		}
		_, have := t.Products[c.ProductCode]
		switch r.Name {
		case "m.MsiApplicationInstalled":
			return have, true
		case "m.MsiApplicationInstallable":
			return !have, true
		}
		return false, true
	case "m.MsiProductInstalled":
		version, have := t.Products[code]
		if !have {
			return false, true
		}
		return inRange(r, version)
	case "m.MsiPatchInstalledForProduct":
		_, have := t.Products[code]
		return have && t.Patches[strings.ToLower(r.Attr("PatchCode"))], true
	case "m.MsiFeatureInstalledForProduct", "m.MsiComponentInstalledForProduct":
		// Without any of the products the answer is known, whatever the feature.
		for _, k := range r.Kids {
			if _, have := t.Products[strings.ToLower(k.Text)]; k.Name == "m.Product" && have {
				return false, false
			}
		}
		return false, true
	}
	return false, false
}

func (t *Table) attribute(r *Rule) (holds, known bool) {
	have, ok := t.Attributes[strings.ToLower(r.Attr("Name"))]
	if !ok {
		return false, true
	}
	switch r.Attr("Type") {
	case "Version":
		return compareVersion(r, have, r.Attr("Value"))
	case "String":
		return compareText(r, have, r.Attr("Value"))
	}
	n, err := strconv.Atoi(have)
	if err != nil {
		return false, false
	}
	return compareNumber(r, n, r.Attr("Value"))
}

func (t *Table) release(r *Rule) (holds, known bool) {
	have, ok := t.Releases[strings.ToLower(r.Attr("Name"))]
	if !ok {
		return false, true
	}
	a, errA := parseVersion(have)
	b, errB := parseVersion(r.Attr("Version"))
	return errA == nil && errB == nil && a >= b, errA == nil && errB == nil
}

// driver compares the update's hardware ids with the machine's devices: it is
// installable where it is newer than what a device has.
func (t *Table) driver(rule string, c *Core) (holds, known bool) {
	for i := range t.Devices {
		d := &t.Devices[i]
		for _, m := range c.Drivers {
			same := func(id string) bool { return strings.EqualFold(id, m.HardwareID) }
			if !slices.ContainsFunc(d.HardwareIDs, same) && !slices.ContainsFunc(d.CompatibleIDs, same) {
				continue
			}
			newer := m.VerDate.Compare(d.Driver.VerDate)
			if newer == 0 && m.VerVersion != d.Driver.VerVersion {
				newer = 1
				if m.VerVersion < d.Driver.VerVersion {
					newer = -1
				}
			}
			switch {
			case rule == "d.WindowsDriverInstallable" && newer > 0,
				rule == "d.WindowsDriverInstalled" && newer == 0,
				rule == "d.WindowsDriverSuperseded" && newer < 0:
				return true, true
			}
		}
	}
	return false, true
}
