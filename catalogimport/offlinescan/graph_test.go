package offlinescan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/catalogimport/offlinescan"
	"sluice/catalogimport/offlinescan/synthscan"
	"sluice/wsus/metadata"
	"sluice/wsus/update"
)

func by(kind string, revisions ...int) string {
	var b strings.Builder
	for _, r := range revisions {
		fmt.Fprintf(&b, `<Revision Id="%d"/>`, r)
	}
	return "<" + kind + ">" + b.String() + "</" + kind + ">"
}

func needs(n int) string {
	return `<Prerequisites><UpdateId Id="` + guid(n) + `"/><Or><UpdateId Id="` + guid(n+1) + `"/></Or></Prerequisites>`
}

// related is a medium with circles: 1 and 2 bundle each other, 3, 4 and 5
// supersede each other in a ring, 6 needs 7 and 8, and 7 needs 6 again.
func related() synthscan.Medium {
	m := synthscan.Medium{Index: synthscan.Index(0), Shards: []synthscan.Shard{{Name: "package2.cab"}}, Catalog: packageXML(
		entry(9, by("BundledBy", 404)), entry(1, by("BundledBy", 2)), entry(2, by("BundledBy", 1)+by("BundledBy", 2)),
		entry(3, by("SupersededBy", 4, 404)), entry(4, by("SupersededBy", 5)), entry(5, by("SupersededBy", 3, 5)),
		entry(6, needs(7)), entry(7, needs(6)), entry(8, ""),
	)}
	for n := 1; n <= 9; n++ {
		m.Shards[0].Members = append(m.Shards[0].Members, member(fmt.Sprintf("c/%d", n), core(n)))
	}
	return m
}

