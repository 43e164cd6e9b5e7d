package catalog_test

import (
	"testing"

	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

// BenchmarkCatalog measures what the answers of a catalog of 100,000 revisions
// are made of: a plan of 5,000 approvals over ten groups, and the delta scan of
// a computer with some 25 products, with the list of what it needs known from
// another one like it (cached) or not (needed).
func BenchmarkCatalog(b *testing.B) {
	const revisions, approvals, groups, products = 100_000, 5_000, 10, 25
	g, err := catalog.Build(synthRows(revisions))
	if err != nil {
		b.Fatal(err)
	}
	var rules catalog.Rules
	var set catalog.GroupSet
	for i := range groups {
		set = append(set, catalog.GroupDepth{Group: gid(i), Depth: i / 3})
	}
	for id := update.RevisionID(revisions); id > 0 && len(rules.Approvals) < approvals; id-- {
		if of, ok := g.Identity(id); ok && g.Deployable(of.ID) {
			a := catalog.Approval{Approval: update.Approval{
				ID: int32(len(rules.Approvals) + 1), Update: of.ID, Group: gid(int(id) % groups), Action: update.Install, Seq: 2,
			}}
			rules.Approvals = append(rules.Approvals, a)
		}
	}
	s := catalog.NewSnapshot(g, &rules, 100, start)

	b.Run("plan", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			s.Plan(catalog.PlanKey{GroupSet: int32(i + 2)}, set, nil)
		}
	})

	p := s.Plan(catalog.PlanKey{GroupSet: 1}, set, nil)
	req := &catalog.Request{Plan: p, Told: &catalog.Told{Plan: p, Seq: 100}}
	found := 0
	for {
		ans := s.Sync(req)
		if len(ans.New) == 0 {
			break
		}
		for _, h := range ans.New {
			e := s.Entry(p, h)
			of, _ := g.Identity(e.Revision)
			switch {
			case g.IsProduct(of.ID):
				if found++; found%(revisions/125/products) == 0 {
					req.Installed = append(req.Installed, e.Revision)
					continue
				}
			case !e.Leaf:
				req.Installed = append(req.Installed, e.Revision)
				continue
			}
			req.Other = append(req.Other, e.Revision)
		}
	}
	installed := req.Installed
	for _, name := range []string{"needed", "cached"} {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if name == "needed" { // another list every time
					req.Installed = append(installed[:len(installed):len(installed)], update.RevisionID(1<<20+i))
				}
				ans := s.Sync(req)
				if len(ans.New) != 0 {
					b.Fatal("something is new")
				}
				s.Changed(req, &ans)
			}
			b.ReportMetric(float64(len(installed)), "installed")
			b.ReportMetric(float64(len(req.Other)), "other")
		})
	}
}
