package updatecsp

import (
	"slices"
	"strconv"
	"strings"
)

// Editions is a list of editions of Windows that a setting has an effect on by
// OMA DM, by SKU number (GetProductInfo), ascending. They are those of the DDF
// files: no Home edition and no Windows Server is among them.
type Editions []int

// Has reports whether an edition is in the list. 0, for one that is not known,
// is.
func (e Editions) Has(sku int) bool {
	if sku == 0 {
		return true
	}
	_, ok := slices.BinarySearch(e, sku)
	return ok
}

// Names returns the families of the editions, such as Pro, Enterprise, Education.
func (e Editions) Names() []string {
	var names []string
	for _, f := range families {
		if slices.ContainsFunc(f.skus, func(sku int) bool { return e.Has(sku) }) {
			names = append(names, f.name)
		}
	}
	return names
}

// String returns the families, with ", " between.
func (e Editions) String() string { return strings.Join(e.Names(), ", ") }

// The lists of the DDF files: they differ in two editions only.

func everyEdition() Editions {
	return Editions{
		4, 27, 48, 49, 72, 84, 121, 122, 125, 126, 129, 130, holographic, 138, 139,
		161, 162, 164, 165, 171, 172, multiSession, 188, 191, 202, 203, 205, 207, 210,
	}
}

const (
	holographic  = 136
	multiSession = 175
)

// singleSession is every edition but that of shared session hosts.
func singleSession() Editions { return everyEdition().without(multiSession) }

// desktop is what most settings have an effect on.
func desktop() Editions { return everyEdition().without(holographic, multiSession) }

// without returns e less some editions.
func (e Editions) without(skus ...int) Editions {
	return slices.DeleteFunc(e, func(sku int) bool { return slices.Contains(skus, sku) })
}

// families joins the editions that are sold as one, with their N, evaluation and
// single-country forms.
var families = []struct {
	name string
	skus []int
}{
	{"Pro", []int{48, 49, 138, 139}},
	{"Pro for Workstations", []int{161, 162}},
	{"Pro Education", []int{164, 165}},
	{"Education", []int{121, 122}},
	{"Enterprise", []int{4, 27, 72, 84, 171, 172}},
	{"Enterprise LTSC", []int{125, 126, 129, 130}},
	{"Enterprise multi-session", []int{multiSession}},
	{"IoT Enterprise", []int{188, 206}},
	{"IoT Enterprise LTSC", []int{191, 205, 207}},
	{"SE", []int{202, 203}},
	{"Holographic for Business", []int{holographic}},
	{"WNC", []int{210}},
}

// others names editions that no list has and that are met all the same.
var others = map[int]string{
	7: "Server Standard", 8: "Server Datacenter", 10: "Server Enterprise",
	12: "Server Datacenter Core", 13: "Server Standard Core", 14: "Server Enterprise Core",
	17: "Web Server", 50: "Server Essentials", 79: "Server Standard Evaluation",
	80: "Server Datacenter Evaluation", 98: "Home N", 99: "Home China",
	100: "Home Single Language", 101: "Home", 143: "Server Datacenter Nano",
	144: "Server Standard Nano", 145: "Server Datacenter Core",
	146: "Server Standard Core", 147: "Server Datacenter Core",
	148: "Server Standard Core", 178: "S", 179: "S N", 406: "Azure Stack HCI",
	407: "Server Datacenter Azure Edition", 408: "Server Datacenter Azure Edition Core",
}

// EditionName returns the name of an edition by its SKU number, such as Pro, Home
// or Server Standard; "edition 999" for one that has no name here.
func EditionName(sku int) string {
	for _, f := range families {
		if slices.Contains(f.skus, sku) {
			return f.name
		}
	}
	if name, ok := others[sku]; ok {
		return name
	}
	return "edition " + strconv.Itoa(sku)
}
