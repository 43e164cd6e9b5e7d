package clientsync

import (
	"context"
	"fmt"
	"slices"

	"sluice/wsus/catalog"
	"sluice/wsus/soap"
	"sluice/wsus/update"
	"sluice/wsus/wsdl/clientws"
)

// startCategoryScan answers StartCategoryScan (MS-WUSP 3.1.5.6), by which a
// client asks what categories it may limit a scan to.
func (s *Server) startCategoryScan(_ context.Context, r *soap.Request) (any, error) {
	var q clientws.StartCategoryScan
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	const parameter = "requestedCategories"
	if q.RequestedCategories == nil {
		return nil, soap.InvalidParameter(parameter, nil)
	}
	asked := q.RequestedCategories.CategoryRelationship
	if len(asked) > s.limits.Category {
		return nil, soap.InvalidParameter(parameter, fmt.Errorf("%w: more than %d", errList, s.limits.Category))
	}
	relations := make([]relation, 0, len(asked))
	for _, a := range asked {
		if a == nil {
			continue
		}
		id, err := update.ParseID(string(a.CategoryId))
		if err != nil {
			return nil, soap.InvalidParameter(parameter, err)
		}
		relations = append(relations, relation{group: a.IndexOfAndGroup, category: id})
	}
	preferred, unknown := preferredCategories(s.catalog.Current(), relations)
	return &clientws.StartCategoryScanResponse{
		PreferredCategoryIds:        guids(preferred),
		RequestedCategoryIdsInError: guids(unknown),
	}, nil
}

// relation is a category in a group, all of which an update must be in.
type relation struct {
	group    int32
	category update.ID
}

// preferredCategories applies the rules of MS-WUSP 3.1.5.6. A group with a
// category that is not known does not count. A group of a product, or of a
// product and a classification, prefers the product. Any other one ends it, with
// nothing preferred.
func preferredCategories(snap *catalog.Snapshot, relations []relation) (preferred, unknown []update.ID) {
	g := snap.Graph()
	var order []int32
	groups := make(map[int32][]update.ID)
	broken := make(map[int32]bool)
	for _, r := range relations {
		if !g.IsCategory(r.category) || !snap.InScope(r.category) {
			broken[r.group] = true
			if !slices.Contains(unknown, r.category) {
				unknown = append(unknown, r.category)
			}
			continue
		}
		if groups[r.group] == nil {
			order = append(order, r.group)
		}
		groups[r.group] = append(groups[r.group], r.category)
	}
	for _, group := range order {
		if broken[group] {
			continue
		}
		product, ok := productOf(g, groups[group])
		if !ok {
			return nil, unknown
		}
		if !slices.Contains(preferred, product) {
			preferred = append(preferred, product)
		}
	}
	return preferred, unknown
}

// productOf returns the product of a group that is a product, alone or with a
// classification.
func productOf(g *catalog.Graph, group []update.ID) (update.ID, bool) {
	switch len(group) {
	case 1:
		return group[0], g.IsProduct(group[0])
	case 2:
		a, b := group[0], group[1]
		if g.IsProduct(b) {
			a, b = b, a
		}
		return a, g.IsProduct(a) && g.IsClassification(b)
	}
	return update.ID{}, false
}

// guids makes a list for the wire; none of nothing.
func guids(ids []update.ID) *clientws.ArrayOfGuid {
	if len(ids) == 0 {
		return nil
	}
	out := &clientws.ArrayOfGuid{}
	for _, id := range ids {
		out.Guid = append(out.Guid, clientws.Guid(id.String()))
	}
	return out
}
