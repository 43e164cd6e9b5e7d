package updatecsp

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Version is a version of Windows with its update build revision, such as
// 10.0.19045.4170. The zero Version is one that is not known.
type Version struct {
	Major, Minor, Build, Revision int
}

// ParseVersion reads a version of two to four numbers. What a device says in
// DevDetail/SwV and in its enrollment has that form.
func ParseVersion(s string) (Version, error) {
	parts := strings.Split(s, ".")
	if len(s) > 40 || len(parts) < 2 || len(parts) > 4 {
		return Version{}, fmt.Errorf("version %q is not of the form 10.0.19045.4170", clip(s))
	}
	var n [4]int
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, 31)
		if err != nil {
			return Version{}, fmt.Errorf("version %q is not of the form 10.0.19045.4170", clip(s))
		}
		n[i] = int(v)
	}
	return Version{n[0], n[1], n[2], n[3]}, nil
}

// String returns the numbers, without a revision of 0; empty for a version that
// is not known.
func (v Version) String() string {
	switch {
	case v.IsZero():
		return ""
	case v.Revision == 0:
		return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Build)
	}
	return fmt.Sprintf("%d.%d.%d.%d", v.Major, v.Minor, v.Build, v.Revision)
}

// IsZero reports whether the version is not known.
func (v Version) IsZero() bool { return v == Version{} }

// Compare orders versions by number.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(v.Major, w.Major), cmp.Compare(v.Minor, w.Minor),
		cmp.Compare(v.Build, w.Build), cmp.Compare(v.Revision, w.Revision))
}

// Release returns the name that people know a version of Windows by, such as
// "Windows 10 22H2"; empty for one that has no name here.
func (v Version) Release() string {
	if v.Major != 10 || v.Minor != 0 {
		return ""
	}
	return releases[v.Build]
}

// releases are the names of builds.
var releases = map[int]string{
	10240: "Windows 10 1507",
	10586: "Windows 10 1511",
	14393: "Windows 10 1607",
	15063: "Windows 10 1703",
	16299: "Windows 10 1709",
	17134: "Windows 10 1803",
	17763: "Windows 10 1809",
	18362: "Windows 10 1903",
	18363: "Windows 10 1909",
	19041: "Windows 10 2004",
	19042: "Windows 10 20H2",
	19043: "Windows 10 21H1",
	19044: "Windows 10 21H2",
	19045: "Windows 10 22H2",
	20348: "Windows Server 2022",
	22000: "Windows 11 21H2",
	22621: "Windows 11 22H2",
	22631: "Windows 11 23H2",
	26100: "Windows 11 24H2",
	26200: "Windows 11 25H2",
}

// servicing maps the builds that share their updates, and with them the counting
// of revisions, to the first of them: the later ones are the first with features
// switched on.
var servicing = map[int]int{
	18363: 18362,
	19042: 19041, 19043: 19041, 19044: 19041, 19045: 19041,
	22631: 22621,
	26200: 26100,
}

// branch returns the build whose updates a build gets.
func branch(build int) int {
	if b, ok := servicing[build]; ok {
		return b
	}
	return build
}

// knows reports whether os has what came with any of builds: the first build that
// has it, and the revisions that brought it to builds that were out before.
//
//   - A build that is named has it from the revision that is named.
//   - One that shares its updates with a named one has it from the same revision.
//   - Any other has it where it is newer than a named one, for it was made later.
//
// A version that is not known has it: asking is how to find out.
func knows(os Version, builds []Version) bool {
	if os.IsZero() || len(builds) == 0 {
		return true
	}
	var near *Version // the nearest named one that shares its updates
	older := false    // whether it is newer than a named one
	for i := range builds {
		b := &builds[i]
		switch {
		case b.Major != os.Major || b.Minor != os.Minor:
			older = older || os.Compare(*b) > 0
		case b.Build == os.Build:
			return os.Revision >= b.Revision
		case branch(b.Build) == branch(os.Build):
			if near == nil || b.Build < os.Build && (near.Build > os.Build || b.Build > near.Build) {
				near = b
			}
		default:
			older = older || b.Build < os.Build
		}
	}
	switch {
	case near == nil:
		return older
	case near.Revision == 0:
		// It has it from its first day: the ones after it too, the ones before it
		// lack the switch.
		return near.Build < os.Build
	}
	return os.Revision >= near.Revision
}
