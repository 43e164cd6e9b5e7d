package updatecsp

import (
	"errors"
	"maps"
	"slices"
)

// Delivery is a setting as one device is to get it, or not to.
type Delivery struct {
	Name    string
	Setting *Setting // nil where the catalogue lacks it
	Value   string
	Skip    string // why the device does not get it; empty where it does
}

// On works out what a device of a version and edition gets of d, by name. What it
// has no use for, or would refuse, is there with the reason. A version or an
// edition that is not known (zero) gets everything: asking is how to find out.
func (d Desired) On(os Version, sku int) []Delivery {
	out := make([]Delivery, 0, len(d))
	for _, name := range slices.Sorted(maps.Keys(d)) {
		out = append(out, d.delivery(name, os, sku))
	}
	return out
}

func (d Desired) delivery(name string, os Version, sku int) Delivery {
	out := Delivery{Name: name, Value: d[name].Value}
	s, ok := Find(name)
	if !ok {
		out.Skip = "there is no such setting"
		return out
	}
	out.Setting = s
	if ok, why := s.Applies(os, sku); !ok {
		out.Skip = why
		return out
	}
	var refused *ValueError
	if errors.As(s.Check(out.Value, os), &refused) {
		out.Skip = refused.Error()
		return out
	}
	if s.Name == "DisableDualScan" && d.AllFromWSUS() && !os.IsZero() {
		if four, _ := Find(sourceSettings()[0]); knows(os, four.Builds) {
			out.Skip = "the four SetPolicyDrivenUpdateSourceFor settings do its work on this version and must not be combined with it"
		}
	}
	return out
}

// sourceSettings are the four that say where updates come from.
func sourceSettings() []string {
	return []string{
		"SetPolicyDrivenUpdateSourceForFeatureUpdates",
		"SetPolicyDrivenUpdateSourceForQualityUpdates",
		"SetPolicyDrivenUpdateSourceForDriverUpdates",
		"SetPolicyDrivenUpdateSourceForOtherUpdates",
	}
}

// AllFromWSUS reports whether all four source settings name the WSUS server.
func (d Desired) AllFromWSUS() bool {
	return !slices.ContainsFunc(sourceSettings(), func(name string) bool { return d[name].Value != "1" })
}
