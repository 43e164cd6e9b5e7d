package offlinescan

import (
	"bytes"
	"cmp"
	"path"
	"slices"
	"strings"
	"time"

	"sluice/wsus/update"
)

// Catalog is package.xml: what there is to know of every revision before its
// fragments are read. Revisions are numbered from 0 in the order of their
// RevisionIds. It is safe for concurrent use.
type Catalog struct {
	entries []entry
	links   []link
	// What links refer to, so that each is kept once.
	ids       []update.ID
	digests   []update.Digest
	places    []place // by digest
	text      []byte  // locations, one behind the other
	languages []string
	byID      []int32 // entries, by UpdateID
}

// entry is one Update.
type entry struct {
	identity update.Identity
	revision uint32
	from, to uint32 // its part of links
	created  int64  // Unix seconds, 0 for unknown
	language uint16
	action   Action
	flags    entryFlags
}

type entryFlags uint8

const (
	flagLeaf entryFlags = 1 << iota
	flagBundle
	flagNoSoftware
)

// link is something that an Update names.
type link struct {
	kind     linkKind
	language uint16 // of an eula
	value    uint32 // index into ids or digests, or a RevisionId
}

type linkKind uint8

const (
	prerequisite linkKind = iota
	company
	productFamily
	product
	classification
	otherCategory
	payload
	eula
	bundledBy
	supersededBy
)

var categoryKinds = map[string]linkKind{
	string(update.Company):        company,
	string(update.ProductFamily):  productFamily,
	string(update.Product):        product,
	string(update.Classification): classification,
}

var categoryTypes = [...]update.CategoryType{
	company: update.Company, productFamily: update.ProductFamily, product: update.Product,
	classification: update.Classification, otherCategory: "",
}

// place is where the location of a file lies in Catalog.text.
type place struct {
	from, to uint32
	included bool // the medium has the file; the location is a dummy that gives it its name
}

// Action is what a revision is for: Update/@DeploymentAction.
type Action uint8

// The actions.
const (
	Install  Action = iota // none is given: it is there to be approved
	Evaluate               // a category or detectoid
	Bundle                 // a member of a bundle
)

// Update is what the catalog says of one revision.
type Update struct {
	Identity        update.Identity // the core fragment has the last word
	RevisionID      uint32          // local to the medium
	Created         time.Time       // zero where it does not say
	DefaultLanguage string
	Action          Action
	Leaf, Bundle    bool
	NotSoftware     bool // IsSoftware="false"; the core fragment says what it is
	Categories      []CategoryRef
	Prerequisites   []update.ID // of all clauses
	// Files are the payload and then the texts of licenses, which have a
	// language. Those with a location have a URL and a name; metadata has the rest.
	Files        []update.File
	BundledBy    []uint32 // RevisionIds
	SupersededBy []uint32 // RevisionIds, which may be of no revision in the medium
}

// CategoryRef is a category that a revision belongs to.
type CategoryRef struct {
	Type update.CategoryType // empty for one that is not known
	ID   update.ID
}

// Len returns how many revisions there are.
func (c *Catalog) Len() int { return len(c.entries) }

// Find returns the number of the revision with a RevisionId.
func (c *Catalog) Find(revisionID uint32) (int, bool) {
	return slices.BinarySearchFunc(c.entries, revisionID, func(e entry, r uint32) int { return cmp.Compare(e.revision, r) })
}

// Revisions returns the numbers of all revisions of an update.
func (c *Catalog) Revisions(id update.ID) []int32 {
	i, ok := slices.BinarySearchFunc(c.byID, id, func(n int32, id update.ID) int { return compareIDs(c.entries[n].identity.ID, id) })
	if !ok {
		return nil
	}
	end := i
	for end < len(c.byID) && c.entries[c.byID[end]].identity.ID == id {
		end++
	}
	return c.byID[i:end]
}

func compareIDs(a, b update.ID) int { return bytes.Compare(a[:], b[:]) }

// Update returns what the catalog says of the i-th revision.
func (c *Catalog) Update(i int) Update {
	e := &c.entries[i]
	u := Update{
		Identity: e.identity, RevisionID: e.revision, Created: e.time(), DefaultLanguage: c.languages[e.language],
		Action: e.action, Leaf: e.flags&flagLeaf != 0, Bundle: e.flags&flagBundle != 0, NotSoftware: e.flags&flagNoSoftware != 0,
		Files: c.files(e),
	}
	for _, l := range c.links[e.from:e.to] {
		switch l.kind {
		case prerequisite:
			u.Prerequisites = append(u.Prerequisites, c.ids[l.value])
		case company, productFamily, product, classification, otherCategory:
			u.Categories = append(u.Categories, CategoryRef{categoryTypes[l.kind], c.ids[l.value]})
		case bundledBy:
			u.BundledBy = append(u.BundledBy, l.value)
		case supersededBy:
			u.SupersededBy = append(u.SupersededBy, l.value)
		}
	}
	return u
}

func (e *entry) time() time.Time {
	if e.created == 0 {
		return time.Time{}
	}
	return time.Unix(e.created, 0).UTC()
}

// files returns the files of an entry, payload first.
func (c *Catalog) files(e *entry) []update.File {
	var payloads, texts []update.File
	for _, l := range c.links[e.from:e.to] {
		switch l.kind {
		case payload:
			payloads = append(payloads, c.file(l))
		case eula:
			texts = append(texts, c.file(l))
		}
	}
	return append(payloads, texts...)
}

// file returns what is known of a file that a link names.
func (c *Catalog) file(l link) update.File {
	f := update.File{Digest: c.digests[l.value]}
	if l.kind == eula {
		f.Language = c.languages[l.language]
	}
	if p := c.places[l.value]; p.from < p.to {
		url := string(c.text[p.from:p.to])
		f.Name = fileName(url)
		if !p.included {
			f.URL = url
		}
	}
	if l.kind == eula && f.Name == "" {
		f.Name = "eula.txt" // content is stored with the extension of its name
	}
	return f
}

// known returns the files of an entry that add to what metadata says: those with a
// location, and the texts of licenses.
func (c *Catalog) known(e *entry) []update.File {
	return slices.DeleteFunc(c.files(e), func(f update.File) bool { return f.URL == "" && f.Language == "" })
}

// fileName returns the last part of a location.
func fileName(url string) string {
	url, _, _ = strings.Cut(url, "?")
	return path.Base(url)
}
