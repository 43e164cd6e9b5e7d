package daemon

import (
	"context"
	"errors"
	"fmt"

	"sluice/catalogimport"
	"sluice/daemon/api"
	"sluice/daemon/config"
	"sluice/daemon/store"
)

// Import imports one medium and returns the record of it. The error is a
// [catalogimport.RefusedError] where the medium was refused. The snapshot shows
// the import when Import returns.
func (a *Appliance) Import(ctx context.Context, o api.ImportOrder) (*catalogimport.Report, error) {
	select {
	case a.imports <- struct{}{}:
		defer func() { <-a.imports }()
	default:
		return nil, api.ErrImporting
	}
	rep, err := a.importOne(ctx, o)
	entry := o.By
	entry.Action, entry.Subject, entry.Detail = "media.import", o.Path, rep
	var refused *catalogimport.RefusedError
	switch {
	case errors.As(err, &refused):
		entry.Outcome = store.Refused
	case err != nil:
		entry.Outcome, entry.Detail = store.Failed, map[string]string{"error": err.Error()}
	}
	if aerr := a.store.Audit(context.WithoutCancel(ctx), entry); aerr != nil {
		return rep, errors.Join(err, aerr)
	}
	return rep, err
}

func (a *Appliance) importOne(ctx context.Context, o api.ImportOrder) (*catalogimport.Report, error) {
	src, err := catalogimport.Open(ctx, o.Path, o.Content, importLimits(a.cfg.Import))
	if err != nil {
		var refused *catalogimport.RefusedError
		if errors.As(err, &refused) {
			now := a.now().UTC()
			return &catalogimport.Report{
				Source: o.Path, State: "refused", Refused: []catalogimport.Refusal{{Item: o.Path, Reason: refused.Err.Error()}},
				Error: refused.Err.Error(), Started: now, Finished: now,
			}, err
		}
		return nil, fmt.Errorf("import %s: %w", o.Path, err)
	}
	defer src.Close()
	rep, err := a.ingester.Ingest(ctx, src, catalogimport.Options{
		AcceptUnsigned: o.AcceptUnsigned, By: o.By.Who, Adopt: o.Adopt, Progress: o.Progress,
	})
	if err != nil {
		return rep, err
	}
	// New files and new metadata both decide which approvals still wait.
	if err := a.store.RefreshReadiness(ctx); err != nil {
		return rep, err
	}
	return rep, a.catalog.rebuild(ctx)
}

// importLimits are the limits of the configuration as the sources take them.
func importLimits(c config.Import) catalogimport.Limits {
	l := catalogimport.DefaultLimits()
	l.Cabinet.TotalBytes, l.Cabinet.MemberBytes = int64(c.MaxExpanded), int64(c.MaxMember)
	l.Export.Cabinet, l.Package.Cabinet = l.Cabinet, l.Cabinet
	l.Export.Document, l.Documents.Document = int64(c.MaxDocument), int64(c.MaxDocument)
	l.Export.Total = int64(c.MaxExpanded)
	l.Documents.Files = c.MaxMembers
	return l
}
