package daemon_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sluice/daemon/store/storetest"
	"sluice/wsus/metadata"
	"sluice/wsus/soap/soaptest"
	"sluice/wsus/update"
)

// reconstruction rebuilds what the recorded server had stored from what it sent.
type reconstruction struct {
	tb        testing.TB
	files     fs.FS
	fragments map[update.RevisionID]*update.Fragments
	nonLeaf   map[update.RevisionID]bool
	held      map[update.RevisionID]bool // named by a client; true for installed non-leaf ones
	documents map[update.Identity]document
	matched   int // revisions that a document was found for
}

// document is a full document with the fragments that it is split into.
type document struct {
	text      []byte
	revision  *update.Revision
	fragments *update.Fragments
}

func reconstruct(tb testing.TB, files fs.FS) *reconstruction {
	return &reconstruction{
		tb: tb, files: files,
		fragments: make(map[update.RevisionID]*update.Fragments),
		nonLeaf:   make(map[update.RevisionID]bool),
		held:      make(map[update.RevisionID]bool),
		documents: make(map[update.Identity]document),
	}
}

func (r *reconstruction) parse(name string) *soaptest.Element {
	r.tb.Helper()
	root, err := soaptest.Parse(recorded(r.tb, r.files, name))
	if err != nil {
		r.tb.Fatalf("%s: %v", name, err)
	}
	return root
}

func (r *reconstruction) id(text string) update.RevisionID {
	n, err := strconv.Atoi(text)
	if err != nil {
		r.tb.Fatal(err)
	}
	return update.RevisionID(n)
}

func (r *reconstruction) of(id update.RevisionID) *update.Fragments {
	if r.fragments[id] == nil {
		r.fragments[id] = &update.Fragments{}
	}
	return r.fragments[id]
}

// cores takes the core fragments out of an answer to SyncUpdates.
func (r *reconstruction) cores(folder string) {
	for _, e := range r.parse(folder + "/response.body").Find("UpdateInfo") {
		id := r.id(e.Child("ID"))
		r.of(id).Core = []byte(e.Child("Xml"))
		r.nonLeaf[id] = e.Child("IsLeaf") == "false"
	}
}

// details takes the other fragments out of an answer to GetExtendedUpdateInfo.
func (r *reconstruction) details(folder string) {
	for _, e := range r.parse(folder + "/response.body").Find("Update") {
		f, text := r.of(r.id(e.Child("ID"))), e.Child("Xml")
		if !strings.HasPrefix(text, "<LocalizedProperties>") {
			f.Extended = []byte(text)
			continue
		}
		lang, _, _ := strings.Cut(strings.TrimPrefix(text, "<LocalizedProperties><Language>"), "<")
		f.Localized = append(f.Localized, update.LocalizedFragment{Language: lang, XML: []byte(text)})
	}
}

// holds takes the lists of what a client holds out of a SyncUpdates request.
func (r *reconstruction) holds(folder string) {
	root := r.parse(folder + "/request.body")
	for _, list := range []string{"OtherCachedUpdateIDs", "InstalledNonLeafUpdateIDs"} {
		for _, e := range root.Find(list) {
			for _, id := range e.Children {
				r.held[r.id(id.Text)] = list == "InstalledNonLeafUpdateIDs"
			}
		}
	}
}

// document adds a document that may be one of what the server had.
func (r *reconstruction) document(text []byte) {
	rev, fragments, err := metadata.Split(text)
	if err != nil {
		r.tb.Fatal(err)
	}
	r.documents[rev.Identity] = document{text, rev, fragments}
}

var coreIdentity = regexp.MustCompile(`^<UpdateIdentity UpdateID="([^"]*)" RevisionNumber="(\d+)" />`)

func identityOf(core []byte) (id update.Identity, ok bool) {
	m := coreIdentity.FindSubmatch(core)
	if m == nil {
		return id, false
	}
	number, err := strconv.Atoi(string(m[2]))
	return update.Identity{ID: update.MustParseID(string(m[1])), Number: int32(number)}, err == nil
}

