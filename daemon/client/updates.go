package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"sluice/daemon/api/wire"
	"sluice/wsus/update"
)

// UpdateQuery chooses updates. Zero fields choose all.
type UpdateQuery struct {
	Search   string   // words of the title, or KB numbers; beginnings of words do
	KB       string   // digits of one article, all of them
	Types    []string // Software, Driver, Category, Detectoid
	Missing  bool     // files are
	Approved bool     // for any group
	Declined bool
	Current  bool // can be approved, and neither superseded nor declined
	// Revisions lists every revision instead of the highest of each update.
	Revisions bool
}

func (q *UpdateQuery) values() url.Values {
	v := url.Values{}
	text(v, "search", q.Search)
	text(v, "kb", q.KB)
	for _, t := range q.Types {
		v.Add("type", t)
	}
	flag(v, "missing", q.Missing)
	flag(v, "approved", q.Approved)
	flag(v, "declined", q.Declined)
	flag(v, "current", q.Current)
	flag(v, "revisions", q.Revisions)
	return v
}

func text(v url.Values, name, value string) {
	if value != "" {
		v.Set(name, value)
	}
}

func flag(v url.Values, name string, value bool) {
	if value {
		v.Set(name, "true")
	}
}

// pageSize is how many entries of a list come with one request.
const pageSize = 500

// pages walks all pages of a list.
func pages[P, T any](ctx context.Context, c *Client, path string, v url.Values, open func(*P) (list []T, next string)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		v.Set("limit", strconv.Itoa(pageSize))
		for {
			page, err := get[P](ctx, c, path, v)
			if err != nil {
				yield(zero, err)
				return
			}
			list, next := open(&page)
			for _, e := range list {
				if !yield(e, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			v.Set("cursor", next)
		}
	}
}

// Updates walks the updates that a query chooses, the newest first, a page at a
// time.
func (c *Client) Updates(ctx context.Context, q UpdateQuery) iter.Seq2[wire.Update, error] {
	return pages(ctx, c, "/updates", q.values(), func(p *wire.UpdatePage) ([]wire.Update, string) { return p.Updates, p.Next })
}

// Update returns one update.
func (c *Client) Update(ctx context.Context, id update.ID) (wire.UpdateDetail, error) {
	return get[wire.UpdateDetail](ctx, c, path("updates", id.String()), nil)
}

// Files returns the files that an update needs.
func (c *Client) Files(ctx context.Context, id update.ID) ([]wire.File, error) {
	f, err := get[wire.Files](ctx, c, path("updates", id.String(), "files"), nil)
	return f.Files, err
}

// Approve approves an update for a group, by its name or id.
func (c *Client) Approve(ctx context.Context, id update.ID, group string, a wire.Approve) (wire.Approval, error) {
	return doFor[wire.Approval](ctx, c, http.MethodPut, path("updates", id.String(), "approvals", group), a)
}

// Unapprove deletes an approval.
func (c *Client) Unapprove(ctx context.Context, id update.ID, group string) error {
	return c.do(ctx, http.MethodDelete, path("updates", id.String(), "approvals", group), nil)
}

// Pause keeps an approval, but has computers only evaluate the update.
func (c *Client) Pause(ctx context.Context, id update.ID, group string) error {
	return c.do(ctx, http.MethodPost, path("updates", id.String(), "approvals", group, "pause"), nil)
}

// Resume ends a pause.
func (c *Client) Resume(ctx context.Context, id update.ID, group string) error {
	return c.do(ctx, http.MethodPost, path("updates", id.String(), "approvals", group, "resume"), nil)
}

// Decline takes an update from every computer's sight; its approvals are
// deleted.
func (c *Client) Decline(ctx context.Context, id update.ID) error {
	return c.do(ctx, http.MethodPost, path("updates", id.String(), "decline"), nil)
}

// Undecline offers a declined update again.
func (c *Client) Undecline(ctx context.Context, id update.ID) error {
	return c.do(ctx, http.MethodPost, path("updates", id.String(), "undecline"), nil)
}

// AcceptEula accepts the license terms of an update.
func (c *Client) AcceptEula(ctx context.Context, id update.ID) error {
	return c.do(ctx, http.MethodPost, path("updates", id.String(), "accept-eula"), nil)
}

// Budget returns what a fresh client's first scan costs.
func (c *Client) Budget(ctx context.Context) (wire.Budget, error) {
	return get[wire.Budget](ctx, c, "/catalog/budget", nil)
}