func TestClosure(t *testing.T) {
	t.Parallel()
	b := write(t, related())
	for _, tt := range []struct {
		chosen int
		want   []uint32
	}{
		{1, []uint32{1, 2}}, {2, []uint32{1, 2}}, {6, []uint32{6, 7, 8}}, {8, []uint32{8}}, {9, []uint32{9}},
	} {
		s := mustOpen(t, b, offlinescan.DefaultLimits())
		c := s.Catalog()
		i, ok := c.Find(uint32(tt.chosen))
		if !ok {
			t.Fatalf("no revision %d", tt.chosen)
		}
		set := c.Closure(slices.Values([]int{i, i}))
		var got []uint32
		for n := range c.Len() {
			if set.Has(n) {
				got = append(got, c.Update(n).RevisionID)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || set.Len() != len(tt.want) {
			t.Errorf("closure of %d (-want +got):\n%s", tt.chosen, diff)
		}
		s.Only(set)
		r := read(s)
		if len(r.items) != len(tt.want) || len(r.refused) > 0 || r.err != nil || s.Medium().Items != len(tt.want) {
			t.Errorf("only the closure of %d: %d items, refused %v, %v", tt.chosen, len(r.items), r.refused, r.err)
		}
	}
}

func TestSuccessors(t *testing.T) {
	t.Parallel()
	c := mustOpen(t, write(t, related()), offlinescan.DefaultLimits()).Catalog()
	for chosen, want := range map[uint32][]uint32{3: {4, 5}, 4: {5, 3}, 5: {3, 4}, 1: nil} {
		i, _ := c.Find(chosen)
		var got []uint32
		for _, n := range c.Successors(i) {
			got = append(got, c.Update(n).RevisionID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("successors of %d (-want +got):\n%s", chosen, diff)
		}
	}
}

func TestCatalog(t *testing.T) {
	t.Parallel()
	file, text := update.Digest{1}, update.Digest{2}
	m := base()
	m.Catalog = `<OfflineSyncPackage xmlns="http://schemas.microsoft.com/msus/2004/02/OfflineSync"><Updates>` +
		`<Update CreationDate="2026-01-02T03:04:05Z" DefaultLanguage="en" UpdateId="` + strings.ToUpper(guid(10)) + `" RevisionNumber="7" RevisionId="1" IsLeaf="true" IsBundle="true" IsSoftware="false" DeploymentAction="Bundle" More="1">` +
		`<Categories><Category Type="Product" Id="` + guid(1) + `"/><Category Type="New" Id="` + guid(2) + `"/></Categories><More><File Id="?"/></More>` +
		needs(3) + `<EulaFiles><File Id="` + text.Base64() + `"><Language Name="en"/><Language Name="de"/></File></EulaFiles>` +
		`<PayloadFiles><File Id="` + file.Base64() + `"/><File Id="` + (update.Digest{3}).Base64() + `"/></PayloadFiles>` +
		by("BundledBy", 5) + by("SupersededBy", 6) + `<Languages><Language Name="en"/></Languages></Update>` +
		`</Updates><FileLocations><FileLocation Id="` + file.Base64() + `" Url="http://updates.example/a/b.cab?c=/d"/>` +
		`<FileLocation Id="` + text.Base64() + `" Url="http://updates.example/eula.rtf" IsIncluded="true"/></FileLocations></OfflineSyncPackage>`
	c := mustOpen(t, write(t, m), offlinescan.DefaultLimits()).Catalog()
	want := offlinescan.Update{
		Identity: update.Identity{ID: update.MustParseID(guid(10)), Number: 7}, RevisionID: 1,
		Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), DefaultLanguage: "en",
		Action: offlinescan.Bundle, Leaf: true, Bundle: true, NotSoftware: true,
		Categories:    []offlinescan.CategoryRef{{Type: update.Product, ID: update.MustParseID(guid(1))}, {ID: update.MustParseID(guid(2))}},
		Prerequisites: []update.ID{update.MustParseID(guid(3)), update.MustParseID(guid(4))},
		Files: []update.File{
			{Digest: file, Name: "b.cab", URL: "http://updates.example/a/b.cab?c=/d"}, {Digest: update.Digest{3}},
			{Digest: text, Name: "eula.rtf", Language: "en"}, {Digest: text, Name: "eula.rtf", Language: "de"},
		},
		BundledBy: []uint32{5}, SupersededBy: []uint32{6},
	}
	if diff := cmp.Diff(want, c.Update(0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := c.Revisions(want.Identity.ID); len(got) != 1 || got[0] != 0 {
		t.Errorf("revisions of it: %v", got)
	}
	if got := c.Revisions(update.ID{}); got != nil {
		t.Errorf("revisions of none: %v", got)
	}
}

// TestOnlyProduct chooses what belongs to one product: it comes with all that it
// refers to.
func TestOnlyProduct(t *testing.T) {
	t.Parallel()
	b, _ := generated(t, smallShape)
	s := mustOpen(t, b, offlinescan.DefaultLimits())
	c := s.Catalog()
	var product update.ID
	var chosen []int
	for i := range c.Len() {
		for _, ref := range c.Update(i).Categories {
			if ref.Type != update.Product || c.Update(i).Action != offlinescan.Install {
				continue
			}
			if product.IsZero() {
				product = ref.ID
			}
			if ref.ID == product {
				chosen = append(chosen, i)
			}
		}
	}
	set := c.Closure(slices.Values(chosen))
	if len(chosen) == 0 || set.Len() <= len(chosen) || set.Len() == c.Len() {
		t.Fatalf("%d of %d chosen, %d in the closure", len(chosen), c.Len(), set.Len())
	}
	s.Only(set)
	have, wanted := map[update.ID]bool{}, map[update.ID]bool{}
	n := 0
	for it, err := range s.Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		rev, err := metadata.FromFragments(it.Fragments)
		if err != nil {
			t.Fatal(err)
		}
		n++
		have[rev.ID] = true
		for _, clause := range rev.Prerequisites {
			for _, id := range clause.Any {
				wanted[id] = true
			}
		}
		for _, group := range rev.Bundles {
			for _, m := range group {
				wanted[m.ID] = true
			}
		}
	}
	if n != set.Len() {
		t.Errorf("%d items, want %d", n, set.Len())
	}
	for id := range wanted {
		if !have[id] && len(c.Revisions(id)) > 0 {
			t.Errorf("%v is referred to and did not come along", id)
		}
	}
}
