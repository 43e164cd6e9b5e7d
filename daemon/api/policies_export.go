package api

import (
	"net/http"
	"slices"
	"strings"

	"sluice/daemon/api/wire"
	"sluice/omadm/updatecsp/export"
)

func (s *server) exportPolicies(r *http.Request) (any, error) {
	q := queryOf(r)
	as := q.text("as")
	if err := q.done(); err != nil {
		return nil, err
	}
	t, err := s.tree(r.Context())
	if err != nil {
		return nil, err
	}
	g, err := t.Find(r.PathValue("group"))
	if err != nil {
		return nil, err
	}
	if !slices.Contains(export.Formats(), as) {
		return nil, badRequest("%q is no form of an export; there are %s", as, strings.Join(export.Formats(), ", "))
	}
	desired, err := s.desiredOf(r, t, g)
	if err != nil {
		return nil, err
	}
	o := export.Options{As: as, Title: "sluice " + g.Name, At: s.Now()}
	if !g.Builtin {
		o.Group = g.Name // which a computer then asks for, with wsus.targeting = "client"
	}
	done, err := export.Export(desired, o)
	if err != nil {
		return nil, err
	}
	out := wire.PolicyExport{Files: []wire.ExportFile{}, LeftOut: []wire.LeftOut{}}
	for _, f := range done.Files {
		out.Files = append(out.Files, wire.ExportFile{Path: f.Path, Data: f.Data})
	}
	for _, l := range done.LeftOut {
		out.LeftOut = append(out.LeftOut, wire.LeftOut{Name: l.Name, Reason: l.Reason})
	}
	return out, nil
}