// documentOf finds the document of recorded fragments: by identity where their
// core is known, else as the highest revision that all of the recorded ones can
// come of.
func (r *reconstruction) documentOf(f *update.Fragments) (found document, ok bool) {
	if id, known := identityOf(f.Core); known {
		found, ok = r.documents[id]
		if ok && !bytes.Equal(found.fragments.Core, f.Core) {
			r.tb.Errorf("document of %v: core %s, recorded %s", found.revision.Identity, found.fragments.Core, f.Core)
		}
		return found, ok
	}
	for _, d := range r.documents {
		if fits(d.fragments, f) && (!ok || d.revision.Number > found.revision.Number) {
			found, ok = d, true
		}
	}
	return found, ok
}

func fits(whole, part *update.Fragments) bool {
	if !bytes.Equal(whole.Extended, part.Extended) {
		return false
	}
	for _, p := range part.Localized {
		if !slices.ContainsFunc(whole.Localized, func(w update.LocalizedFragment) bool { return bytes.Equal(w.XML, p.XML) }) {
			return false
		}
	}
	return true
}

// madeUp returns an identity for a revision of which only the id is known.
func madeUp(id update.RevisionID) string {
	return fmt.Sprintf("feedfeed-0000-4000-8000-%012d", id)
}

// Revisions that no recording knows.
const (
	never  = 1<<24 + iota // nobody has it installed
	keeper                // needs never, and names what would be out of scope alone
)

// seeds returns the revisions. What only the id is known of, because a client
// holds it, is something without rules; the wanted documents are given to the
// first of the installed ones, as the recordings do not tell which they are. A
// core that is not known is made up, as that of something which nobody can
// install.
func (r *reconstruction) seeds(wanted ...update.Identity) (list []storetest.SeedRevision) {
	var prerequisites, members strings.Builder
	add := func(id update.RevisionID, it update.Item) {
		it.Name = fmt.Sprintf("revision %d", id)
		list = append(list, storetest.SeedRevision{RevisionID: id, Item: it})
	}
	software := func(id update.RevisionID, relationships string) []byte {
		return fmt.Appendf(nil, `<UpdateIdentity UpdateID="%s" RevisionNumber="1" /><Properties UpdateType="Software" ExplicitlyDeployable="true" />`+
			`<Relationships>%s</Relationships>`, madeUp(id), relationships)
	}
	need := func(id string) string { return `<UpdateIdentity UpdateID="` + id + `" />` }

	for _, id := range slices.Sorted(maps.Keys(r.fragments)) {
		f := r.fragments[id]
		d, known := r.documentOf(f)
		switch {
		case known:
			r.matched++
			add(id, update.Item{Document: d.text})
			f.Core = d.fragments.Core
		case len(f.Core) == 0:
			f.Core = software(id, "<Prerequisites>"+need(madeUp(never))+"</Prerequisites>")
			fallthrough
		default:
			add(id, update.Item{Fragments: f})
		}
		rev, err := metadata.FromFragments(f)
		switch {
		case err != nil:
			r.tb.Fatalf("revision %d: %v", id, err)
		case r.nonLeaf[id]:
			prerequisites.WriteString(need(rev.ID.String()))
		case !rev.ExplicitlyDeployable && rev.Type != update.Category:
			fmt.Fprintf(&members, `<UpdateIdentity UpdateID="%s" RevisionNumber="%d" />`, rev.ID, rev.Number)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.held)) {
		switch {
		case r.fragments[id] != nil:
		case !r.held[id]:
			add(id, update.Item{Fragments: &update.Fragments{Core: software(id, "")}})
		case len(wanted) > 0:
			d, ok := r.documents[wanted[0]]
			if !ok {
				r.tb.Fatalf("no document of %v", wanted[0])
			}
			add(id, update.Item{Document: d.text})
			wanted = wanted[1:]
		default:
			add(id, update.Item{Fragments: &update.Fragments{Core: fmt.Appendf(nil, `<UpdateIdentity UpdateID="%s" RevisionNumber="1" />`+
				`<Properties UpdateType="Category" /><ApplicabilityRules><IsInstalled><True /></IsInstalled></ApplicabilityRules>`, madeUp(id))}})
		}
	}
	relations := "<Prerequisites>" + need(madeUp(never)) + prerequisites.String() + "</Prerequisites>"
	if members.Len() > 0 {
		relations += "<BundledUpdates>" + members.String() + "</BundledUpdates>"
	}
	add(keeper, update.Item{Fragments: &update.Fragments{Core: software(keeper, relations)}})
	return list
}
