package tree

import (
	"net/url"
	"strings"

	"sluice/wsus/update"
)

// maxURI bounds the LocURI of an item. The longest of this tree has about 110
// characters.
const maxURI = 512

// place is where in the tree a LocURI points.
type place struct {
	part Part
	id   update.ID // of an update of a list; zero for the list itself
	leaf string    // below the update, or below Rollback; empty for none
}

// find reads a LocURI, in any of the forms that devices give it.
func find(uri string) (place, bool) {
	if len(uri) > maxURI {
		return place{}, false
	}
	uri, _, _ = strings.Cut(uri, "?")
	uri = strings.Trim(strings.TrimPrefix(strings.TrimSpace(uri), "."), "/")
	names := strings.Split(uri, "/")
	for i := range names {
		names[i] = unescape(names[i])
	}
	if strings.EqualFold(names[0], "Device") {
		names = names[1:]
	}
	for _, want := range []string{"Vendor", "MSFT", "Update"} {
		if len(names) == 0 || !strings.EqualFold(names[0], want) {
			return place{}, false
		}
		names = names[1:]
	}
	return descend(names)
}

// descend follows names below the root.
func descend(names []string) (place, bool) {
	if len(names) == 0 {
		return place{part: Root}, true
	}
	at := place{part: partOf(names[0])}
	switch rest := names[1:]; {
	case at.part == Root:
		return place{}, false
	case len(rest) == 0:
		return at, true
	case at.part == Rollbacks && len(rest) == 1:
		at.leaf = rest[0]
		return at, true
	case at.part.list() && len(rest) <= 2:
		id, err := update.ParseID(rest[0])
		if err != nil || id.IsZero() {
			return place{}, false
		}
		at.id = id
		if len(rest) == 2 {
			at.leaf = rest[1]
		}
		return at, true
	}
	return place{}, false
}

// partOf returns the part of a node below the root, Root for an unknown one.
func partOf(name string) Part {
	for p := Root + 1; p < parts; p++ {
		if strings.EqualFold(p.node(), name) {
			return p
		}
	}
	return Root
}

// unescape reads the name of a node. Some servers and devices escape it twice.
func unescape(name string) string {
	name = strings.TrimSpace(name)
	for range 2 {
		if !strings.Contains(name, "%") {
			break
		}
		plain, err := url.PathUnescape(name)
		if err != nil {
			break
		}
		name = plain
	}
	return name
}
