package api

import (
	"context"
	"net/http"
	"path/filepath"
	"time"

	"sluice/daemon/api/wire"
	"sluice/daemon/store"
)

// backup copies the database while everything goes on.
func (s *server) backup(w http.ResponseWriter, r *http.Request) {
	var req wire.Backup
	err := decode(r, &req)
	if err == nil && req.Path != "" && !filepath.IsAbs(req.Path) {
		err = badRequest("not an absolute path: %q", req.Path)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if req.Path == "" {
		req.Path = filepath.Join(s.Store.Dir(), "backups", "sluice-"+time.Now().UTC().Format("20060102-150405")+".db")
	}
	a := newAct(r, "store.backup")
	a.by.Subject = req.Path
	out := newStream(w)
	result, err := s.copyDatabase(r.Context(), a, out)
	switch {
	case err == nil:
		out.send(wire.BackupEvent{Backup: &wire.BackupResult{Path: result.Path, Bytes: result.Bytes, Seconds: result.Took.Seconds()}})
	case !out.started:
		s.auditFailure(a, err)
		s.fail(w, r, err)
	default:
		s.auditFailure(a, err)
		out.send(wire.BackupEvent{Error: &faultOf(err).body})
	}
}

func (s *server) copyDatabase(ctx context.Context, a *act, out *stream) (store.BackupResult, error) {
	result, err := s.Store.Backup(ctx, a.by.Subject, func(done, total int64) {
		out.send(wire.BackupEvent{Progress: &wire.BackupProgress{Done: done, Total: total}})
	})
	if err != nil {
		return result, err
	}
	e := a.by
	e.Detail = map[string]any{"bytes": result.Bytes}
	return result, s.Store.Audit(ctx, e)
}
