package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"sluice/daemon/api/wire"
	"sluice/daemon/store"
	"sluice/wsus/catalog"
	"sluice/wsus/update"
)

// maxPagesRead is how many pages of the store one page of the API may come from
// when most of what it reads is filtered out. The next request goes on there.
const maxPagesRead = 20

// updateQuery is what a list of updates was asked for.
type updateQuery struct {
	store.UpdateFilter
	missing  bool // files are
	approved bool // for any group
	declined bool
	current  bool // can be approved, and neither superseded nor declined
}

func parseUpdateQuery(r *http.Request) (u updateQuery, err error) {
	q := queryOf(r)
	u.Query, u.KB = q.text("search"), q.text("kb")
	u.Category = q.id("category")
	u.missing, u.approved, u.declined, u.current = q.flag("missing"), q.flag("approved"), q.flag("declined"), q.flag("current")
	u.Revisions = q.flag("revisions")
	u.Limit = q.limit()
	after := q.text("cursor")
	q.text("type")
	if err := q.done(); err != nil {
		return u, err
	}
	for _, name := range q.values["type"] {
		t := update.ParseType(name)
		if t == update.Unknown {
			return u, badRequest("type is Software, Driver, Category or Detectoid, not %q", name)
		}
		u.Types = append(u.Types, t)
	}
	if len(u.KB) > 12 || strings.Trim(u.KB, "0123456789") != "" {
		return u, badRequest("kb is the digits of an article, not %q", u.KB)
	}
	u.After, err = store.ParseUpdateCursor(after)
	return u, err
}

func (s *server) updates(r *http.Request) (any, error) {
	q, err := parseUpdateQuery(r)
	if err != nil {
		return nil, err
	}
	d, err := s.decisions(r.Context(), update.ID{})
	if err != nil {
		return nil, err
	}
	switch {
	case q.approved:
		q.IDs = keys(d.approvals)
	case q.declined:
		q.IDs = keys(d.declined)
	}
	page := wire.UpdatePage{Updates: []wire.Update{}}
	for range maxPagesRead {
		rows, next, err := s.Store.Updates(r.Context(), q.UpdateFilter)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			if u := d.update(&rows[i]); q.keeps(&u) {
				page.Updates = append(page.Updates, u)
			}
		}
		q.After, page.Next = next, next.String()
		if next.IsZero() || len(page.Updates) > 0 {
			break
		}
	}
	return page, nil
}

// keeps applies what the store does not filter by.
func (q *updateQuery) keeps(u *wire.Update) bool {
	switch {
	case q.KB != "" && !slices.Contains(u.KBs, q.KB), // but a title has the number
		q.missing && u.FilesMissing == 0,
		q.declined && !u.Declined,
		q.current && !(u.Deployable && u.Offered):
		return false
	}
	return true
}

func keys[T any](m map[update.ID]T) []update.ID {
	ids := make([]update.ID, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	return ids
}

// decisions is what was decided, as lists of updates show it.
type decisions struct {
	groups    map[update.ID]string
	approvals map[update.ID][]wire.Approval
	declined  map[update.ID]bool
	snapshot  *catalog.Snapshot
}

// decisions reads what was decided about an update, or about all.
func (s *server) decisions(ctx context.Context, id update.ID) (*decisions, error) {
	d := &decisions{
		groups:    make(map[update.ID]string),
		approvals: make(map[update.ID][]wire.Approval),
		declined:  make(map[update.ID]bool),
	}
	if d.snapshot = s.Catalog.Current(); d.snapshot == nil {
		return nil, notReady()
	}
	groups, err := s.Store.Groups(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		d.groups[g.ID] = g.Name
	}
	approvals, err := s.Store.Approvals(ctx, id)
	if err != nil {
		return nil, err
	}
	for i := range approvals {
		a := &approvals[i]
		d.approvals[a.Update] = append(d.approvals[a.Update], d.approval(a))
	}
	declined, err := s.Store.Declined(ctx)
	for _, id := range declined {
		d.declined[id] = true
	}
	return d, err
}

func (d *decisions) approval(a *store.Approval) wire.Approval {
	w := wire.Approval{
		Group: d.groups[a.Group], GroupID: a.Group,
		Action: actionName(a.Action), Deadline: when(a.Deadline), State: wire.Offered,
	}
	switch {
	case a.Paused:
		w.State = wire.Paused
	case a.Waiting:
		w.State = wire.Waiting
	}
	return w
}

// update puts an update and what was decided about it together.
func (d *decisions) update(u *store.Update) wire.Update {
	w := wire.Update{
		UpdateID: u.ID, Revision: u.Number, Title: u.Title, Description: u.Description, Created: when(u.Created),
		Type: u.Type.String(), Category: string(u.Category),
		Classification: u.Classification, ClassificationID: idOrNull(u.ClassificationID),
		KBs: list(u.KBs), Severity: u.Severity,
		Deployable: u.Deployable && !u.Expired, Declined: d.declined[u.ID], Expired: u.Expired, Local: u.Minted, Highest: u.Highest,
		Provenance: string(u.Provenance), EulaID: idOrNull(u.EulaID), Approved: list(d.approvals[u.ID]),
		Files: u.Files.Files, FilesMissing: u.Files.Missing, Bytes: u.Files.Bytes, BytesMissing: u.Files.MissingBytes,
	}
	if !u.Highest {
		w.Approved = []wire.Approval{} // clients are never told of it
	}
	w.Offered = u.Highest && !w.Declined && d.snapshot.InScope(u.ID)
	w.KB = firstKB(u.KBs)
	return w
}

func firstKB(kbs []string) *string {
	if len(kbs) == 0 {
		return nil
	}
	return &kbs[0]
}

// updateOf returns the update that the route names.
func (s *server) updateOf(r *http.Request) (store.Update, error) {
	id, err := update.ParseID(r.PathValue("id"))
	if err != nil {
		return store.Update{}, err
	}
	rows, _, err := s.Store.Updates(r.Context(), store.UpdateFilter{IDs: []update.ID{id}, Limit: 1})
	switch {
	case err != nil:
		return store.Update{}, err
	case len(rows) == 0:
		return store.Update{}, notFound("no update has the id %v", id)
	}
	return rows[0], nil
}

func (s *server) update(r *http.Request) (any, error) {
	u, err := s.updateOf(r)
	if err != nil {
		return nil, err
	}
	d, err := s.decisions(r.Context(), u.ID)
	if err != nil {
		return nil, err
	}
	out := wire.UpdateDetail{Update: d.update(&u)}
	if !u.EulaID.IsZero() {
		if out.EulaAccepted, err = s.Store.EulaAccepted(r.Context(), u.EulaID); err != nil {
			return nil, err
		}
	}
	counts, err := s.Store.UpdateCounts(r.Context())
	if err != nil {
		return nil, err
	}
	out.Computers = wire.UpdateStates(counts[u.ID])
	return out, nil
}

func (s *server) files(r *http.Request) (any, error) {
	u, err := s.updateOf(r)
	if err != nil {
		return nil, err
	}
	files, err := s.Store.FilesOf(r.Context(), u.RevisionID)
	if err != nil {
		return nil, err
	}
	out := wire.Files{Files: []wire.File{}}
	for i := range files {
		f := &files[i]
		w := wire.File{
			Name: f.Name, Digest: f.Digest.String(), Size: f.Size, Modified: when(f.Modified),
			Patching: f.PatchingType, Language: f.Language, URL: f.URL, Held: f.Held,
		}
		if !f.SHA256.IsZero() {
			w.SHA256 = f.SHA256.String()
		}
		out.Files = append(out.Files, w)
	}
	return out, nil
}
