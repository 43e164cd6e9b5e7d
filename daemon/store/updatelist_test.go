package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/daemon/store"
	"sluice/daemon/store/storetest"
	"sluice/wsus/update"
)

func TestUpdates(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	importAll(t, s, "m",
		classification(90, "Security Updates"), classification(91, "Drivers"),
		software(1, 1, inCategory(90), titled("Old title")), software(1, 2, inCategory(90), titled("Café update for Windows (KB5000001)")),
		software(2, 1, inCategory(91), func(m *made) { m.rev.Type = update.Driver }, withFile(1, 7)),
		software(3, 1, fragmentsOnly, titled("Servicing stack"), bundling(named(2))))
	for _, tt := range []struct {
		name   string
		filter store.UpdateFilter
		want   []string // titles
	}{
		{"all, newest first", store.UpdateFilter{}, []string{"Drivers", "Security Updates", "Servicing stack", "Update 2 for Testing", "Café update for Windows (KB5000001)"}},
		{"in pages", store.UpdateFilter{Limit: 2}, []string{"Drivers", "Security Updates", "Servicing stack", "Update 2 for Testing", "Café update for Windows (KB5000001)"}},
		{"a type", store.UpdateFilter{Types: []update.Type{update.Driver, update.Detectoid}}, []string{"Update 2 for Testing"}},
		{"a category", store.UpdateFilter{Category: uid(90)}, []string{"Café update for Windows (KB5000001)"}},
		{"ids", store.UpdateFilter{IDs: []update.ID{uid(3), uid(77)}}, []string{"Servicing stack"}},
		{"no ids", store.UpdateFilter{IDs: []update.ID{}}, nil},
		{"words", store.UpdateFilter{Query: "cafe WIND"}, []string{"Café update for Windows (KB5000001)"}},
		{"a title that a later revision changed", store.UpdateFilter{Query: "old title"}, nil},
		{"KB with letters", store.UpdateFilter{Query: "KB5000002"}, []string{"Update 2 for Testing"}},
		{"KB without", store.UpdateFilter{Query: "5000002"}, []string{"Update 2 for Testing"}},
		{"syntax of the search engine", store.UpdateFilter{Query: `up* AND (NEAR "`}, nil},
		{"nothing to search for", store.UpdateFilter{Query: `" * -`}, nil},
		{"words and a type", store.UpdateFilter{Query: "testing", Types: []update.Type{update.Software}}, nil},
	} {
		var got []string
		for _, u := range list(t, s, tt.filter) {
			got = append(got, u.Title)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}

	got := list(t, s, store.UpdateFilter{IDs: []update.ID{uid(2)}})
	want := []store.Update{{
		RevisionID: got[0].RevisionID, Identity: named(2), Type: update.Driver, Title: "Update 2 for Testing", Description: "It tests.",
		Classification: "Drivers", ClassificationID: uid(91), KBs: []string{"5000002"}, Created: madeOn.Add(2 * 3600e9),
		Deployable: true, Highest: true, Document: true, Provenance: update.Unsigned, Import: 1,
		Files: store.FileCount{Files: 1, Bytes: 7, Missing: 1, MissingBytes: 7},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("update (-want +got):\n%s", diff)
	}
	if u := list(t, s, store.UpdateFilter{IDs: []update.ID{uid(3)}})[0]; u.Document || u.Files.Missing != 1 {
		t.Errorf("update of fragments with a bundle: %+v, want no document and the member's file missing", u)
	}
	verify(t, s, digest(1))
	if u := list(t, s, store.UpdateFilter{IDs: []update.ID{uid(3)}})[0]; u.Files.Missing != 0 {
		t.Errorf("after the file came: %+v, want none missing", u.Files)
	}
}

func TestRevisionsAreListedWhereAsked(t *testing.T) {
	t.Parallel()
	s := storetest.New(t)
	importAll(t, s, "m", software(1, 1), software(1, 2), software(2, 1))
	highest := make(map[update.Identity]bool)
	for _, u := range list(t, s, store.UpdateFilter{Revisions: true}) {
		highest[u.Identity] = u.Highest
	}
	want := map[update.Identity]bool{
		{ID: uid(1), Number: 1}: false, {ID: uid(1), Number: 2}: true, {ID: uid(2), Number: 1}: true,
	}
	if diff := cmp.Diff(want, highest); diff != "" {
		t.Errorf("revisions, and whether they are the highest: -want +got\n%s", diff)
	}
}
