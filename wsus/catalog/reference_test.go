package catalog_test

import (
	"slices"

	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

// reference answers scans the slow way, straight from the rules of the
// package's documentation.
type reference struct {
	byID  map[update.RevisionID]*catalog.Row
	heads map[update.ID]*catalog.Row // of every update that a row is of
	scope map[update.ID]bool
}

func newReference(rows []catalog.Row, rules *catalog.Rules) *reference {
	ref := &reference{byID: make(map[update.RevisionID]*catalog.Row), heads: make(map[update.ID]*catalog.Row), scope: make(map[update.ID]bool)}
	for i := range rows {
		r := &rows[i]
		ref.byID[r.ID] = r
		if h := ref.heads[r.Identity.ID]; h == nil || h.Identity.Number < r.Identity.Number {
			ref.heads[r.Identity.ID] = r
		}
	}
	live := func(id update.ID) bool {
		h := ref.heads[id]
		return h != nil && !h.Expired && !slices.Contains(rules.Declined, id)
	}
	successors := func(id update.ID) (out []update.ID) {
		for newer, h := range ref.heads {
			if live(newer) && slices.Contains(h.Supersedes, id) {
				out = append(out, newer)
			}
		}
		return out
	}
	hidden := make(map[update.ID]bool)
	for changed := true; changed; {
		changed = false
		for id := range ref.heads {
			for _, newer := range successors(id) {
				if !hidden[id] && newer != id && (hidden[newer] || len(successors(newer)) == 0) {
					hidden[id], changed = true, true
				}
			}
		}
	}
	approved := func(id update.ID) bool {
		return slices.ContainsFunc(rules.Approvals, func(a catalog.Approval) bool {
			return a.Update == id && a.Action != update.Block
		})
	}
	var enter func(id update.ID)
	enter = func(id update.ID) {
		if ref.scope[id] || !live(id) {
			return
		}
		ref.scope[id] = true
		ref.dependencies(ref.heads[id], enter)
	}
	for id, h := range ref.heads {
		if h.Type == update.Category || h.Deployable && !h.Expired && (!hidden[id] || approved(id)) {
			enter(id)
		}
	}
	return ref
}

func (ref *reference) dependencies(r *catalog.Row, yield func(update.ID)) {
	for _, c := range r.Prerequisites {
		for _, id := range c.Any {
			yield(id)
		}
	}
	for _, group := range r.Bundles {
		for _, m := range group {
			yield(m.ID)
		}
	}
}

type referenceAnswer struct{ fresh, drop, elsewhere []update.RevisionID }

func (ref *reference) sync(req *catalog.Request) (ans referenceAnswer) {
	installed := make(map[update.ID]bool)
	for _, id := range req.Installed {
		if r := ref.byID[id]; r != nil {
			installed[r.Identity.ID] = true
		}
	}
	needed := make(map[update.RevisionID]bool)
	for id, h := range ref.heads {
		ok := ref.scope[id] && h.Type != update.Driver
		for _, c := range h.Prerequisites {
			ok = ok && slices.ContainsFunc(c.Any, func(id update.ID) bool { return installed[id] })
		}
		needed[h.ID] = ok
	}
	filter := make(map[update.ID]bool)
	var enter func(id update.ID)
	enter = func(id update.ID) {
		if filter[id] || !ref.scope[id] {
			return
		}
		filter[id] = true
		ref.dependencies(ref.heads[id], enter)
	}
	for _, category := range req.Filter {
		enter(category)
		for id, h := range ref.heads {
			if slices.ContainsFunc(h.Prerequisites, func(c update.Clause) bool { return slices.Contains(c.Any, category) }) {
				enter(id)
			}
		}
	}
	held := append(slices.Clone(req.Installed), req.Other...)
	for _, id := range held {
		r := ref.byID[id]
		filtered := len(req.Filter) > 0
		switch {
		case r != nil && needed[id] && (!filtered || filter[r.Identity.ID]):
		case r != nil && filtered && ref.scope[r.Identity.ID] && ref.heads[r.Identity.ID] == r:
			ans.elsewhere = append(ans.elsewhere, id)
		default:
			ans.drop = append(ans.drop, id)
		}
	}
	for id, ok := range needed {
		if ok && !slices.Contains(held, id) && (len(req.Filter) == 0 || filter[ref.byID[id].Identity.ID]) {
			ans.fresh = append(ans.fresh, id)
		}
	}
	ans.fresh, ans.drop, ans.elsewhere = sorted(ans.fresh), sorted(ans.drop), sorted(ans.elsewhere)
	return ans
}
