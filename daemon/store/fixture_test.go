package store_test

import (
	"fmt"
	"testing"
	"time"

	"sluice/catalogimport"
	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

// made is a revision made for a test, with what an import hands to the store.
type made struct {
	rev   update.Revision
	item  update.Item
	frags update.Fragments
}

var madeOn = time.Date(2026, 3, 10, 17, 0, 0, 0, time.UTC)

// uid returns a GUID with n in its last bytes.
func uid(n int) update.ID {
	return update.ID{0: 0xaa, 14: byte(n >> 8), 15: byte(n)}
}

func digest(n int) update.Digest { return update.Digest{0: 0xdd, 18: byte(n >> 8), 19: byte(n)} }

// software makes revision number of update n as a document.
func software(n int, number int32, change ...func(*made)) *made {
	m := &made{
		rev: update.Revision{
			Identity: update.Identity{ID: uid(n), Number: number}, Type: update.Software,
			ExplicitlyDeployable: true, Created: madeOn.Add(time.Duration(n) * time.Hour), DefaultLanguage: "en",
			KBs:       []string{fmt.Sprint(5000000 + n)},
			Localized: []update.Localized{{Language: "en", Title: fmt.Sprintf("Update %d for Testing", n), Description: "It tests."}},
		},
		item: update.Item{Name: fmt.Sprintf("record %d", n), Document: fmt.Appendf(nil, "<Update n=\"%d/%d\"/>", n, number)},
		frags: update.Fragments{
			Core:      fmt.Appendf(nil, "<UpdateIdentity n=\"%d/%d\"/>", n, number),
			Extended:  []byte("<ExtendedProperties/>"),
			Localized: []update.LocalizedFragment{{Language: "en", XML: []byte("<LocalizedProperties/>")}, {Language: "de", XML: []byte("<L/>")}},
		},
	}
	for _, c := range change {
		c(m)
	}
	return m
}

func fragmentsOnly(m *made) { m.item.Document = nil }

func contents(text string) func(*made) {
	return func(m *made) {
		m.frags.Core = []byte(text)
		if m.item.Document != nil {
			m.item.Document = []byte("<Update>" + text + "</Update>")
		}
	}
}

func titled(title string) func(*made) { return func(m *made) { m.rev.Localized[0].Title = title } }

func bundling(members ...update.Identity) func(*made) {
	return func(m *made) {
		for _, i := range members {
			m.rev.Bundles = append(m.rev.Bundles, []update.Identity{i})
		}
	}
}

func named(n int) update.Identity { return update.Identity{ID: uid(n), Number: 1} }

func withFile(n int, size int64) func(*made) {
	return func(m *made) {
		m.rev.Files = append(m.rev.Files, update.File{Digest: digest(n), Name: fmt.Sprintf("f%d.cab", n), Size: size, Modified: madeOn})
	}
}

func inCategory(n int) func(*made) {
	return func(m *made) {
		m.rev.Prerequisites = append(m.rev.Prerequisites, update.Clause{Any: []update.ID{uid(n)}, IsCategory: true})
	}
}

func classification(n int, title string) *made {
	return software(n, 1, titled(title), func(m *made) {
		m.rev.Type, m.rev.Category, m.rev.ExplicitlyDeployable, m.rev.KBs = update.Category, update.Classification, false, nil
	})
}

// medium returns a medium that nobody else has.
func medium(key string) update.Medium {
	return update.Medium{Source: "/media/" + key, Format: "test", Provenance: update.Unsigned, Key: key}
}

// stage stages revisions and returns what came of it.
func stage(t testing.TB, st catalogimport.Staging, list ...*made) catalogimport.Staged {
	t.Helper()
	var batch []catalogimport.Prepared
	for _, m := range list {
		batch = append(batch, storetest.Prepare(t, st, &m.rev, &m.item, &m.frags))
	}
	return storetest.Stage(t, st, batch...)
}

// importAll stages revisions as a medium of their own and applies them.
func importAll(t testing.TB, s *store.Store, key string, list ...*made) catalogimport.Staged {
	t.Helper()
	st := storetest.Begin(t, s, medium(key))
	staged := stage(t, st, list...)
	storetest.Apply(t, st, staged)
	return staged
}

// graph reads the rows of the graph by identity.
func graph(t testing.TB, s *store.Store) map[update.Identity]catalog.Row {
	t.Helper()
	rows := make(map[update.Identity]catalog.Row)
	for r, err := range s.GraphRows(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		rows[r.Identity] = r
	}
	return rows
}

// list reads all updates that a filter chooses.
func list(t testing.TB, s *store.Store, f store.UpdateFilter) []store.Update {
	t.Helper()
	var all []store.Update
	for {
		page, next, err := s.Updates(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
		if next.IsZero() {
			return all
		}
		f.After = next
	}
}
