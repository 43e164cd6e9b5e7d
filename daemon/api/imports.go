package api

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"sluice/catalogimport"
	"sluice/daemon/api/wire"
	"sluice/daemon/store"
)

// maxPaths bounds how many media one request may name.
const maxPaths = 10_000

// importMedia imports media, one after the other. One that is refused does not
// keep the others out.
func (s *server) importMedia(w http.ResponseWriter, r *http.Request) {
	var req wire.Import
	err := decode(r, &req)
	if err == nil {
		err = checkImport(&req)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	a := newAct(r, "media.import")
	out := newStream(w)
	for _, path := range req.Paths {
		media, err := catalogimport.Find(path)
		if err != nil {
			out.send(reportOf(path, nil, err))
			a.by.Subject = path
			s.auditFailure(a, err)
			continue
		}
		for _, medium := range media {
			rep, err := s.Import(r.Context(), ImportOrder{
				Path: medium, Content: req.Content, AcceptUnsigned: req.AcceptUnsigned, Adopt: req.Adopt, By: a.by,
				Progress: func(p catalogimport.Progress) { out.send(wire.ImportEvent{Medium: medium, Progress: &p}) },
			})
			switch {
			case r.Context().Err() != nil:
				return // whoever asked is gone; what was staged is kept
			case errors.Is(err, ErrImporting) && !out.started:
				s.fail(w, r, err)
				return
			}
			out.send(reportOf(medium, rep, err))
		}
	}
}

func checkImport(req *wire.Import) error {
	switch {
	case len(req.Paths) == 0:
		return badRequest("paths names no medium")
	case len(req.Paths) > maxPaths:
		return badRequest("paths names more than %d media", maxPaths)
	case req.Content != "" && !filepath.IsAbs(req.Content):
		return badRequest("content is not an absolute path: %q", req.Content)
	}
	for _, p := range req.Paths {
		if !filepath.IsAbs(p) {
			return badRequest("not an absolute path: %q", p)
		}
	}
	return nil
}

// reportOf says what became of a medium. Also one that was not even opened has a
// report.
func reportOf(medium string, rep *catalogimport.Report, err error) wire.ImportEvent {
	if rep == nil {
		now := time.Now().UTC()
		rep = &catalogimport.Report{Source: medium, Refused: []catalogimport.Refusal{}, Started: now, Finished: now}
	}
	e := wire.ImportEvent{Medium: medium, Report: rep}
	if err == nil {
		return e
	}
	if rep.State == "" {
		rep.State, rep.Error = wire.ImportFailed, err.Error()
	}
	e.Error = &faultOf(err).body
	return e
}

func (s *server) imports(r *http.Request) (any, error) {
	q := queryOf(r)
	before, limit := q.number("cursor"), q.limit()
	if err := q.done(); err != nil {
		return nil, err
	}
	records, err := s.Store.Imports(r.Context(), before, limit)
	if err != nil {
		return nil, err
	}
	page := wire.ImportPage{Imports: []wire.ImportRecord{}}
	for i := range records {
		page.Imports = append(page.Imports, importOf(&records[i]))
		page.Next = cursor(records[i].ID, len(records) == limit)
	}
	return page, nil
}

func importOf(i *store.Import) wire.ImportRecord {
	return wire.ImportRecord{
		ID: i.ID, Source: i.Source, Format: i.Format, Provenance: string(i.Provenance),
		AcceptedBy: i.AcceptedBy, SignedBy: i.SignedBy, State: i.State, Started: when(i.Started), Finished: when(i.Finished),
		Revisions: i.Revisions, New: i.New, Unchanged: i.Unchanged, Files: i.Files, FilesHeld: i.FilesHeld, Bytes: i.Bytes,
		Refused: i.Refused, Error: i.Error,
	}
}

func (s *server) refusals(r *http.Request) (any, error) {
	const pageOfStore = 1000
	q := queryOf(r)
	from := q.number("cursor")
	if err := q.done(); err != nil {
		return nil, err
	}
	id, err := strconv.ParseInt(r.PathValue("import"), 10, 64)
	if err != nil {
		return nil, badRequest("an import is named by its number, not %q", r.PathValue("import"))
	}
	rows, err := s.Store.ImportRefusals(r.Context(), id, int(from))
	if err != nil {
		return nil, err
	}
	return wire.RefusalPage{Refused: list(rows), Next: cursor(from+int64(len(rows)), len(rows) == pageOfStore)}, nil
}

// lastImport returns the newest import record, nil where there is none.
func (s *server) lastImport(ctx context.Context) (*wire.ImportRecord, error) {
	records, err := s.Store.Imports(ctx, 0, 1)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	w := importOf(&records[0])
	return &w, nil
}
