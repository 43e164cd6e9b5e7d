package catalog_test

import (
	"errors"
	"testing"

	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		rows []catalog.Row
	}{
		{"a RevisionID that stands twice", []catalog.Row{row(1, update.Software), row(1, update.Software, revision(2, 1))}},
		{"a RevisionID that is not positive", []catalog.Row{row(0, update.Software)}},
		{"an identity that stands twice", []catalog.Row{row(1, update.Software), row(2, update.Software, revision(1, 1))}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := catalog.Build(each(tt.rows)); err == nil {
				t.Error("Build succeeded")
			}
		})
	}
	sick := errors.New("disk on fire")
	_, err := catalog.Build(func(yield func(catalog.Row, error) bool) { yield(catalog.Row{}, sick) })
	if !errors.Is(err, sick) {
		t.Errorf("Build with an error from the rows = %v, want it wrapped", err)
	}
}

func TestGraphLookups(t *testing.T) {
	t.Parallel()
	product := row(1, update.Category)
	product.Category = update.Product
	class := row(2, update.Category)
	class.Category = update.Classification
	s := snapshot(t, catalog.Rules{}, product, class, row(3, update.Software, needs(1)),
		row(4, update.Software, revision(3, 9), needs(1)), row(5, update.Software, expired))
	g := s.Graph()
	if got, ok := g.Head(uid(3)); !ok || got != 4 {
		t.Errorf("Head(3) = %d, %v, want 4", got, ok)
	}
	if _, ok := g.Head(uid(77)); ok {
		t.Error("Head of an unknown update is known")
	}
	if got, ok := g.Identity(4); !ok || got != (update.Identity{ID: uid(3), Number: 9}) {
		t.Errorf("Identity(4) = %v, %v", got, ok)
	}
	for _, id := range []update.RevisionID{-1, 0, 6, 1 << 30} {
		if _, ok := g.Identity(id); ok {
			t.Errorf("Identity(%d) is known", id)
		}
	}
	if g.Revisions() != 5 || g.Updates() != 4 {
		t.Errorf("%d revisions of %d updates, want 5 of 4", g.Revisions(), g.Updates())
	}
	if !g.IsProduct(uid(1)) || g.IsProduct(uid(2)) || !g.IsClassification(uid(2)) || g.IsClassification(uid(1)) || g.IsProduct(uid(9)) ||
		!g.IsCategory(uid(1)) || !g.IsCategory(uid(2)) || g.IsCategory(uid(3)) || g.IsCategory(uid(9)) {
		t.Error("categories are told apart wrongly")
	}
	if !g.Deployable(uid(3)) || g.Deployable(uid(5)) || g.Deployable(uid(1)) {
		t.Error("what may be approved is told wrongly")
	}
	p := plan(s)
	if e, ok := s.Find(p, update.Identity{ID: uid(3), Number: 9}); !ok || e.Revision != 4 {
		t.Errorf("Find(3/9) = %+v, %v", e, ok)
	}
	for _, id := range []update.Identity{{ID: uid(3), Number: 1}, {ID: uid(5), Number: 1}, {ID: uid(9), Number: 1}} {
		if _, ok := s.Find(p, id); ok {
			t.Errorf("Find(%v) is offered", id)
		}
	}
	for id, want := range map[update.RevisionID]bool{3: false, 4: true, 5: false, 99: false} {
		if _, ok := s.Offered(p, id); ok != want {
			t.Errorf("Offered(%d) = %v, want %v", id, ok, want)
		}
	}
}

func TestLeaf(t *testing.T) {
	t.Parallel()
	product := row(1, update.Category)
	product.Category = update.Product
	plain := row(2, update.Category)
	plain.Category, plain.Always = update.Product, true
	s := snapshot(t, catalog.Rules{}, product, plain,
		row(3, update.Detectoid), row(4, update.Software, needs(3)), row(5, update.Category))
	p := plan(s)
	for id, want := range map[update.RevisionID]bool{
		1: false, // a product, though nothing needs it
		2: true,  // a product whose rule detects nothing
		3: false, // a prerequisite
		4: true,
		5: true, // a category that nobody names
	} {
		if e, ok := s.Offered(p, id); !ok || e.Leaf != want {
			t.Errorf("revision %d is a leaf: %v (offered %v), want %v", id, e.Leaf, ok, want)
		}
	}
}
