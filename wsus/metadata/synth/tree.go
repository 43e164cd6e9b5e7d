package synth

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"sluice/wsus/update"
)

// tree is the categories and detectoids of a catalog.
type tree struct {
	nodes []node
	kinds map[update.CategoryType][]int32 // nodes by kind; detectoids under the empty one
}

// node is a category, or with an empty kind a detectoid.
type node struct {
	id     update.ID
	kind   update.CategoryType
	title  string
	parent int32 // or -1
}

// classifications are those of Microsoft Update, whose ids others know too.
var classifications = [...]struct{ id, title string }{
	{"0fa1201d-4330-4fa8-8ae9-b877473b6441", "Security Updates"},
	{"cd5ffd1e-e932-4e3a-bf74-18bf0b1bbd83", "Updates"},
	{"e6cf1350-c01b-414d-a61f-263d14d133b4", "Critical Updates"},
	{"28bc880e-0592-4cbf-8f95-c79b17911d5f", "Update Rollups"},
	{"e0789628-ce08-4437-be74-2495b842f43b", "Definition Updates"},
	{"ebfc1fc5-71a4-4f7b-9aca-3b9a503104a0", "Drivers"},
	{"b54e7d24-7add-428f-8b75-90a396fa584f", "Feature Packs"},
	{"68c5b0a3-d1a6-4553-ae49-01d3a7827828", "Service Packs"},
	{"b4832bd8-e735-4761-8daf-37f882276dab", "Tools"},
	{"3689bdc8-b205-4af4-8d4a-a63924c5e9d5", "Upgrades"},
}

var (
	companyNames = [...]string{"Harborworks", "Northquay", "Tidemark"}
	familyNames  = [...]string{"Harbor", "Beacon", "Anchor", "Compass", "Lantern", "Mooring", "Rudder", "Sextant"}
	productNames = [...]string{"Server", "Desktop", "Studio", "Gateway", "Agent", "Console", "Runtime", "Tools"}
	featureNames = [...]string{"x64", "x86", "arm64", "Core edition", "Full edition", "en", "de", "Service Pack 1"}
)

// growTree returns a tree of n nodes.
func growTree(seed uint64, n int) tree {
	t := tree{kinds: make(map[update.CategoryType][]int32)}
	for _, c := range classifications {
		t.add(node{id: update.MustParseID(c.id), kind: update.Classification, title: c.title, parent: -1})
	}
	for i, name := range companyNames[:min(len(companyNames), 1+n/200)] {
		t.add(node{id: makeID(seed, "company", i), kind: update.Company, title: name, parent: -1})
	}
	families := max(2, n/40)
	for i := range families {
		t.add(node{
			id: makeID(seed, "family", i), kind: update.ProductFamily, title: numbered(familyNames[:], i),
			parent: t.nth(update.Company, i),
		})
	}
	for i := range max(4, n/5) {
		parent := t.nth(update.ProductFamily, i)
		year := 2012 + 2*(i/families%8)
		title := fmt.Sprintf("%s %s %d", t.nodes[parent].title, numbered(productNames[:], i/families), year)
		t.add(node{id: makeID(seed, "product", i), kind: update.Product, title: title, parent: parent})
	}
	for i := 0; len(t.nodes) < n; i++ {
		parent := t.nth(update.Product, i)
		products := len(t.kinds[update.Product])
		title := fmt.Sprintf("%s, %s", t.nodes[parent].title, numbered(featureNames[:], i/products))
		t.add(node{id: makeID(seed, "detectoid", i), title: title, parent: parent})
	}
	return t
}

func (t *tree) add(n node) {
	t.kinds[n.kind] = append(t.kinds[n.kind], int32(len(t.nodes)))
	t.nodes = append(t.nodes, n)
}

// nth returns the i-th node of a kind, going round.
func (t *tree) nth(kind update.CategoryType, i int) int32 {
	nodes := t.kinds[kind]
	return nodes[i%len(nodes)]
}

// numbered returns the i-th name, with a number once the names are used up.
func numbered(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s %d", names[i%len(names)], 1+i/len(names))
}

// makeID returns the GUID of the i-th thing of a kind.
func makeID(seed uint64, kind string, i int) update.ID {
	b := binary.BigEndian.AppendUint64(nil, seed)
	b = binary.BigEndian.AppendUint64(append(b, kind...), uint64(i))
	sum := sha256.Sum256(b)
	id := update.ID(sum[:16])
	id[6] = id[6]&0x0F | 0x40 // the version and variant of random GUIDs
	id[8] = id[8]&0x3F | 0x80
	return id
}
