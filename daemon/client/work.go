package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"sluice/daemon/api/wire"
)

// Status returns the appliance at a glance.
func (c *Client) Status(ctx context.Context) (wire.Status, error) {
	return get[wire.Status](ctx, c, "/status", nil)
}

// Import imports media and calls each with every step. The error is only about
// the request; what became of each medium is in its report.
func (c *Client) Import(ctx context.Context, req wire.Import, each func(*wire.ImportEvent) error) error {
	return follow(ctx, c, "/imports", req, each)
}

// Imports walks the records of imports, the newest first.
func (c *Client) Imports(ctx context.Context) iter.Seq2[wire.ImportRecord, error] {
	return pages(ctx, c, "/imports", url.Values{}, func(p *wire.ImportPage) ([]wire.ImportRecord, string) { return p.Imports, p.Next })
}

// Backup copies the database to a path, empty for one in the data folder, and
// calls progress as it goes.
func (c *Client) Backup(ctx context.Context, to string, progress func(*wire.BackupProgress)) (result wire.BackupResult, _ error) {
	err := follow(ctx, c, "/backups", wire.Backup{Path: to}, func(e *wire.BackupEvent) error {
		switch {
		case e.Error != nil:
			return asError(e.Error)
		case e.Progress != nil:
			progress(e.Progress)
		case e.Backup != nil:
			result = *e.Backup
		}
		return nil
	})
	return result, err
}

// AuditQuery chooses entries of the audit log. Zero fields choose all.
type AuditQuery struct {
	Action  string // update.approve
	Subject string
}

// Audit walks the audit log, the newest entry first.
func (c *Client) Audit(ctx context.Context, q AuditQuery) iter.Seq2[wire.AuditEntry, error] {
	v := url.Values{}
	text(v, "action", q.Action)
	text(v, "subject", q.Subject)
	return pages(ctx, c, "/audit", v, func(p *wire.AuditPage) ([]wire.AuditEntry, string) { return p.Entries, p.Next })
}

// RotateKeys has cookies sealed with a new key from now on.
func (c *Client) RotateKeys(ctx context.Context) error {
	return c.do(ctx, http.MethodPost, "/keys/rotate", nil)
}
