package updatecsp

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
)

// Why a value wins over another one.
const (
	byHand     = "the value that was set by hand goes before that of the preset"
	nearer     = "a group nearer to the device wins"
	lowest     = "of groups at the same depth the lowest value wins, for it is the most secure"
	highest    = "of groups at the same depth the highest value wins, for it is the most secure"
	firstGroup = "of groups at the same depth the first by name wins"
)

// wish is a value that one group wants.
type wish struct {
	value string
	from  Origin
}

// Merge works out what a device is to have that is in all of these groups.
//
//   - The preset of a group comes first, less the settings in Without. A value that
//     was set by hand goes before that of the preset of the same group.
//   - A group that is deeper in the tree of groups goes before a higher one.
//   - At the same depth the setting's own rule decides ([LowestWins],
//     [HighestWins]); where it has none but that the last write wins, which would
//     be chance here, the first group by name does.
//
// Values are taken as they are: [Validate] has seen them before they were kept.
func Merge(as []Assignment, env Environment) Desired {
	wishes := map[string][]wish{}      // at most one of each group
	beaten := map[string][]Overruled{} // by another value of the same group
	for _, a := range as {
		from := Origin{Group: a.Group, Name: a.Name, Depth: a.Depth}
		for name, value := range a.Values {
			wishes[name] = append(wishes[name], wish{value, from})
		}
		preset, ok := FindPreset(a.Preset)
		if !ok {
			continue
		}
		from.Preset = preset.Name
		for _, e := range preset.Values(env) {
			hand, ok := a.Values[e.Name]
			switch {
			case slices.Contains(a.Without, e.Name):
			case !ok:
				wishes[e.Name] = append(wishes[e.Name], wish{e.Value, from})
			case hand != e.Value:
				beaten[e.Name] = append(beaten[e.Name], Overruled{Value: e.Value, From: from, Reason: byHand})
			}
		}
	}
	desired := make(Desired, len(wishes))
	for name, list := range wishes {
		c := choose(name, list)
		for _, lost := range beaten[name] {
			if lost.Value != c.Value {
				c.Overruled = append(c.Overruled, lost)
			}
		}
		slices.SortStableFunc(c.Overruled, func(a, b Overruled) int {
			return cmp.Or(cmp.Compare(b.From.Depth, a.From.Depth), cmp.Compare(a.From.Name, b.From.Name))
		})
		desired[name] = c
	}
	return desired
}

// choose picks among what groups want of one setting.
func choose(name string, list []wish) Choice {
	var rule Conflict
	if s, ok := Find(name); ok {
		rule = s.Conflict
	}
	slices.SortFunc(list, func(a, b wish) int {
		return cmp.Or(cmp.Compare(b.from.Depth, a.from.Depth), byRule(rule, a.value, b.value),
			cmp.Compare(a.from.Name, b.from.Name), bytes.Compare(a.from.Group[:], b.from.Group[:]))
	})
	won := list[0]
	c := Choice{Value: won.value, From: won.from}
	for _, lost := range list[1:] {
		if lost.value != won.value {
			c.Overruled = append(c.Overruled, Overruled{Value: lost.value, From: lost.from, Reason: reason(rule, won, lost)})
		}
	}
	return c
}

// byRule compares two values at the same depth: negative where a wins.
func byRule(rule Conflict, a, b string) int {
	x, errX := strconv.ParseInt(a, 10, 64)
	y, errY := strconv.ParseInt(b, 10, 64)
	switch {
	case errX != nil || errY != nil:
		return 0
	case rule == LowestWins:
		return cmp.Compare(x, y)
	case rule == HighestWins:
		return cmp.Compare(y, x)
	}
	return 0
}

// reason says why won went before lost, which is of another group.
func reason(rule Conflict, won, lost wish) string {
	switch {
	case won.from.Depth > lost.from.Depth:
		return nearer
	case byRule(rule, won.value, lost.value) == 0:
		return firstGroup
	case rule == LowestWins:
		return lowest
	}
	return highest
}
