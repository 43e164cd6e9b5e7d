package offlinescan_test

import (
	"context"
	"crypto/sha1"
	"io"
	"strings"
	"testing"

	"sluice/catalogimport/offlinescan"
	"sluice/wsus/metadata"
	"sluice/wsus/update"
	"sluice/wsus/update/samples"
)

const (
	mini = "catalog/wsusscn2/mini-fixture-wsusscn2.cab"
	big  = "catalog/wsusscn2/wsusscn2-synthetic-766.cab"
)

// TestMini is a medium of real fragments, in which one of the revisions that
// package.xml lists has none, and two have no core.
func TestMini(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, samples.Read(t, mini), offlinescan.DefaultLimits())
	if s.Medium().Items != 4 || s.Medium().Format != "wsusscn2" || s.Medium().Provenance != update.Unsigned {
		t.Errorf("%+v", s.Medium())
	}
	r := read(s)
	if r.err != nil || len(r.items) != 3 || len(r.refused) != 3 {
		t.Fatalf("%d items, refused %q, %v", len(r.items), r.refused, r.err)
	}
	if all := strings.Join(r.refused, "\n"); !strings.Contains(all, "c/456789: package.xml lists it as 913aa7a4-75d8-4abc-9d66-8ddc163be471/200, but it has no fragments") ||
		!strings.Contains(all, "c/1: it has fragments, but none of them is its core") {
		t.Errorf("refused:\n%s", all)
	}
	for name, kb := range map[string]string{"package2.cab c/123456": "654321", "package2.cab c/234567": "765432", "package3.cab c/345678": "876543"} {
		rev, err := metadata.FromFragments(r.items[name].Fragments)
		if err != nil || len(rev.KBs) != 1 || rev.KBs[0] != kb || len(rev.Localized) != 1 || r.items[name].Minted {
			t.Errorf("%s: %+v, %v", name, rev, err)
		}
	}
	c := s.Catalog()
	i, _ := c.Find(123456)
	if got := len(c.Successors(i)); got != 2 {
		t.Errorf("%d successors of 123456, want both", got)
	}
	if last := c.Update(3); len(last.Categories) != 4 || len(last.Prerequisites) != 2 {
		t.Errorf("%+v", last)
	}
}

// TestBig is the metadata of a real package in the layout of a scan file.
func TestBig(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, samples.Read(t, big), offlinescan.DefaultLimits())
	r := read(s)
	if r.err != nil || len(r.items) != 766 || len(r.refused) > 0 || s.Medium().Items != 766 {
		t.Fatalf("%d items, refused %q, %v", len(r.items), r.refused, r.err)
	}
	minted, languages := 0, 0
	named := map[update.Digest]bool{}
	for name, it := range r.items {
		rev, err := metadata.FromFragments(it.Fragments)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		languages += len(rev.Localized)
		if it.Minted {
			minted++
		}
		for _, f := range it.Files {
			if f.Language != "" {
				named[f.Digest] = true
			}
		}
		if it.Created.IsZero() {
			t.Errorf("%s has no date", name)
		}
	}
	if minted != 3 || languages != 1111 || len(named) != 36 {
		t.Errorf("%d minted, %d texts, %d licenses; want 3, 1111, 36", minted, languages, len(named))
	}
	for p, err := range s.Payloads(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		rd, err := p.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(rd)
		if err != nil || update.Digest(sha1.Sum(b)) != p.Digest || !named[p.Digest] {
			t.Errorf("%s: %d bytes, named %v, %v", p.Name, len(b), named[p.Digest], err)
		}
		delete(named, p.Digest)
	}
	if len(named) > 0 {
		t.Errorf("%d licenses are not in the medium", len(named))
	}
}

func TestSamplesDamaged(t *testing.T) {
	t.Parallel()
	for _, name := range []string{mini, big} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			damaged(t, samples.Read(t, name))
		})
	}
}

// TestRealFragments puts captured fragments into a medium and reads them back.
func TestRealFragments(t *testing.T) {
	t.Parallel()
	m := base()
	m.Shards[0].Members = nil
	var cores []string
	for _, name := range []string{"wsusscn2/real-fragments/c/3375683", "fragments-2026/cbs-rollupfix-core-reduced.xml", "fragments-2026/osinstaller-core.xml"} {
		cores = append(cores, string(samples.Read(t, "catalog/"+name)))
	}
	extended := []string{"", string(samples.Read(t, "catalog/fragments-2026/cbs-rollupfix-extended.xml")), string(samples.Read(t, "catalog/fragments-2026/osinstaller-extended.xml"))}
	for i := range cores {
		id := string('1' + byte(i))
		m.Shards[0].Members = append(m.Shards[0].Members, member("c/"+id, cores[i]))
		if extended[i] != "" {
			m.Shards[0].Members = append(m.Shards[0].Members, member("x/"+id, extended[i]))
		}
	}
	r := read(mustOpen(t, write(t, m), offlinescan.DefaultLimits()))
	for i, files := range []int{0, 1, 6} {
		it := r.items["package2.cab c/"+string('1'+byte(i))]
		if it.Fragments == nil || string(it.Fragments.Core) != cores[i] || string(it.Fragments.Extended) != extended[i] {
			t.Fatalf("fragments %d are not as given; refused %v, %v", i, r.refused, r.err)
		}
		rev, err := metadata.FromFragments(it.Fragments)
		if err != nil || len(rev.Prerequisites) == 0 || len(rev.Files) != files {
			t.Errorf("core %d: %+v, %v", i, rev, err)
		}
	}
}
