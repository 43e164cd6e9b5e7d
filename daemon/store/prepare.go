package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"unicode"

	"sluice/wsus/update"
)

// prepared is everything of one variant of a revision that goes into rows.
type prepared struct {
	item       string // its name in the medium
	identity   update.Identity
	isDocument bool
	hash       [sha256.Size]byte

	typ                          update.Type
	category                     update.CategoryType
	flags                        variantFlags
	created                      int64
	severity, language, title    string
	description, kb, searchWords string
	eulaID                       update.ID
	relations                    []byte
	categories                   []update.ID
	members                      []update.Identity // of its bundles
	files                        []update.File

	document, core, extended, localized, eula []byte // compressed

	wireLen, xpressLen int64
	chunks             [][]byte // instead of core
}

// variantFlags is the column flags.
type variantFlags int64

const (
	flagDeployable variantFlags = 1 << iota // update.Revision.ExplicitlyDeployable
	flagExpired                             // update.Revision.Expired
	flagAlways                              // catalog.Row.Always
	flagMinted                              // update.Revision.Minted
)

// alwaysInstalled is how a core says that it is installed everywhere.
var alwaysInstalled = []byte("<IsInstalled><True /></IsInstalled>")

// title returns the title and description that lists show.
func (c *codec) title(rev *update.Revision) (title, description string) {
	for _, want := range c.languages {
		for _, l := range rev.Localized {
			if strings.EqualFold(l.Language, want) {
				return l.Title, l.Description
			}
		}
	}
	return rev.Title("")
}

// prepare does all the work on a revision that needs no database.
func (c *codec) prepare(rev *update.Revision, it *update.Item, f *update.Fragments) *prepared {
	p := &prepared{
		item: it.Name, identity: rev.Identity, isDocument: it.Document != nil,
		typ: rev.Type, category: rev.Category, created: millis(rev.Created),
		severity: rev.MsrcSeverity, language: rev.DefaultLanguage, eulaID: rev.EulaID,
		kb: strings.Join(rev.KBs, " "), files: mergeFiles(rev.Files, it.Files),
		document: c.pack(it.Document), extended: c.pack(f.Extended),
		localized: c.packLocalized(f.Localized), eula: c.packLocalized(f.Eula),
	}
	p.title, p.description = c.title(rev)
	p.searchWords = searchWords(p.title, rev.KBs)
	if p.isDocument {
		p.hash = sha256.Sum256(it.Document)
	} else {
		p.hash = hashFragments(f)
	}
	for flag, set := range map[variantFlags]bool{
		flagDeployable: rev.ExplicitlyDeployable,
		flagExpired:    rev.Expired,
		flagAlways:     bytes.Contains(f.Core, alwaysInstalled),
		flagMinted:     rev.Minted,
	} {
		if set {
			p.flags |= flag
		}
	}
	r := relations{rev.Prerequisites, rev.Bundles, rev.Supersedes, rev.Drivers}
	p.relations = r.encode()
	p.categories = categoriesOf(rev)
	p.members = membersOf(rev)
	if p.wireLen, p.chunks = wireForm(f.Core); p.chunks == nil {
		p.core = c.pack(f.Core)
	}
	for _, chunk := range p.chunks {
		p.xpressLen += int64(len(chunk))
	}
	return p
}

// hashFragments tells sets of fragments apart, whatever order their languages
// stand in within the medium.
func hashFragments(f *update.Fragments) [sha256.Size]byte {
	h := sha256.New()
	part := func(b []byte) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
		h.Write(b)
	}
	part(f.Core)
	part(f.Extended)
	for _, list := range [][]update.LocalizedFragment{f.Localized, f.Eula} {
		list = slices.Clone(list)
		slices.SortFunc(list, func(a, b update.LocalizedFragment) int { return strings.Compare(a.Language, b.Language) })
		for _, l := range list {
			part([]byte(l.Language))
			part(l.XML)
		}
		part(nil)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// categoriesOf lists what a revision belongs to, each once.
func categoriesOf(rev *update.Revision) []update.ID {
	var ids []update.ID
	for _, c := range rev.Prerequisites {
		if c.IsCategory {
			ids = append(ids, c.Any...)
		}
	}
	slices.SortFunc(ids, compareID)
	return slices.Compact(ids)
}

// membersOf lists the members of all bundles of a revision, each once.
func membersOf(rev *update.Revision) []update.Identity {
	ids := slices.Concat(rev.Bundles...)
	slices.SortFunc(ids, func(a, b update.Identity) int {
		if c := compareID(a.ID, b.ID); c != 0 {
			return c
		}
		return int(a.Number) - int(b.Number)
	})
	return slices.Compact(ids)
}

func compareID(a, b update.ID) int { return bytes.Compare(a[:], b[:]) }

// mergeFiles adds to the files that metadata names what the medium knows
// beyond it: other files, and locations and SHA-256 digests of the same.
func mergeFiles(named, known []update.File) []update.File {
	files := slices.Clone(named)
	for _, k := range known {
		found := false
		for i := range files {
			f := &files[i]
			if f.Digest != k.Digest {
				continue
			}
			found = true
			if f.SHA256.IsZero() {
				f.SHA256 = k.SHA256
			}
			if f.URL == "" {
				f.URL = k.URL
			}
		}
		if !found {
			files = append(files, k)
		}
	}
	return files
}

// searchWords is what an update is found by: its title, and its articles with
// and without the letters.
func searchWords(title string, kbs []string) string {
	var b strings.Builder
	b.WriteString(title)
	for _, kb := range kbs {
		b.WriteString(" " + kb + " KB" + kb)
	}
	return b.String()
}

// searchQuery turns what a person types into an FTS5 query: every word must
// begin a word of the update. It is empty where there is no word.
func searchQuery(text string) string {
	const most = 16
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i := range words {
		words[i] = `"` + words[i] + `"*`
	}
	return strings.Join(words[:min(len(words), most)], " ")
}
