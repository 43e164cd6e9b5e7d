package tree

import (
	"fmt"
	"slices"
	"strings"

	"sluice/wsus/update"
)

// Classification is a class of updates that devices may be approved as a whole
// (ApprovedUpdates of the Update CSP).
type Classification struct {
	Name string // as WSUS shows it
	ID   update.ID
}

// DefinitionUpdates returns the class of definitions against malware, which
// change several times a day and are best approved always.
func DefinitionUpdates() update.ID {
	return update.MustParseID("e0789628-ce08-4437-be74-2495b842f43b")
}

// Classifications returns the classes that are known by name, in order of it.
func Classifications() []Classification {
	return []Classification{
		{"Critical Updates", update.MustParseID("e6cf1350-c01b-414d-a61f-263d14d133b4")},
		{"Definition Updates", DefinitionUpdates()},
		{"Drivers", update.MustParseID("ebfc1fc5-71a4-4f7b-9aca-3b9a503104a0")},
		{"Feature Packs", update.MustParseID("b54e7d24-7add-428f-8b75-90a396fa584f")},
		{"Security Updates", update.MustParseID("0fa1201d-4330-4fa8-8ae9-b877473b6441")},
		{"Service Packs", update.MustParseID("68c5b0a3-d1a6-4553-ae49-01d3a7827828")},
		{"Tools", update.MustParseID("b4832bd8-e735-4761-8daf-37f882276dab")},
		{"Update Rollups", update.MustParseID("28bc880e-0592-4cbf-8f95-c79b17911d5f")},
		{"Updates", update.MustParseID("cd5ffd1e-e932-4e3a-bf74-18bf0b1bbd83")},
	}
}

// FindClassification returns a class by its name, in any letter case, or by its
// id, also one that is not known here.
func FindClassification(text string) (update.ID, error) {
	list := Classifications()
	i := slices.IndexFunc(list, func(c Classification) bool { return strings.EqualFold(c.Name, strings.TrimSpace(text)) })
	if i >= 0 {
		return list[i].ID, nil
	}
	id, err := update.ParseID(text)
	if err != nil {
		names := make([]string, len(list))
		for i, c := range list {
			names[i] = c.Name
		}
		return update.ID{}, fmt.Errorf("%q is no classification of updates; known are %s, and others by their GUID", text, strings.Join(names, ", "))
	}
	return id, nil
}
