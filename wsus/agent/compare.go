package agent

import (
	"cmp"
	"strconv"
	"strings"
)

// compare answers a ScalarComparison from the sign of have - want; an absent one
// is equality. known is false for a comparison that the schema does not have.
func compare(comparison string, order int) (holds, known bool) {
	switch comparison {
	case "LessThan":
		return order < 0, true
	case "LessThanOrEqualTo":
		return order <= 0, true
	case "EqualTo", "":
		return order == 0, true
	case "GreaterThanOrEqualTo":
		return order >= 0, true
	case "GreaterThan":
		return order > 0, true
	}
	return false, false
}

func sign(n int) int { return cmp.Compare(n, 0) }

func compareNumber(r *Rule, have int, want string) (holds, known bool) {
	n, err := strconv.ParseInt(want, 0, 64)
	if err != nil {
		return false, false
	}
	return compare(r.Attr("Comparison"), cmp.Compare(int64(have), n))
}

// compareVersion compares versions of up to four parts; text on the machine that
// is no version satisfies nothing.
func compareVersion(r *Rule, have, want string) (holds, known bool) {
	b, err := parseVersion(want)
	if err != nil {
		return false, false
	}
	a, err := parseVersion(have)
	if err != nil {
		return false, true
	}
	return compare(r.Attr("Comparison"), cmp.Compare(a, b))
}

// compareText answers a StringComparison, without regard to case as the registry
// of Windows.
func compareText(r *Rule, have, want string) (holds, known bool) {
	have, want = strings.ToLower(have), strings.ToLower(want)
	switch r.Attr("Comparison") {
	case "EqualTo", "":
		return have == want, true
	case "BeginsWith":
		return strings.HasPrefix(have, want), true
	case "Contains":
		return strings.Contains(have, want), true
	case "EndsWith":
		return strings.HasSuffix(have, want), true
	}
	return false, false
}

// inRange reports whether an MSI version lies within the rule's VersionMin and
// VersionMax.
func inRange(r *Rule, version string) (holds, known bool) {
	have, err := parseVersion(version)
	if err != nil {
		return false, false
	}
	for _, bound := range []struct {
		name, exclude string
		side          int
	}{{"VersionMin", "ExcludeVersionMin", 1}, {"VersionMax", "ExcludeVersionMax", -1}} {
		s := r.Attr(bound.name)
		if s == "" {
			continue
		}
		limit, err := parseVersion(s)
		if err != nil {
			return false, false
		}
		order := cmp.Compare(have, limit) * bound.side
		if order < 0 || order == 0 && r.Attr(bound.exclude) == "true" {
			return false, true
		}
	}
	return true, true
}
